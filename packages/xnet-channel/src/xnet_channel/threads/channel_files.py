"""File-like objects over a channel, for programs that want to print into or read from one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Protocol

    class Items(Protocol):
        """What a file needs of its channel."""

        id: int

        def send(self, item: object) -> None:
            """See ``Channel.send``."""

        def receive(self) -> Any:
            """See ``Channel.receive``."""

        def isclosed(self) -> bool:
            """See ``Channel.isclosed``."""

        def close(self) -> None:
            """See ``Channel.close``."""


class ChannelFile:
    """What both directions share."""

    def __init__(self, channel: Items, proxyclose: bool = True) -> None:
        self.channel = channel
        self._proxyclose = proxyclose
        self.closed = False

    def isatty(self) -> bool:
        """Return False: no terminal is here."""
        return False

    def close(self) -> None:
        """Close the file, and the channel if it was made with ``proxyclose``."""
        self.closed = True
        if self._proxyclose:
            self.channel.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.channel.isclosed() else "open"
        return f"<ChannelFile {self.channel.id} {state}>"


class ChannelFileWrite(ChannelFile):
    """Each ``write`` is one item."""

    #: ``print`` and others ask for it; text is sent as text, so it never applies.
    encoding = "utf-8"

    def write(self, out: object) -> int | None:
        """Send the text or bytes and return its length; anything else is sent as well.

        Raises:
            DumpError: It cannot be sent.
            OSError: The file or the channel is closed.
        """
        if self.closed:
            raise OSError(f"{self!r}: the file is closed")
        self.channel.send(out)
        return len(out) if isinstance(out, (str, bytes)) else None

    def writelines(self, lines: list[str]) -> None:
        """Send each line as an item."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Do nothing: ``write`` keeps nothing back."""

    def writable(self) -> bool:
        """Return True."""
        return True


class ChannelFileRead(ChannelFile):
    """The items of text (or of bytes) as one stream."""

    encoding = "utf-8"

    def __init__(self, channel: Items, proxyclose: bool = True) -> None:
        super().__init__(channel, proxyclose)
        self._buffer: Any = None
        self._ended = False

    def read(self, n: int = -1) -> Any:
        """Return ``n`` characters or bytes, fewer only at the end; the rest if ``n`` is negative."""
        while not self._ended and (n < 0 or len(self._buffer or "") < n):
            self._fill()
        buffer = self._empty() if self._buffer is None else self._buffer
        cut = len(buffer) if n < 0 else n
        self._buffer = buffer[cut:]
        return buffer[:cut]

    def readline(self) -> Any:
        """Return everything up to and including the next newline; at the end, the rest."""
        while not self._ended:
            buffer = self._buffer
            if buffer is not None and (b"\n" if isinstance(buffer, bytes) else "\n") in buffer:
                break
            self._fill()
        buffer = self._empty() if self._buffer is None else self._buffer
        newline: Any = b"\n" if isinstance(buffer, bytes) else "\n"
        found = buffer.find(newline)
        return self.read(len(buffer) if found < 0 else found + 1)

    def readable(self) -> bool:
        """Return True."""
        return True

    def __iter__(self) -> ChannelFileRead:
        return self

    def __next__(self) -> Any:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def _empty(self) -> str:
        return ""

    def _fill(self) -> None:
        try:
            item = self.channel.receive()
        except EOFError:
            self._ended = True
            return
        self._buffer = item if self._buffer is None else self._buffer + item
