"""A session whose other end is a socket of the test: frames written and read by hand."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from core_helpers import WINDOW, Frame, frame, hello_frame
from threads_helpers import PATIENCE_S
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames, values
from xnet_wire.limits import DEPTH, Limits
from xnet_wire.messages import Hello
from xnet_wire.value_decoding import decode_exact

#: Frames with items, or pieces of one.
ITEM_FRAMES = (frames.CHANNEL_DATA, frames.CHANNEL_PART, frames.CHANNEL_BATCH)


def reference(channel: int, id_: int) -> bytes:
    """Return a frame with an item that is a reference to a channel: tag 58402 on its id."""
    return frame(frames.CHANNEL_DATA, channel, b"\xd9\xe4\x22" + values.encode(id_))


class RawPeer:
    """Plays the other side: reads nothing and answers nothing unless it is told to.

    Attributes:
        session: The session that is tested, past its handshake.
        socket: This end.
    """

    def __init__(
        self,
        role: str = INITIATOR,
        *,
        credit: int = WINDOW,
        item: int = 2**31 - 1,
        owner: SessionOwner | None = None,
        hello: Hello | None = None,
    ) -> None:
        """Connect.

        Args:
            role: Which side the session is.
            credit: The window that this end announces, in bytes.
            item: The largest item that this end takes, in bytes.
            owner: Of the session.
            hello: What the session announces.
        """
        ours, self.socket = socket.socketpair()
        self.socket.settimeout(PATIENCE_S)
        self.session = Session(ours.detach(), role=role, name="session", owner=owner, hello=hello)
        self._decoder = frames.FrameDecoder(2**31)
        self._arrived: deque[Frame] = deque()
        announced = hello_frame(Hello("peer", credit=credit, limits=Limits(item=item)))
        if role == INITIATOR:
            self.write(PREAMBLE, announced)
        else:
            self.write(announced)
            preamble = self.socket.recv(len(PREAMBLE), socket.MSG_WAITALL)
            assert preamble == PREAMBLE
        self.session.wait_hello(PATIENCE_S)
        self.until(frames.HELLO)

    def write(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def read(self) -> Frame:
        """Return the next frame of the session. EOFError if it has ended."""
        while not self._arrived:
            data = self.socket.recv(65_536)
            if not data:
                raise EOFError
            self._arrived += [(kind, id_, bytes(payload)) for kind, id_, payload in self._decoder.feed(data)]
        return self._arrived.popleft()

    def until(self, *kinds: int) -> list[Frame]:
        """Return the frames up to the first of one of these types, with it."""
        found = [self.read()]
        while found[-1][0] not in kinds:
            found.append(self.read())
        return found

    def barrier(self) -> list[Frame]:
        """Return what the session has written by now: all before the echo of a PING. Spec: FR-021."""
        self.write(frame(frames.PING, 0, b"barrier"))
        return self.until(frames.PONG)[:-1]

    def close(self) -> None:
        self.session.close(flush_s=0.0)
        self.socket.close()


@contextmanager
def raw_peer(
    role: str = INITIATOR,
    *,
    credit: int = WINDOW,
    item: int = 2**31 - 1,
    owner: SessionOwner | None = None,
    hello: Hello | None = None,
) -> Iterator[RawPeer]:
    """Connect, and close both ends in the end."""
    peer = RawPeer(role, credit=credit, item=item, owner=owner, hello=hello)
    try:
        yield peer
    finally:
        peer.close()


def accept(theirs: socket.socket, hello: Hello) -> tuple[frames.FrameDecoder, list[Frame]]:
    theirs.settimeout(PATIENCE_S)
    theirs.sendall(PREAMBLE + hello_frame(hello))
    return frames.FrameDecoder(2**31), []


def read_until(theirs: socket.socket, decoder: frames.FrameDecoder, found: list[Frame], count: int) -> None:
    """Read until there are so many frames."""
    while len(found) < count:
        data = theirs.recv(65_536)
        assert data, "the program has ended"
        found += [(kind, id_, bytes(payload)) for kind, id_, payload in decoder.feed(data)]


def decoded(found: list[Frame], id_: int) -> Iterator[object]:
    """Join frames of a channel to its items; parts of two items that are mixed do not decode."""
    joined = b""
    for kind, channel, payload in found:
        if channel == id_ and kind in ITEM_FRAMES:
            joined += payload
            if kind != frames.CHANNEL_PART:
                item = decode_exact(joined, DEPTH, (True, False), None)
                joined = b""
                yield from item if kind == frames.CHANNEL_BATCH else [item]
    assert not joined
