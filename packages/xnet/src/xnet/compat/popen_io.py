"""``Popen2IO``: two files as one stream, for example standard input and output."""

from __future__ import annotations

import os
import sys

from xnet_channel.platform.native import OS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from xnet_gateway.execmodel import ExecModel


class Popen2IO:
    """A stream over a file to write to and one to read from; what ``serve`` takes.

    Threads: one that reads and one that writes.
    """

    #: What its methods fail with.
    error = (OSError, ValueError, EOFError)

    def __init__(self, outfile: BinaryIO, infile: BinaryIO, execmodel: ExecModel) -> None:
        self.outfile = outfile
        self.infile = infile
        self.execmodel = execmodel
        # sys.stdin and sys.stdout may be given too.
        self._outfile: BinaryIO = getattr(outfile, "buffer", outfile)
        self._infile: BinaryIO = getattr(infile, "buffer", infile)
        #: Returns some bytes, at most this many; replaced by programs whose files behave differently.
        self._read: Callable[[int], bytes] = self._infile.read

    def read(self, numbytes: int) -> bytes:
        """Return exactly this many bytes.

        Raises:
            EOFError: The stream ended before.
        """
        pieces = []
        left = numbytes
        while left:
            piece = self._read(left)
            if not piece:
                raise EOFError(f"expected {numbytes} bytes, got {numbytes - left}")
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def write(self, data: bytes) -> None:
        """Write all of it, at once."""
        self._outfile.write(data)
        self._outfile.flush()

    def close_read(self) -> None:
        """Close the file that is read."""
        self.infile.close()

    def close_write(self) -> None:
        """Close the file that is written."""
        self.outfile.close()


def init_popen_io(execmodel: ExecModel) -> Popen2IO:
    """Take this process's standard input and output for a stream, and give it empty ones in their place.

    What it prints from now on goes nowhere, as with execnet; standard error stays.
    """
    sys.stdout.flush()
    infile = os.fdopen(OS.dup(0), "rb")
    outfile = os.fdopen(OS.dup(1), "wb")
    for descriptor, flags in ((0, OS.O_RDONLY), (1, OS.O_WRONLY)):
        nothing = OS.open(os.devnull, flags)
        OS.dup2(nothing, descriptor)
        OS.close(nothing)
    return Popen2IO(outfile, infile, execmodel)
