"""A specification is checked, and its transport and route are found, once and before anything is started."""

from __future__ import annotations

import sys

from xnet_gateway.spec_rules import NETWORK_KEEPALIVE_S, check_spec, parse_keepalive
from xnet_gateway.transports.base import KEYS, Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.transports.base import Route, Transport
    from xnet_gateway.xspec import XSpec


class Resolved:
    """A specification that has been checked.

    Attributes:
        spec: The specification.
        transport: How its interpreter is reached; None for the usual one, a process of this interpreter,
            for which no transport need be loaded.
        route: Where the transport leads; None for the usual one, and where ``installvia=`` starts the server
            whose address it is.
    """

    __slots__ = ("route", "spec", "transport")

    def __init__(self, spec: XSpec, transport: Transport | None, route: Route | None) -> None:
        self.spec = spec
        self.transport = transport
        self.route = route

    @property
    def key(self) -> str:
        """The key that names the transport."""
        return "popen" if self.transport is None else self.transport.key

    @property
    def keepalive_s(self) -> float:
        """After how much silence to ask for a sign of life, in seconds; 0 for never."""
        given_s = parse_keepalive(self.spec)
        if given_s is not None:
            return given_s
        return NETWORK_KEEPALIVE_S if self.transport is not None and self.transport.network else 0.0

    @property
    def is_watched_by_ssh(self) -> bool:
        """Whether ssh ends the connection when the other machine does not answer."""
        if not (self.spec.ssh or self.spec.vagrant_ssh) or self.route is None:
            return False
        from xnet_gateway.transports.ssh import is_watching

        return is_watching(self.route)


def resolve(spec: XSpec, *, fully: bool = False) -> Resolved:
    """Check a specification and find out where it leads, before anything is started.

    Args:
        spec: The specification.
        fully: Have transport and route of the usual one as well.

    Raises:
        ValueError: A key has a value that means nothing, or there is no transport, or more than one
            (our caller's fault).
    """
    check_spec(spec)
    usual = is_same_interpreter(spec) and not spec.via
    if usual and not fully and sum(bool(getattr(spec, key)) for key in KEYS) == 1:
        return Resolved(spec, None, None)
    from xnet_gateway.transports.registry import find_transport

    transport = find_transport(spec)
    # With ``installvia=`` the address is known when its server has been started.
    route = None if spec.installvia and spec.socket else transport.route(spec)
    starts_here = not spec.installvia and isinstance(route, Command)  # or where ``via=`` is
    if spec.worker is not None and not starts_here:
        raise ValueError(
            f"worker= in the gateway specification {str(spec)!r}: the other side decides which worker"
            f" {transport.key}= leads to; expected a key that runs a command, such as popen or ssh"
        )
    if spec.stderr == "inherit" and not starts_here:
        raise ValueError(
            f"stderr=inherit in the gateway specification {str(spec)!r}: {transport.key}= starts no process"
            " that could inherit it; expected a key that runs a command, such as popen or ssh"
        )
    if spec.stdout == "inherit" and not usual:
        raise ValueError(
            f"stdout=inherit in the gateway specification {str(spec)!r}: only for popen without python=,"
            " worker= and via=; the standard output of other workers is the connection, or is on another"
            " machine"
        )
    return Resolved(spec, transport, route)


def is_same_interpreter(spec: XSpec) -> bool:
    """Return whether a specification names the interpreter that reads it, where our packages are."""
    return bool(spec.popen) and spec.worker is None and spec.python in (None, "", sys.executable)
