"""``serve``: be a worker over any object that can read and write."""

from __future__ import annotations

import socket
from _socket import socketpair  # not from `socket`, where it may have been replaced

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # importing typing would cost a worker more than these classes are worth


class ReadIO(Protocol):
    """What can be read from."""

    def read(self, numbytes: int, /) -> bytes:
        """Return exactly as many bytes as asked for, or raise EOFError."""


class WriteIO(Protocol):
    """What can be written to."""

    def write(self, data: bytes, /) -> object:
        """Take all of it."""


class IO(Protocol):
    """execnet's stream."""

    def read(self, numbytes: int, /) -> bytes:
        """Return exactly as many bytes as asked for, or raise EOFError."""

    def write(self, data: bytes, /) -> object:
        """Take all of it."""

    def close_read(self) -> None:
        """Close the half that is read."""

    def close_write(self) -> None:
        """Close the half that is written."""


def serve(io: IO, id: str) -> None:  # the parameter name is execnet's
    """Serve an initiator at the other end of ``io`` until it ends; must run in the main thread.

    Args:
        io: The stream; two threads copy between it and the worker's own socket.
        id: Name of the gateway.
    """
    from xnet_gateway.worker.main import main

    ours, theirs = socketpair()
    written = Flag()

    def from_io() -> None:
        # Frame by frame: io.read() must be asked for what will surely come.
        try:
            while True:
                header = io.read(9)
                ours.sendall(header)
                length = int.from_bytes(header[5:9], "big")
                while length:
                    piece = io.read(min(length, 65_536))
                    ours.sendall(piece)
                    length -= len(piece)
        except (EOFError, OSError):
            pass  # the other side has ended; the worker sees it as the end of its socket
        finally:
            try:
                ours.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the worker was faster

    def to_io() -> None:
        try:
            while data := ours.recv(65_536):
                io.write(data)
        except OSError:
            pass  # the other side has ended
        finally:
            io.close_write()
            written.set()

    start_thread(from_io, (), "xnet-serve-in")
    start_thread(to_io, (), "xnet-serve-out")
    main(theirs.detach(), id)
    written.wait()
    io.close_read()
