"""``Message``: one frame as an object, for programs that read or write execnet's frames."""

from __future__ import annotations

from xnet_wire import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Readable(Protocol):
        """Gives exactly as many bytes as asked for, or raises EOFError."""

        def read(self, numbytes: int, /) -> bytes: ...  # noqa: D102

    class Writable(Protocol):
        """Takes bytes."""

        def write(self, data: bytes, /) -> object: ...  # noqa: D102


class Message:
    """One frame.

    Attributes:
        msgcode: Frame type, one of the constants.
        channelid: Channel id.
        data: Payload.
    """

    STATUS = frames.STATUS
    RECONFIGURE = frames.RECONFIGURE
    GATEWAY_TERMINATE = frames.GATEWAY_TERMINATE
    CHANNEL_EXEC = frames.CHANNEL_EXEC
    CHANNEL_DATA = frames.CHANNEL_DATA
    CHANNEL_CLOSE = frames.CHANNEL_CLOSE
    CHANNEL_CLOSE_ERROR = frames.CHANNEL_CLOSE_ERROR
    CHANNEL_LAST_MESSAGE = frames.CHANNEL_LAST_MESSAGE

    #: The names of execnet's codes.
    _types = {code: frames.type_name(code) for code in range(8)}  # noqa: RUF012

    def __init__(self, msgcode: int, channelid: int = 0, data: bytes = b"") -> None:
        self.msgcode = msgcode
        self.channelid = channelid
        self.data = data

    @staticmethod
    def from_io(io: Readable) -> Message:
        """Read one frame.

        Raises:
            EOFError: The stream ended; the text says whether within a frame.
            FrameError: The frame type is unknown or the payload larger than a peer may send.
        """
        header = io.read(frames.HEADER_BYTES)
        if not header:
            raise EOFError("the stream ended between two messages")
        decoder = frames.FrameDecoder()
        found = decoder.feed(header)
        if not found:
            length = int.from_bytes(header[5:9], "big")
            found = decoder.feed(io.read(length)) if len(header) == frames.HEADER_BYTES else []
        if not found:
            raise EOFError("the stream ended in the middle of a message")
        code, channel, payload = found[0]
        return Message(code, channel, bytes(payload))

    def to_io(self, io: Writable) -> None:
        """Write the frame."""
        io.write(frames.encode_header(self.msgcode, self.channelid, len(self.data)) + self.data)

    def __repr__(self) -> str:
        name = frames.type_name(self.msgcode)
        return f"<Message {name} channel={self.channelid} lendata={len(self.data)}>"
