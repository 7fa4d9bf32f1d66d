"""Files over a channel."""

from .errors import ClosedError
from .interpreter import Text


class ChannelFile(object):
    """What both kinds of files over a channel share."""

    encoding = "utf-8"
    closed = False

    def __init__(self, channel, proxyclose=True):
        self.channel = channel
        self._proxyclose = proxyclose
        self._buffer = None
        self._ended = False

    def isatty(self):
        return False

    def close(self):
        self.closed = True
        if self._proxyclose:
            self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def __repr__(self):
        return "<%s channel=%d %s>" % (
            type(self).__name__,
            self.channel.id,
            "closed" if self.channel.isclosed() else "open",
        )


class ChannelFileWrite(ChannelFile):
    """Each ``write`` is one item."""

    def write(self, out):
        if self.closed:
            raise ClosedError("%r: the file is closed" % self)
        self.channel.send(out)
        return len(out)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def writable(self):
        return True


class ChannelFileRead(ChannelFile):
    """The items, of text or of bytes, as one stream."""

    def read(self, n=-1):
        while not self._ended and (n is None or n < 0 or len(self._buffer or "") < n):
            self._fill()
        return self._take(None if n is None or n < 0 else n)

    def readline(self):
        while True:
            found = -1
            if self._buffer is not None:
                found = self._buffer.find("\n" if isinstance(self._buffer, (str, Text)) else b"\n")
            if found >= 0 or self._ended:
                return self._take(None if found < 0 else found + 1)
            self._fill()

    def readable(self):
        return True

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def _take(self, size):
        buffer = "" if self._buffer is None else self._buffer
        size = len(buffer) if size is None else size
        self._buffer = buffer[size:]
        return buffer[:size]

    def _fill(self):
        try:
            item = self.channel.receive()
        except EOFError:
            self._ended = True
            return
        self._buffer = item if self._buffer is None else self._buffer + item


def make(channel, mode, proxyclose):
    if mode == "w":
        return ChannelFileWrite(channel, proxyclose)
    if mode == "r":
        return ChannelFileRead(channel, proxyclose)
    raise ValueError("mode %r is not available, expected 'r' or 'w'" % (mode,))
