"""The initiator that listens: takes the first worker that connects and proves to know the secret.

All others are dealt with as the server does with strangers, at the same time and within its limits, so
that none of them can keep the right one waiting.

Spec: SO-050, SO-051, SO-053.
"""

from __future__ import annotations

import os
import weakref

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.interrupts import InterruptsLetThrough
from xnet_channel.platform.native import CLOCK, OS, start_thread
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import listening
from xnet_gateway.sockets.addresses import is_path
from xnet_gateway.sockets.authentication import BRINGING
from xnet_gateway.sockets.secrets_source import find_secret
from xnet_gateway.sockets.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Final, Protocol

    from xnet_gateway.sockets.listening import Listener
    from xnet_gateway.sockets.served_connection import ServedConnection

    class Place(Protocol):
        """Where to listen, and for how long: the route ``transports.base.Listen``."""

        address: str
        secret_file: str | None
        tls: dict[str, str] | None
        timeout_s: float


#: Of a secret that is made for one worker. Spec: SO-051.
SECRET_BYTES: Final = 32
#: How long the thread that accepts may take to notice that it is over, in seconds.
STOP_S: Final = 10.0
#: How many different reasons for refusing connections are reported.
MOST_REASONS: Final = 4


class Reception(Server):
    """Listens from the moment it is made, until a worker has come or is no longer waited for.

    Attributes:
        address: Where it listens, as text.
        secret: What the worker must know.
        made_secret: It was made for this worker, so the worker must be told.

    Threads: its own one accepts; the methods from one other.
    """

    parties = BRINGING

    def __init__(self, place: Place) -> None:
        """Listen.

        Raises:
            ValueError: The secret or the files for TLS cannot be used, or the path of a unix socket is not
                safe (our caller's fault).
            OSError: It cannot listen there.
        """
        given = find_secret(place.secret_file)
        self.secret = given if given is not None else os.urandom(SECRET_BYTES).hex().encode()
        self.made_secret = given is None
        context = _context(place)
        listener = _listen(place.address)
        super().__init__(listener, secret=self.secret, context=context, once=True, report=_to_nobody)
        self.address = listener.address
        self._timeout_s = place.timeout_s
        self._until_s = CLOCK.monotonic() + place.timeout_s
        self._fd = -1
        self._peer = ""
        self._reasons = Reasons()
        self._over = Flag()
        _receptions.add(self)
        try:
            start_thread(self._accept, (listener,), "xnet-listen")
        except RuntimeError as error:
            listener.close()
            raise OSError(f"cannot listen on {self.address}: {error}") from error

    def wait(self) -> tuple[int, str]:
        """Wait for the worker; return the descriptor of its connection, and where it comes from.

        Raises:
            HostNotFound: No worker came in time, or none that knew the secret; a sentence.
        """
        try:
            with InterruptsLetThrough():
                self._over.wait(max(0.0, self._until_s - CLOCK.monotonic()))
            with self._lock:
                why = self._reasons.words(len(self._unauthenticated))
            self._stop_listening()
            fd, self._fd = self._fd, -1
        except BaseException:
            self.end()
            raise
        if fd < 0:
            raise HostNotFound(f"no worker connected to {self.address} within {self._timeout_s:g} s{why}")
        return fd, self._peer

    def end(self) -> None:
        """Stop listening, and release a worker that has already come: it would wait forever."""
        self._stop_listening()
        self._let_go()

    def _let_go(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            OS.close(fd)

    def _stop_listening(self) -> None:
        self.stop()
        self._over.wait(STOP_S)

    def _accept(self, listener: Listener) -> None:
        try:
            self.run()
        finally:
            self._over.set()

    def _give_process(self, connection: ServedConnection) -> None:
        """Instead: take what it brings."""
        try:
            self._fd = connection.hand_over()
        except (OSError, RuntimeError) as error:
            self._refused(connection.peer, str(error))
        self._peer = connection.peer

    def _refused(self, peer: str, why: str) -> None:
        """See ``Server``. Threads: any."""
        with self._lock:
            self._reasons.add(peer, why)

    def _close_in_child(self) -> None:
        """Let go of everything in a forked child: else it would go on to listen, and say nothing."""
        self._let_go()
        self._listener.socket.close()  # not more: the file of a unix socket is the parent's
        for connection in list(self._unauthenticated):
            connection.forget()


class Reasons:
    """Why connections were not taken. Takes as much memory for a million of them as for a few."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._last_peers: dict[str, str] = {}
        self._others = 0

    def add(self, peer: str, why: str) -> None:
        """Count one."""
        if why not in self._numbers and len(self._numbers) >= MOST_REASONS:
            self._others += 1
            return
        self._numbers[why] = self._numbers.get(why, 0) + 1
        self._last_peers[why] = peer

    def words(self, silent: int) -> str:
        """Return the end of a sentence about them.

        Args:
            silent: How many are there that have not proved anything yet.
        """
        number = sum(self._numbers.values()) + self._others
        parts = []
        if number:
            reasons = [
                f"{why} ({count} times, the last from {self._last_peers[why]})"
                if count > 1
                else f"{why} ({self._last_peers[why]})"
                for why, count in sorted(self._numbers.items(), key=lambda item: -item[1])
            ]
            if self._others:
                reasons.append(f"other reasons ({self._others} times)")
            taken = "1 connection was" if number == 1 else f"{number} connections were"
            parts.append(f"; {taken} not accepted: {'; '.join(reasons)}")
        if silent:
            parts.append(f"; {silent} had not answered yet")
        return "".join(parts) or "; none tried"


def _to_nobody(text: str) -> None:
    """Say nothing: what went wrong is told at the end."""


def _listen(address: str) -> Listener:
    if is_path(address):
        return listening.listen_unix(address)
    return listening.listen(address, secret_given=True)


def _context(place: Place) -> ssl.SSLContext | None:
    if place.tls is None:
        return None
    from xnet_gateway.sockets.tls import server_context

    return server_context(place.tls["cert"], place.tls.get("key"), place.tls.get("ca"))


_receptions: weakref.WeakSet[Reception] = weakref.WeakSet()


def _close_in_child() -> None:
    for reception in list(_receptions):
        reception._close_in_child()
    _receptions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
