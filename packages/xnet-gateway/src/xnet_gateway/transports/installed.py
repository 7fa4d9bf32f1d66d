"""``socket//installvia=ID``: a server for one connection, started in another gateway's interpreter."""

from __future__ import annotations

import os

from xnet_channel.platform.interrupts import InterruptsLetThrough
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets import one_shot_server
from xnet_gateway.transports import local
from xnet_gateway.transports.base import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.transports.base import Connected, Master
    from xnet_gateway.xspec import XSpec

#: How long the server waits for us, and how long it may take to start, in seconds.
START_S: Final = 60.0
SECRET_BYTES: Final = 32


def connect(spec: XSpec, master: Master) -> Connected:
    """Have the gateway start a server that only we know the secret of, and connect to it.

    ``socket=HOST`` says on which of its addresses it listens; without a value, on its loopback.

    Raises:
        HostNotFound: The server cannot be started or reached.
    """
    host = spec.socket if isinstance(spec.socket, str) else "localhost"
    secret = os.urandom(SECRET_BYTES).hex().encode()
    task = master.remote_exec(one_shot_server.SOURCE)
    task.send((host, secret, FIRST_LINE, START_S))
    try:
        with InterruptsLetThrough():
            address, port = task.receive(START_S)
    except (RemoteError, EOFError, TimeoutError) as error:
        raise HostNotFound(f"no server for {str(spec)!r} in gateway {master.id}: {error}") from error
    written = f"[{address}]" if ":" in address else address
    return local.connect(Address(f"{written}:{port}", secret=secret), spec)
