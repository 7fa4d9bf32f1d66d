"""Writing to standard output and standard error: whole pieces, by one thread at a time.

Where standard output is a terminal, rich may draw on it; where it is not, plain lines are written.
"""

from __future__ import annotations

import json
import os
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, TextIO

_lock: Final = threading.RLock()


class OutputError(Exception):
    """Standard output cannot be written to. No OSError, which connections raise as well.

    Attributes:
        cause: Why; BrokenPipeError if it is no longer read.
    """

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"cannot write to standard output: {cause.strerror or cause}")
        self.cause = cause


def is_terminal() -> bool:
    """Return whether our standard output is a terminal that can do more than print."""
    try:
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


def has_colours(stream: TextIO | None = None) -> bool:
    """Return whether to write in colours to a stream, by default standard output."""
    isatty = getattr(sys.stdout if stream is None else stream, "isatty", None)
    return bool(isatty and isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_out(data: bytes) -> None:
    """Write to standard output, at once.

    Raises:
        OutputError: It is no longer read, or the disk is full.

    Threads: any.
    """
    try:
        _write(1, data)
    except OSError as error:
        raise OutputError(error) from None


def write_error(data: bytes) -> None:
    """Write to standard error, if there is one. Threads: any."""
    try:
        _write(2, data)
    except OSError:
        pass  # there is nowhere to report it


def _write(fd: int, data: bytes) -> None:
    # Descriptors and not sys.stdout: nothing is left in a buffer that fails when the interpreter ends.
    view = memoryview(data)
    with _lock:
        while True:  # and no condition: see Flag.wait
            if not view:
                return
            view = view[os.write(fd, view) :]


def say(text: str) -> None:
    """Write a line of text to standard output.

    Raises:
        OutputError: As for ``write_out``.
    """
    write_out(encode(f"{text}\n"))


def say_json(value: object, *, indent: int | None = None) -> None:
    """Write a value as JSON, on one line unless ``indent`` is given.

    Raises:
        OutputError: As for ``write_out``.
    """
    say(dumps(value, indent=indent))


def dumps(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON, in ASCII."""
    return json.dumps(value, indent=indent)


def complain(text: str) -> None:
    """Write a sentence of ours to standard error; what it quotes cannot act on a terminal. Threads: any."""
    write_error(encode(f"xnet: {printable_lines(text)}\n"))


def encode(text: str) -> bytes:
    """Return text as bytes; a file name that is not text becomes the bytes that it was."""
    return text.encode("utf-8", "surrogateescape" if _is_escaped(text) else "backslashreplace")


def _is_escaped(text: str) -> bool:
    return not any("\ud800" <= character < "\udc80" or "\udcff" < character <= "\udfff" for character in text)


def printable(text: str) -> str:
    """Return text from elsewhere as one line that a terminal does not act on."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def printable_lines(text: str) -> str:
    """Return the same of each line."""
    return "\n".join(printable(line) for line in text.split("\n"))


def size(count: float) -> str:
    """Return a number of bytes for people, as in ``1.5 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows below their heads: drawn on a terminal, else in columns of blanks.

    Raises:
        OutputError: As for ``write_out``.
    """
    if is_terminal():
        import io

        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(*heads, box=box.SIMPLE_HEAD, header_style="bold")
        for row in rows:
            drawn.add_row(*(Text(printable(cell)) for cell in row))
        # Drawn in memory, since a pipe that breaks must not break in the middle of rich.
        buffer = io.StringIO()
        Console(file=buffer, force_terminal=True, width=Console().width).print(drawn)
        write_out(encode(buffer.getvalue()))
        return
    cells = [list(heads), *([printable(cell) or "-" for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
