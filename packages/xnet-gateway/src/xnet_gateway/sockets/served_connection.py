"""One connection of a server, from its first line to the end of its process. Runs on its own thread."""

from __future__ import annotations

import _socket
import signal
import socket

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import CLOCK, OS, allocate_lock, start_thread
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.child_environment import child_environment
from xnet_gateway.native_popen import native_popen
from xnet_gateway.sockets.handshaking import meet_client, refuse_client
from xnet_gateway.sockets.peers import is_trusted, peer_user
from xnet_gateway.sockets.streams import PlainStream, drain, end_writing
from xnet_gateway.this_python import this_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    import subprocess
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.sockets.authentication import Parties, ServerHandshake
    from xnet_gateway.sockets.tls_stream import TlsStream

#: How long a client may take to read the last words of its worker, in seconds.
LINGER_S: Final = 5.0
#: The same when the server is stopping.
STOP_LINGER_S: Final = 0.5


class ServedConnection:
    """A client, and later the process it has got.

    Attributes:
        peer: Where it comes from, for messages.
        host: The same without the port: whom it counts against.
        pid: The process, or 0.

    Threads: one serves; ``drop``, ``terminate`` and ``kill`` from any.
    """

    def __init__(self, sock: socket.socket, peer: str, host: str) -> None:
        self.peer = peer
        self.host = host
        self.pid = 0
        self._socket = sock
        #: What the process gets: the socket, or with TLS the end of a socketpair.
        self._theirs: _socket.socket = sock
        #: Set when the thread between the two has ended; None if there is none.
        self._pump_ended: Flag | None = None
        self._lock = allocate_lock()
        self._dropped = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._reaped = False
        self._handed_over = False
        self._stream: TlsStream | None = None

    # -- before it is let in --------------------------------------------------------------------

    def authenticate(
        self, secret: bytes | None, context: ssl.SSLContext | None, deadline_s: float, parties: Parties
    ) -> ServerHandshake:
        """Find out who it is, over TLS if there is a context.

        Raises:
            AuthenticationError, OSError: It could not authenticate, or it has gone.
        """
        self._socket.setblocking(True)
        if secret is None and self._socket.family == socket.AF_UNIX:
            user = peer_user(self._socket)
            if user is not None and not is_trusted(user):
                refuse_client(
                    self._talk(), f"user {user} is not the user of this server", deadline_s, parties
                )
        if context is not None:
            from xnet_gateway.sockets.tls_stream import TlsStream

            self._stream = TlsStream(self._socket, context, server_side=True)
            self._stream.handshake(deadline_s)
        return meet_client(self._talk(), secret, deadline_s, parties)

    def say(self, line: bytes, deadline_s: float) -> None:
        """Send a line of the handshake.

        Raises:
            OSError: It has gone.
        """
        self._talk().send(line, deadline_s)

    def _talk(self) -> PlainStream | TlsStream:
        return PlainStream(self._socket) if self._stream is None else self._stream

    def drop(self, reason: str) -> None:
        """End a connection that has no process: its thread wakes up with an error."""
        with self._lock:
            self._dropped = self._dropped or reason
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has gone already

    @property
    def dropped(self) -> str:
        """Why it was dropped; empty if it was not."""
        return self._dropped

    def hand_over(self) -> int:
        """Return a descriptor for what is said from now on. Nothing else but ``close`` may follow.

        Raises:
            OSError: It was dropped.
            RuntimeError: There can be no thread for TLS.
        """
        with self._lock:
            if self._dropped:
                raise OSError(self._dropped)
            self._socket.settimeout(None)
            if self._stream is None:
                return self._socket.detach()
            from xnet_gateway.sockets.tls_descriptor import pumped

            fd = pumped(self._stream, self.peer)
            self._handed_over = True
            return fd

    def close(self) -> None:
        """Close what is open."""
        with self._lock:
            if not self._handed_over:
                self._socket.close()
                self._theirs.close()

    def forget(self) -> None:
        """Close our copy of the connection in a forked child. It is the parent's."""
        self._socket.close()

    # -- with a process -------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process. Its standard input and output are the connection, its stderr is ours.

        It begins where this process is and with its environment, except for the secret; nothing it does there
        changes anything here.

        Raises:
            OSError: It cannot be started.
        """
        self._socket.settimeout(None)
        if self._stream is not None:
            inner, self._theirs = _socket.socketpair()
            self._pump_ended = Flag()
            start_thread(self._pass_on, (self._stream, inner, self._pump_ended), f"xnet-tls-{self.peer}")
        with self._lock:
            if self._dropped:
                raise OSError(self._dropped)
            self._process = native_popen()(
                [this_python(), "-u", "-c", FIRST_LINE],
                stdin=self._theirs.fileno(),
                stdout=self._theirs.fileno(),
                env=child_environment(),
                # Signals of our terminal are not for it; and all it starts can be ended with it.
                start_new_session=True,
            )
            self.pid = self._process.pid

    def _pass_on(self, stream: TlsStream, inner: _socket.socket, ended: Flag) -> None:
        try:
            stream.pump(inner, LINGER_S)
        finally:
            inner.close()  # the process must learn that its client has gone
            ended.set()

    def wait(self, is_stopping: Callable[[], bool]) -> int:
        """Return the exit status when the process and the connection have ended.

        Args:
            is_stopping: Whether there is no time to wait for a client that does not read, and nothing of
                what the process has started may stay.
        """
        status = self._reap(is_stopping)
        # What this process has left behind may hold its descriptors: that must not keep a connection open.
        end_writing(self._theirs)
        linger_s = STOP_LINGER_S if is_stopping() else LINGER_S
        if self._pump_ended is None:
            drain(self._socket, CLOCK.monotonic() + linger_s)
        else:
            self._theirs.close()
            self._pump_ended.wait(linger_s)
            self.drop("its process has ended")
            self._pump_ended.wait()
        return status

    def _reap(self, is_stopping: Callable[[], bool]) -> int:
        process = self._process
        if process is None:
            raise RuntimeError("the connection has no process")
        if hasattr(OS, "waitid"):
            # Until it is reaped no other process gets its number: so it is safe to signal.
            OS.waitid(OS.P_PID, process.pid, OS.WEXITED | OS.WNOWAIT)
            if is_stopping():
                self.kill()  # what it has started and what did not end with it
        else:
            process.wait()
        with self._lock:
            self._reaped = True
            return process.wait()

    def terminate(self) -> None:
        """Ask the process, and what it has started, to end. If there is none yet, none will be started."""
        with self._lock:
            started = self._process is not None
        if started:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # a stopped one does not hear before that
        else:
            self.drop("the server is stopping")

    def kill(self) -> None:
        """End them."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with self._lock:
            if self._process is None or self._reaped:
                return
            try:
                OS.killpg(self._process.pid, number)
            except OSError:
                pass  # it has ended at this moment
