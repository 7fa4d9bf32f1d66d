"""``ssh=`` and ``vagrant_ssh=``: interpreters of other machines through the ssh program.

The program does what it always does: its configuration, agents, jump hosts and keys are the
user's. Programs written for execnet replace ``execnet.gateway_io.ssh_args`` to change how it is
called; ``argument_makers`` is where the compatible module puts what they assign.
"""

from __future__ import annotations

import math
import re

from xnet_gateway.spec_rules import NETWORK_KEEPALIVE_S, parse_keepalive
from xnet_gateway.transports.base import Command, Transport
from xnet_gateway.transports.interpreters import remote_command, value_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.transports.base import Route
    from xnet_gateway.xspec import XSpec

#: How it is seen that ssh itself asks the other machine for signs of life.
WATCHES: Final = re.compile(r"ServerAliveInterval[ =]+[1-9]", re.IGNORECASE)


def ssh_args(spec: XSpec) -> list[str]:
    """Return the command line for ``ssh=``: a host and, before or after it, options.

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


def watching(argv: list[str], spec: XSpec) -> list[str]:
    """Return a command line of ours with options that make ssh end when the other machine does not answer.

    It answers, by sshd, also when a worker there is silent because it computes. What the command line says
    about this already, from the author of the specification, stays.
    """
    given_s = parse_keepalive(spec)
    interval_s = math.ceil(NETWORK_KEEPALIVE_S if given_s is None else given_s)
    if not interval_s or any("serveraliveinterval" in word.lower() for word in argv):
        return argv
    place = argv.index("--") + 1 if argv[0] == "vagrant" else 1
    # One word each: scripts that stand in for ssh tell options from the host by their first character.
    options = [f"-oServerAliveInterval={interval_s}", "-oServerAliveCountMax=2"]
    return [*argv[:place], *options, *argv[place:]]


def is_watching(route: Route) -> bool:
    """Return whether a route is ssh that ends when the other machine does not answer."""
    return isinstance(route, Command) and WATCHES.search(" ".join(route.argv)) is not None


class SshTransport(Transport):
    """Either of the two."""

    network = True

    def __init__(self, key: str) -> None:
        self.key = key

    def route(self, spec: XSpec) -> Command:
        """See ``Transport.route``."""
        make = argument_makers[self.key]
        argv = make(spec)
        if make in (ssh_args, vagrant_ssh_args):  # what others return is run as it is
            argv = watching(argv, spec)
        return Command(argv, str(getattr(spec, self.key)))
