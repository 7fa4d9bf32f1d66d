"""Random streams: the connection in JavaScript and the one in Python say the same, and have the same left.

Neither knows the other; where they differ, one of them or the specification is wrong. Spec: FR-002, ER-020, and what
the frames are about.
"""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.roles import WORKER
from xnet_wire import frames, messages
from xnet_wire.frames import FrameDecoder, encode_header
from xnet_wire.limits import Limits
from xnet_wire.values import encode

JUDGE = Path(__file__).resolve().parent / "judge-streams.mjs"
STREAMS = 1500
BAD_ITEMS = [bytes.fromhex(digits) for digits in ("ff", "f7", "0102", "d9e42200", "a201000100", "61ff", "")]
#: None, one of the worker's, and the last one.
BAD_IDS = [0, 2, 2**32 - 1]


def frame(frame_type: int, channel: int, payload: bytes = b"") -> bytes:
    return encode_header(frame_type, channel, len(payload)) + payload


class Streams:
    """Makes streams in which some frames break a rule."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def stream(self) -> bytes:
        #: Ids below the next one: open, closed or skipped.
        self.used = [1]
        begin = [frame(frames.HELLO, 0, messages.encode_hello(messages.Hello("random"))), self.exec(1)]
        return b"".join(begin + [self.frame() for _ in range(self.random.randrange(25))])

    def channel(self) -> int:
        """Return an id that was used, mostly."""
        return self.random.choice([*self.used * 40, *BAD_IDS, self.used[-1] + 2])

    def fresh(self) -> int:
        """Return an id for a frame that opens a channel, mostly a right one; some are skipped."""
        id_ = self.used[-1] + self.random.choice([2, 2, 2, 2, 4])
        if self.random.random() < 0.08:
            return self.random.choice([*BAD_IDS, *self.used, id_ - 2])
        self.used += range(self.used[-1] + 2, id_ + 2, 2)
        return id_

    def exec(self, channel: int) -> bytes:
        return frame(frames.CHANNEL_EXEC, channel, messages.encode_exec(messages.ExecRequest("")))

    def item(self) -> bytes:
        choice = self.random.choice
        kind = self.random.random()
        if kind < 0.3:
            ids = [self.channel() or 2 for _ in range(choice([1, 1, 2]))]
            return bytes([0x80 + len(ids)]) + b"".join(bytes.fromhex("d9e422") + encode(id_) for id_ in ids)
        if kind < 0.33:
            return choice(BAD_ITEMS)
        if kind < 0.45:
            return encode(b"z" * choice([300, 20_000, 60_000]))
        return encode(choice([0, 1.5, "x", [1, (2,)], None, {"a": 1}, {2.0}, 2**70]))

    def frame(self) -> bytes:
        choice, channel = self.random.choice, self.channel()
        kind = self.random.random() * 60
        if kind < 13:
            return frame(frames.CHANNEL_DATA, channel, self.item())
        if kind < 21:
            return frame(frames.CHANNEL_PART, channel, self.item() or b"\x81")
        if kind < 28:
            count = choice([1, 2, 3])
            return frame(frames.CHANNEL_BATCH, channel, bytes([0x80 + count]) + self.item() * count)
        if kind < 34:
            return frame(frames.CHANNEL_CLOSE, channel)
        if kind < 37:
            return frame(frames.CHANNEL_LAST_MESSAGE, channel)
        if kind < 43:
            return frame(frames.CHANNEL_OPEN, self.fresh())
        if kind < 46:
            return self.exec(self.fresh())
        if kind < 52:
            return frame(frames.PING, 0, b"ping")
        if kind < 54:
            return frame(frames.CHANNEL_CREDIT, channel, encode(choice([1, 1000, 2**31 - 1 - 2**20])))
        if kind < 58:
            return frame(frames.CHANNEL_CLOSE_ERROR, channel, encode({"text": "no", "code": "error"}))
        if kind < 59.5:
            return frame(choice([128, 150, 191]), channel, b"abc")
        return choice(
            [
                frame(choice([18, 100, 192, 255]), channel),
                frame(frames.HELLO, 0),
                frame(frames.GATEWAY_TERMINATE, 1),
                frame(frames.PONG, 0, b"p" * 65),
                frame(frames.GOAWAY, choice([0, 1]), b"\xa0"),
                frame(frames.CHANNEL_CREDIT, channel, encode(choice([0, -1, 2**64 - 1, True]))),
                frame(frames.CHANNEL_DATA, channel, b""),
            ]
        )


def judge(stream: bytes) -> dict[str, object]:
    """Return what the connection in Python says to the stream, in the form of ``judge-streams.mjs``."""
    limits = Limits(item=100_000, channels=4)
    connection = Connection(WORKER, messages.Hello("judge", limits=limits, credit=65_536), lambda state: state.id)
    connection.start()
    connection.data_to_send()
    connection.receive_data(stream)
    said = []
    written = b"".join(bytes(piece) for piece in connection.data_to_send())
    for frame_type, channel, payload in FrameDecoder(2**31).feed(written):
        more = ""
        if frame_type == frames.GOAWAY:
            more = f" {messages.decode_goaway(payload)[0]}"
        elif frame_type == frames.CHANNEL_CREDIT:
            more = f" {messages.decode_credit(payload)}"
        said.append(f"{frames.NAMES[frame_type]} {channel}{more}")
    ended = connection.phase is states.ENDED_CONNECTION
    channels = []
    if not ended:
        for id_, state in connection.table.open.items():
            receiver = state.receiver
            left = receiver.window_bytes - (receiver.arrived - receiver.granted)
            channels.append([id_, len(receiver.items), left])
    return {"said": said, "state": "ended" if ended else "running", "channels": sorted(channels)}


def test_random_streams_are_judged_alike(node: str) -> None:
    made = Streams(20_26)
    streams = [made.stream() for _ in range(STREAMS)]
    done = subprocess.run(
        [node, str(JUDGE)],
        input="".join(f"{stream.hex()}\n" for stream in streams),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ended = 0
    for stream, line in zip(streams, done.stdout.splitlines(), strict=True):
        python, javascript = judge(stream), json.loads(line)
        assert python == javascript, f"{python}\n{javascript}\n{stream[:2000].hex()}"
        ended += python["state"] == "ended"
    assert STREAMS // 4 < ended < STREAMS * 3 // 4  # both kinds are there
