"""The server: accepts, limits waiting clients, gives a process to each accepted one, and ends them all.

A client is served by a process of its own, started where this one is and with its environment. So nothing
that code does there (its directory, variables, umask, crashes) is there for the next client. The server
itself only moves connections from one table to another:

    accepted -> unauthenticated -> served -> gone
                      |
                      +-> gone (refused, too slow, dropped)

**Who is dropped when too many wait.** Refusing new ones would let anybody lock everybody out with a few idle
connections. So the new one gets in and the oldest one goes, of the address that has most of them waiting:
somebody who answers at once is through before the turn is his, whatever others hold open.

Threads: one accepts (``run``), and each connection has one. All tables are under one lock.
"""

from __future__ import annotations

import _socket
import errno
import select
from collections import Counter

import attrs

from xnet_channel.platform.native import CLOCK, allocate_lock, poll, start_thread
from xnet_gateway.sockets.addresses import peer_name
from xnet_gateway.sockets.authentication import GIVING, AuthenticationError
from xnet_gateway.sockets.handshaking import NoAnswer
from xnet_gateway.sockets.served_connection import ServedConnection
from xnet_gateway.sockets.streams import tune

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.sockets.listening import Listener

#: How many connections are taken before it is looked whether to stop.
ACCEPT_AT_ONCE: Final = 64
#: How long not to accept when no descriptors are left, in seconds.
PAUSE_S: Final = 0.1
#: How long after SIGKILL it is waited for the end of connections, in seconds.
AFTER_KILL_S: Final = 3.0
_NOTHING_LEFT: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


@attrs.frozen
class Limits:
    """What clients may cost.

    Attributes:
        unauthenticated: Connections that have not proved anything yet. Each is a thread and a descriptor.
        authentication_s: Seconds until a connection must have proved itself, TLS included; a slow machine
            on a slow line needs two, and one that sends a byte a minute is cut off.
        connections: Connections that have a process. Clients beyond that are told so.
        stop_grace_s: Seconds between SIGTERM and SIGKILL for processes when the server stops.
    """

    unauthenticated: int = 32
    authentication_s: float = 10.0
    connections: int = 128
    stop_grace_s: float = 5.0


class Server:
    """Serves what connects to a listener until it is stopped.

    Attributes:
        parties: The names of the two sides.

    Threads: ``stop`` from any, and from signal handlers.
    """

    parties = GIVING

    def __init__(
        self,
        listener: Listener,
        *,
        secret: bytes | None,
        context: ssl.SSLContext | None = None,
        once: bool = False,
        limits: Limits | None = None,
        report: Callable[[str], None],
    ) -> None:
        """Make a server.

        Args:
            listener: Closed at the end.
            secret: What clients must know, or None.
            context: For TLS, or None.
            once: Serve one connection that is let in, and return.
            limits: The defaults if None.
            report: Gets a sentence for whatever happens, on any thread. It should not block.
        """
        self._listener = listener
        self._secret = secret
        self._context = context
        self._once = once
        self._limits = Limits() if limits is None else limits
        self._report = report
        self._lock = allocate_lock()
        # In the order of their arrival.
        self._unauthenticated: dict[ServedConnection, None] = {}
        self._served: dict[ServedConnection, None] = {}
        # Those and the ones that were dropped and have still to notice.
        self._threads = 0
        self._once_done = False
        self._stops = 0
        self._wake_read, self._wake_write = _socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)

    def stop(self) -> None:
        """Make ``run`` end everything and return; a second time, make it hurry."""
        self._stops += 1
        self._wake()

    def is_stopping(self) -> bool:
        """Return whether it was told to stop."""
        return self._stops > 0

    def run(self) -> None:
        """Serve until ``stop``, or with ``once`` until the connection has ended. Leaves nothing behind."""
        try:
            self._go_round()  # not here: see Flag.wait about interrupts at the end of a round
        finally:
            self._listener.close()
            self._stops = self._stops or 1
            self._end_all()
            self._wake_read.close()
            self._wake_write.close()

    def _go_round(self) -> None:
        while not self.is_stopping() and not (self._once and self._once_taken()):
            self._accept_some()
        self._listener.close()
        self._drop_unauthenticated()
        while not self.is_stopping() and self._anybody():
            self._sleep(None)

    # -- accepting ------------------------------------------------------------------------------

    def _accept_some(self) -> None:
        listening = self._listener.socket
        listening.setblocking(False)
        self._sleep(None, listening)
        for _ in range(ACCEPT_AT_ONCE):
            try:
                sock, address = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NOTHING_LEFT:
                    self._drop_one("no descriptors are left")
                    self._sleep(PAUSE_S)  # instead of finding the same thing a million times
                    return
                continue  # this client has gone already
            self._begin(sock, address)

    def _begin(self, sock: socket.socket, address: object) -> None:
        peer = peer_name(address)
        connection = ServedConnection(sock, peer, peer.rpartition(":")[0])
        if len(self._unauthenticated) >= self._limits.unauthenticated:
            self._drop_one("too many others were waiting")
        with self._lock:
            self._unauthenticated[connection] = None
            self._threads += 1
        try:
            tune(sock)
            start_thread(self._serve, (connection,), f"xnet-serve-{peer}")
        except (OSError, RuntimeError) as error:
            self._report(f"{peer}: cannot be served: {error}")
            self._forget(connection)

    def _drop_one(self, reason: str) -> bool:
        """Drop the oldest that waits, of the address that has most of them; return whether there was one."""
        with self._lock:
            if not self._unauthenticated:
                return False
            [(crowd, _)] = Counter(c.host for c in self._unauthenticated).most_common(1)
            victim = next(c for c in self._unauthenticated if c.host == crowd)
            del self._unauthenticated[victim]
        victim.drop(reason)
        return True

    def _drop_unauthenticated(self) -> None:
        while self._drop_one("the server accepts no more"):
            pass

    # -- one connection, on its thread ----------------------------------------------------------

    def _serve(self, connection: ServedConnection) -> None:
        try:
            if self._let_in(connection):
                self._give_process(connection)
        finally:
            self._forget(connection)

    def _let_in(self, connection: ServedConnection) -> bool:
        deadline_s = CLOCK.monotonic() + self._limits.authentication_s
        try:
            handshake = connection.authenticate(self._secret, self._context, deadline_s, self.parties)
            full = self._admit(connection)
            if full:
                connection.say(handshake.refusal(full), deadline_s)
                raise AuthenticationError(full)
            connection.say(handshake.accept(), deadline_s)
        except (AuthenticationError, OSError) as error:
            # That we dropped it is why it did not answer, but not why its answer was wrong.
            silent = isinstance(error, (NoAnswer, OSError))
            why = (silent and connection.dropped) or self._describe(error)
            self._refused(connection.peer, why)
            return False
        if self._once:
            with self._lock:
                self._once_done = True
            self._wake()
        return True

    def _refused(self, peer: str, why: str) -> None:
        """A client was refused."""
        self._report(f"{peer}: refused: {why}")

    def _describe(self, error: Exception) -> str:
        if self._context is not None and isinstance(error, OSError):
            from xnet_gateway.sockets.tls import describe

            return f"TLS: {describe(error)}"
        return str(error)

    def _admit(self, connection: ServedConnection) -> str:
        """Make it one that is served, or return why not."""
        with self._lock:
            if connection not in self._unauthenticated:
                return connection.dropped or "the server is stopping"
            # Not only while it is connected: it may have gone before we have stopped listening.
            if self._once and (self._served or self._once_done):
                return "this server serves one connection, and already has it"
            if len(self._served) >= self._limits.connections:
                return f"the server has reached its limit of connections, {len(self._served)}"
            del self._unauthenticated[connection]
            self._served[connection] = None
            return ""

    def _give_process(self, connection: ServedConnection) -> None:
        try:
            connection.start()
        except (OSError, RuntimeError) as error:
            text = f"cannot start an interpreter: {error}"
            self._report(f"{connection.peer}: {text}")
            try:
                # For the client this is noise before the preamble, which it shows.
                connection.say(f"xnet serve: {text}\n".encode(), CLOCK.monotonic() + 1.0)
            except OSError:
                pass  # it has gone
            return
        self._report(f"{connection.peer}: connected, served by process {connection.pid}")
        status = connection.wait(self.is_stopping)
        how = f"was killed by signal {-status}" if status < 0 else f"exited with status {status}"
        self._report(f"{connection.peer}: process {connection.pid} {how}")

    def _forget(self, connection: ServedConnection) -> None:
        connection.close()
        with self._lock:
            self._unauthenticated.pop(connection, None)
            self._served.pop(connection, None)
            self._threads -= 1
        self._wake()

    # -- the end --------------------------------------------------------------------------------

    def _once_taken(self) -> bool:
        with self._lock:
            return self._once_done

    def _anybody(self) -> bool:
        with self._lock:
            return self._threads > 0

    def _end_all(self) -> None:
        self._drop_unauthenticated()
        with self._lock:
            running = list(self._served)
        if running:
            names = ", ".join(f"process {c.pid} for {c.peer}" for c in running)
            self._report(f"stopping; ending {len(running)} that are still running: {names}")
        for connection in running:
            connection.terminate()
        stops = self._stops
        self._wait_for_nobody(CLOCK.monotonic() + self._limits.stop_grace_s, lambda: self._stops > stops)
        for connection in running:
            connection.kill()
        self._wait_for_nobody(CLOCK.monotonic() + AFTER_KILL_S, lambda: False)

    def _wait_for_nobody(self, deadline_s: float, hurry: Callable[[], bool]) -> None:
        while self._anybody() and not hurry():
            left_s = deadline_s - CLOCK.monotonic()
            if left_s <= 0:
                return
            self._sleep(left_s)

    # -- sleeping and waking --------------------------------------------------------------------

    def _wake(self) -> None:
        try:
            self._wake_write.send(b"!")
        except OSError:
            pass  # it has been woken often enough, or needs it no more

    def _sleep(self, timeout_s: float | None, listening: socket.socket | None = None) -> None:
        """Sleep until something happens, or a client connects."""
        poller = poll()
        poller.register(self._wake_read, select.POLLIN)
        if listening is not None:
            poller.register(listening, select.POLLIN)
        poller.poll(None if timeout_s is None else timeout_s * 1000)
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass
