"""``ssh=`` and ``vagrant_ssh=``: interpreters of other machines through the ssh program.

The program does what it always does: its configuration, agents, jump hosts and keys are the
user's. Programs written for execnet replace ``execnet.gateway_io.ssh_args`` to change how it is
called; ``argument_makers`` is where the compatible module puts what they assign.
"""

from __future__ import annotations

from xnet_gateway.transports.base import Command, Transport
from xnet_gateway.transports.interpreters import remote_command, value_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.xspec import XSpec


def ssh_args(spec: XSpec) -> list[str]:
    """Return the command line for ``ssh=``: a host and, before or behind it, options.

    Raises:
        ValueError: The value means nothing (our caller's fault).
    """
    words = value_words(spec, "ssh", "a host, as in ssh=user@host or ssh=-p 2222 host")
    return ["ssh", *_config_options(spec), *words, remote_command(spec)]


def vagrant_ssh_args(spec: XSpec) -> list[str]:
    """Return the command line for ``vagrant_ssh=``: the name of a machine.

    Raises:
        ValueError: The value means nothing (our caller's fault).
    """
    words = value_words(spec, "vagrant_ssh", "the name of a machine, as in vagrant_ssh=default")
    return ["vagrant", "ssh", *words, "--", *_config_options(spec), remote_command(spec)]


def _config_options(spec: XSpec) -> list[str]:
    if spec.ssh_config is None:
        return []
    if not isinstance(spec.ssh_config, str) or not spec.ssh_config:
        raise ValueError(
            f"ssh_config without a value in the gateway specification {str(spec)!r}:"
            " expected a file, as in ssh_config=/path/to/config"
        )
    return ["-F", spec.ssh_config]


#: What makes the command lines; looked up at each start.
argument_makers: Final[dict[str, Callable[[XSpec], list[str]]]] = {
    "ssh": ssh_args,
    "vagrant_ssh": vagrant_ssh_args,
}


class SshTransport(Transport):
    """Either of the two."""

    network = True

    def __init__(self, key: str) -> None:
        self.key = key

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        return Command(argument_makers[self.key](spec), str(getattr(spec, self.key)))
