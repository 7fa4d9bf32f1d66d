"""Two sessions of one process, joined by a socket pair."""

from __future__ import annotations

import socket
import time
from _queue import SimpleQueue  # not from `queue`, where it may have been replaced
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xnet_channel.core import roles
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames

PATIENCE_S = 200.0


class HandingOver(SessionOwner):
    """Hands the channel of each request to the test."""

    def __init__(self) -> None:
        self.channels: SimpleQueue[Channel] = SimpleQueue()

    def on_request(self, frame_type: int, channel: Channel, request: object) -> None:
        self.channels.put(channel)


class Pair:
    """Both ends of a connection."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.owner = HandingOver()
        self.initiator = Session(ours.detach(), role=roles.INITIATOR, name="initiator")
        self.worker = Session(theirs.detach(), role=roles.WORKER, name="worker", owner=self.owner)
        self.initiator.wait_hello(PATIENCE_S)
        self.worker.wait_hello(PATIENCE_S)

    def channels(self) -> tuple[Channel, Channel]:
        """Open a channel and return both ends."""
        ours = self.initiator.request(frames.INFO)
        return ours, self.owner.channels.get(timeout=PATIENCE_S)


@contextmanager
def pair() -> Iterator[Pair]:
    """Connect two sessions and close them in the end."""
    both = Pair()
    try:
        yield both
    finally:
        both.initiator.close()
        both.worker.close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Return whether the condition came true in time; for what nothing can be waited on."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.001)
    return True
