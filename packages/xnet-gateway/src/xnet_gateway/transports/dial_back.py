"""``listen=HOST:PORT``: waiting for the worker that ``python -m xnet connect`` brings."""

from __future__ import annotations

import os
import sys

from xnet_gateway.bare.bootstrap import blob
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.reception import Reception
from xnet_gateway.transports.base import Connected
from xnet_gateway.transports.served import ServedWorker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_gateway.transports.base import Listen
    from xnet_gateway.xspec import XSpec


class WorkerToCome:
    """The worker of a specification, before it is there."""

    def __init__(self, route: Listen, spec: XSpec) -> None:
        """Listen, and tell where: ``spec.when_listening``, or else whoever reads our standard error.

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
        try:
            if tell is not None:
                tell(self._reception.address, self._reception.secret)
            else:
                sys.stderr.write(notice(str(spec.id), self._reception, route))
                sys.stderr.flush()
        except BaseException:
            self._reception.end()
            raise

    def wait(self) -> Connected:
        """Wait for the worker.

        Raises:
            HostNotFound: It did not come in time; the text says who came instead.
        """
        fd, peer = self._reception.wait()
        return Connected(fd, fd, ServedWorker(peer), blob())

    def abandon(self) -> None:
        """Nobody waits any more."""
        self._reception.end()


def notice(name: str, reception: Reception, route: Listen) -> str:
    """Return what a person has to know who goes to the other machine now."""
    tls = "" if route.tls is None else " --tls"
    lines = [
        f"xnet: gateway {name} waits {route.timeout_s:g} seconds for a worker. To bring it one, run there:",
        f"    python -m xnet connect {reception.address}{tls}",
    ]
    if reception.made_secret:
        lines.append(f"and give it this secret when it asks: {os.fsdecode(reception.secret)}")
    return "\n".join(lines) + "\n"
