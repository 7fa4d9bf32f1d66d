"""``listen=HOST:PORT`` or ``listen=PATH``: waiting for the worker that ``python -m xnet connect`` brings."""

from __future__ import annotations

import os
import socket
import sys

from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.addresses import format_host_port, is_path, parse_host_port
from xnet_gateway.sockets.reception import Reception
from xnet_gateway.transports.base import Connected
from xnet_gateway.transports.served import ServedWorker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.transports.base import Listen
    from xnet_gateway.xspec import XSpec


class WorkerToCome:
    """The worker of a specification, before it has come."""

    def __init__(self, route: Listen, spec: XSpec) -> None:
        """Listen, and say where: to ``spec.when_listening``, or else on our standard error.

        Raises:
            ValueError: The secret or the files for TLS cannot be used (our caller's fault).
            HostNotFound: The address cannot be listened at.
        """
        tell = spec.when_listening
        if tell is not None and not callable(tell):
            raise ValueError(
                f"when_listening={tell} in the gateway specification {str(spec)!r}: it is an attribute of"
                " the XSpec object, a function of address and secret"
            )
        self._spec = spec
        try:
            self._reception = Reception(route)
        except OSError as error:
            raise HostNotFound(f"{error.strerror or error} (for {str(spec)!r})") from error
        address = reachable(self._reception.address, route.address)
        try:
            if tell is not None:
                tell(address, self._reception.secret)
            else:
                self._tell_operator(notice(str(spec.id), address, self._reception, route))
        except BaseException:
            self._reception.end()
            raise

    def _tell_operator(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (AttributeError, OSError, ValueError) as error:  # there is none, or it is closed
            if not self._reception.made_secret:
                return  # the user who brings the worker knows everything
            raise ValueError(
                f"there is no way to show the secret for {str(self._spec)!r}: standard error is not writable"
                f" ({error}); expected the attribute when_listening, or secret_file="
            ) from None

    def wait(self) -> Connected:
        """Wait for the worker.

        Raises:
            HostNotFound: It did not come in time; the text says what came instead.
        """
        fd, peer = self._reception.wait()
        return Connected(fd, fd, ServedWorker(peer), first_bytes())

    def abandon(self) -> None:
        """Wait no more; a worker that has come meanwhile hears of it."""
        self._reception.end()


def reachable(bound: str, asked: str) -> str:
    """Return the address to tell others: the port that there is, and the host as it was asked for.

    A name stays a name, since it may be in a certificate; a listener at every address must be given one.

    Args:
        bound: Where it listens.
        asked: Where it was asked to.
    """
    if is_path(asked):
        return bound
    host = parse_host_port(asked)[0]
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    return format_host_port(name, parse_host_port(bound)[1])


def notice(name: str, address: str, reception: Reception, route: Listen) -> str:
    """Return what a person needs to know who now goes to the other machine."""
    tls = "" if route.tls is None else " --tls"
    lines = [
        f"xnet: gateway {name} waits {route.timeout_s:g} s for a worker. To bring it one, run there:",
        f"    python -m xnet connect {address}{tls}",
    ]
    if reception.made_secret:
        lines.append(f"and give it this secret when it asks: {os.fsdecode(reception.secret)}")
    return "\n".join(lines) + "\n"
