"""What an initiator may do wrong to a full worker. The bare one: bare/test_bare_hostile.py.

Spec: SE-004, ER-002, VE-001.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from bare_helpers import PREAMBLE, frame
from gateway_helpers import PATIENCE_S, busy
from xnet_gateway.transports.popen import worker_command
from xnet_gateway.xspec import XSpec
from xnet_wire import codes, frames, messages
from xnet_wire.frames import FrameDecoder
from xnet_wire.hello import encode_hello
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello

#: Sooner than the five seconds after which code is interrupted.
AT_ONCE_S = 4.0
WAITING = "channel.send(1)\nchannel.receive()"


class Worker:
    """A full worker that is talked to in bytes."""

    def __init__(self) -> None:
        self.end, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                worker_command(XSpec("popen//id=raw"), theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env=dict(os.environ),
            )
        self.end.settimeout(PATIENCE_S)
        self._decoder = FrameDecoder(2**31)
        self._arrived: list[tuple[int, int, bytes]] = []
        preamble = b""
        while len(preamble) < len(PREAMBLE):
            preamble += self.end.recv(len(PREAMBLE) - len(preamble))
        assert preamble == PREAMBLE

    def say(self, *said: bytes) -> None:
        self.end.sendall(b"".join(said))

    def hear(self) -> tuple[int, int, bytes] | None:
        """Return the next frame, None at the end."""
        while not self._arrived:
            data = self.end.recv(65_536)
            if not data:
                return None
            self._arrived += [(kind, id_, bytes(payload)) for kind, id_, payload in self._decoder.feed(data)]
        return self._arrived.pop(0)

    def stop(self) -> None:
        self.end.close()
        self.process.kill()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def raw() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.stop()


def hello(minor: int = 0) -> bytes:
    return frame(frames.HELLO, 0, encode_hello(Hello("a test", version=(1, minor))))


def execute(channel: int, source: str) -> bytes:
    return frame(frames.CHANNEL_EXEC, channel, messages.encode_exec(messages.ExecRequest(source)))


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        (frame(18, 0), codes.FRAME_UNKNOWN_TYPE),
        (frames.encode_header(frames.CHANNEL_DATA, 1, 0xFFFFFFFF), codes.FRAME_TOO_LARGE),
        (frame(frames.CHANNEL_DATA, 1, b"\xff"), codes.VALUE_MALFORMED),
        (hello(), codes.STATE_VIOLATION),
    ],
)
def test_se_004_er_002_a_mistake_wakes_whoever_waits_and_the_worker_exits(
    raw: Worker, mistake: bytes, code: int
) -> None:
    """Code that waits for an item, on the main thread and beside it, ends with the connection."""
    raw.say(hello(), execute(1, WAITING), execute(3, WAITING))
    begun = [raw.hear() for _ in range(3)]
    assert [message and message[0] for message in begun] == [frames.HELLO] + [frames.CHANNEL_DATA] * 2
    raw.say(mistake)
    last = raw.hear()
    assert last is not None
    assert last[:2] == (frames.GOAWAY, 0)
    assert messages.decode_goaway(last[2])[0] == code
    assert raw.hear() is None
    assert raw.process.wait(AT_ONCE_S * busy()) == 0


def test_ve_001_a_newer_minor_version(raw: Worker) -> None:
    raw.say(hello(minor=9), execute(1, "channel.send(1)"))
    heard = [raw.hear() for _ in range(3)]
    assert [message and message[:2] for message in heard] == [
        (frames.HELLO, 0),
        (frames.CHANNEL_DATA, 1),
        (frames.CHANNEL_CLOSE, 1),
    ]


def test_gw_023_an_answer_above_the_item_limit(raw: Worker) -> None:
    raw.say(frame(frames.HELLO, 0, encode_hello(Hello("a test", limits=Limits(item=20)))))
    raw.say(frame(frames.STATUS, 1), frame(frames.INFO, 3))
    heard = [raw.hear() for _ in range(3)][1:]
    assert [message and message[:2] for message in heard] == [
        (frames.CHANNEL_CLOSE_ERROR, 1),
        (frames.CHANNEL_CLOSE_ERROR, 3),
    ]
