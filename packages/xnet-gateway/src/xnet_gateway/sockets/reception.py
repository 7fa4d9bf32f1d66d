"""The initiator that listens: takes the first worker that connects and proves to know the secret.

All others are dealt with as the server does with strangers, at the same time and within its limits, so
that none of them can keep the right one waiting.

Spec: SO-050, SO-051.
"""

from __future__ import annotations

import os
import threading
import time

from xnet_channel.threads.flag import Flag
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import listening
from xnet_gateway.sockets.secrets_source import find_secret
from xnet_gateway.sockets.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from typing import Final

    from xnet_gateway.sockets.listening import Listener
    from xnet_gateway.sockets.served_connection import ServedConnection
    from xnet_gateway.transports.base import Listen

#: Of a secret that is made for one worker. Spec: SO-051.
SECRET_BYTES: Final = 32
#: How long the thread that accepts may take to notice that it is over, in seconds.
STOP_S: Final = 10.0


class Reception(Server):
    """Listens from the moment it is made, until a worker is there or nobody waits for one any more.

    Attributes:
        address: Where it listens, as text.
        secret: What the worker has to know.
        made_secret: It was made for this worker, so somebody has to tell it.

    Threads: one of its own accepts; the methods from one other.
    """

    def __init__(self, route: Listen) -> None:
        """Listen.

        Raises:
            ValueError: The secret or the files for TLS cannot be used (our caller's fault).
            OSError: It cannot listen there.
        """
        given = find_secret(route.secret_file)
        self.secret = given if given is not None else os.urandom(SECRET_BYTES).hex().encode()
        self.made_secret = given is None
        context = _context(route)
        listener = listening.listen(route.address, secret_given=True)
        super().__init__(listener, secret=self.secret, context=context, once=True, report=self._note)
        self.address = listener.address
        self._timeout_s = route.timeout_s
        self._until_s = time.monotonic() + route.timeout_s
        self._fd = -1
        self._peer = ""
        self._refused = 0
        self._last_refusal = ""
        self._over = Flag()
        self._thread = threading.Thread(
            target=self._accept, args=(listener,), name="xnet-listen", daemon=True
        )
        self._thread.start()

    def wait(self) -> tuple[int, str]:
        """Wait for the worker; return the descriptor of its connection, and where it comes from.

        Raises:
            HostNotFound: Nobody came in time, or nobody who knew the secret; a sentence.
        """
        try:
            self._over.wait(max(0.0, self._until_s - time.monotonic()))
        finally:
            self.end()
        if self._fd < 0:
            raise HostNotFound(
                f"no worker connected to {self.address} within {self._timeout_s:g} seconds{self._words()}"
            )
        fd, self._fd = self._fd, -1
        return fd, self._peer

    def end(self) -> None:
        """Stop listening. A worker that came in this moment is still there for ``wait``."""
        self.stop()
        self._thread.join(STOP_S)

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
            self._note(f"{connection.peer}: {error}")
        self._peer = connection.peer

    def _note(self, text: str) -> None:
        self._refused += 1
        self._last_refusal = text

    def _words(self) -> str:
        if not self._refused:
            return "; nobody tried"
        return f"; {self._refused} connections were not taken, the last one: {self._last_refusal}"


def _context(route: Listen) -> ssl.SSLContext | None:
    if route.tls is None:
        return None
    from xnet_gateway.sockets.tls import server_context

    return server_context(route.tls["cert"], route.tls.get("key"), route.tls.get("ca"))
