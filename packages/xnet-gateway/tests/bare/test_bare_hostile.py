"""What an initiator may say to a bare worker: anything. Each mistake ends the connection with its code.

Spec: ER-001 to ER-020, FR-004 to FR-016, HS-006 to HS-016, LI-003, SE-004.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from bare_helpers import HELLO, WANTED, RawWorker, frame
from gateway_helpers import PATIENCE_S, STRESS, busy
from xnet_wire import frames, messages
from xnet_wire.channel_errors import ChannelError, decode_channel_error, encode_channel_error
from xnet_wire.hello import encode_hello
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello
from xnet_wire.values import encode

#: One interpreter of each kind: what is tested does not differ between those of a kind.
KINDS = ["2.7", "3.6", "3.13", "pypy3"]
EXEC = frame(
    frames.CHANNEL_EXEC,
    1,
    messages.encode_exec(messages.ExecRequest("for item in channel: channel.send(item)")),
)
WAITING = "channel.send(1)\nchannel.receive()"
#: Sooner than the five seconds after which code is interrupted.
AT_ONCE_S = 4.0
DATA, PART, BATCH = frames.CHANNEL_DATA, frames.CHANNEL_PART, frames.CHANNEL_BATCH
OPEN = frames.CHANNEL_OPEN

MISTAKES: dict[str, tuple[bytes, int]] = {
    "unknown type": (frame(18, 0), 2),
    "unknown type, channel 1": (frame(255, 1, b"x"), 2),
    "too large": (frames.encode_header(DATA, 1, 1_048_577), 3),
    "too large, ignorable": (frames.encode_header(150, 1, 0xFFFFFFFF), 3),
    "type before length": (frames.encode_header(18, 1, 0xFFFFFFFF), 2),
    "HELLO on a channel": (frame(frames.HELLO, 1, b""), 7),
    "DATA on channel 0": (frame(DATA, 0, b"\x01"), 7),
    "second HELLO": (HELLO, 7),
    "PING too long": (frame(frames.PING, 0, b"x" * 65), 14),
    "STATUS with payload": (frame(frames.STATUS, 3, b"x"), 14),
    "OPEN with payload": (frame(OPEN, 3, b"x"), 14),
    "OPEN on channel 0": (frame(OPEN, 0), 7),
    "CLOSE with payload": (frame(frames.CHANNEL_CLOSE, 1, b"x"), 14),
    "TERMINATE with payload": (frame(frames.GATEWAY_TERMINATE, 0, b"x"), 14),
    "empty part": (frame(PART, 1), 14),
    "credit 0": (frame(frames.CHANNEL_CREDIT, 1, b"\x00"), 14),
    "credit true": (frame(frames.CHANNEL_CREDIT, 1, b"\xf5"), 14),
    "credit malformed": (frame(frames.CHANNEL_CREDIT, 1, b"\x01\x02"), 14),
    "error is a text": (frame(frames.CHANNEL_CLOSE_ERROR, 1, b"\x61x"), 14),
    "reconfigure with numbers": (frame(frames.RECONFIGURE, 0, b"\x82\x00\x01"), 14),
    "reconfigure with three": (frame(frames.RECONFIGURE, 9, b"\x83\xf4\xf4\xf4"), 14),
    "exec without source": (frame(frames.CHANNEL_EXEC, 3, b"\xa0"), 14),
    "exec with a channel": (frame(frames.CHANNEL_EXEC, 3, b"\xa1\x61s\xd9\xe4\x22\x03"), 14),
    "exec, kwargs a list": (frame(frames.CHANNEL_EXEC, 3, encode({"source": "", "kwargs": []})), 14),
    "request on an even id": (frame(frames.STATUS, 2), 13),
    "request on an open id": (frame(frames.STATUS, 1), 7),
    "request on a used id": (frame(frames.STATUS, 3) * 2, 7),
    "request below an open id": (frame(OPEN, 5) + frame(frames.STATUS, 3), 7),
    "open an even id": (frame(OPEN, 2), 13),
    "open an open id": (frame(OPEN, 1), 7),
    "open a used id": (frame(frames.STATUS, 3) + frame(OPEN, 3), 7),
    "open below an open id": (frame(OPEN, 5) + frame(OPEN, 3), 7),
    "payload before parity": (frame(frames.STATUS, 2, b"x"), 14),
    "item after LAST": (frame(frames.CHANNEL_LAST_MESSAGE, 1) + frame(DATA, 1, b"\x01"), 7),
    "LAST after LAST": (frame(frames.CHANNEL_LAST_MESSAGE, 1) * 2, 7),
    "LAST in an item": (frame(PART, 1, b"\x01") + frame(frames.CHANNEL_LAST_MESSAGE, 1), 7),
    "batch in an item": (frame(PART, 1, b"\x01") + frame(BATCH, 1, b"\x81\x01"), 7),
    "batch empty": (frame(BATCH, 1, b"\x80"), 4),
    "batch of nothing": (frame(BATCH, 1, b""), 4),
    "batch is no array": (frame(BATCH, 1, b"\xa1\x01\x01"), 4),
    "batch claims": (frame(BATCH, 1, b"\x9b" + b"\xff" * 8), 4),
    "batch one too few": (frame(BATCH, 1, b"\x82\x01"), 4),
    "batch one too many": (frame(BATCH, 1, b"\x81\x01\x02"), 4),
    "malformed item in parts": (frame(PART, 1, b"x" * 600_000) + frame(DATA, 1, b"x" * 600_000), 4),
    "overdrawn": (frame(BATCH, 1, b"\x99\x61\xa8" + b"\x00" * 25_000), 5),
    "credit overflow": (frame(frames.CHANNEL_CREDIT, 1, encode(2**31 - 1)), 6),
    "malformed item": (frame(DATA, 1, b"\xff"), 4),
    "channel 0": (frame(DATA, 1, b"\xd9\xe4\x22\x00"), 4),
    "a channel never made": (frame(DATA, 1, b"\xd9\xe4\x22\x02"), 4),
    "a channel never opened": (frame(DATA, 1, b"\xd9\xe4\x22\x03"), 4),
    "a channel above all ids": (frame(DATA, 1, b"\xd9\xe4\x22\x1b\x00\x00\x00\x01\x00\x00\x00\x01"), 4),
    "too deep": (frame(DATA, 1, b"\x81" * 513 + b"\x00"), 4),
    "much too deep": (frame(DATA, 1, b"\x81" * 100_000 + b"\x00"), 4),
}
#: What is no mistake on a channel that is open, nor on one that is gone, but on one that nobody has opened.
LATE: dict[str, tuple[int, bytes]] = {
    "DATA": (DATA, b"\xff"),
    "PART": (PART, b"\xff"),
    "BATCH": (BATCH, b"\xff"),
    "LAST": (frames.CHANNEL_LAST_MESSAGE, b""),
    "CLOSE": (frames.CHANNEL_CLOSE, b""),
    "CLOSE_ERROR": (frames.CHANNEL_CLOSE_ERROR, encode_channel_error(ChannelError("x"))),
    "CREDIT": (frames.CHANNEL_CREDIT, b"\x05"),
    "RECONFIGURE": (frames.RECONFIGURE, b"\x82\xf4\xf4"),
}
REFUSED = Path(__file__).parents[4] / "protocol-spec" / "36-values-refused.md"


@pytest.mark.parametrize("version", KINDS)
class TestMistakes:
    @pytest.mark.parametrize("mistake", list(MISTAKES))
    def test_er_020_the_code_of_the_first_check_that_fails(self, version: str, mistake: str) -> None:
        """Spec: ER-001, ER-002, ER-020, FR-005 to FR-014."""
        said, wanted = MISTAKES[mistake]
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(EXEC + said)
            code, text = worker.hear_goaway()
            assert code == wanted, text
            assert 10 < len(text) <= 4096
            assert worker.process.wait(PATIENCE_S) == 0

    @pytest.mark.parametrize("what", list(LATE))
    def test_ch_016_a_frame_on_a_channel_that_nobody_has_opened(self, version: str, what: str) -> None:
        """Spec: CH-016. Of either parity, above the highest id that was opened."""
        kind, payload = LATE[what]
        for channel in (2, 5):
            with RawWorker(version) as worker:
                worker.greet()
                worker.say(frame(OPEN, 3) + frame(kind, channel, payload))
                code, text = worker.hear_goaway()
                assert code == 7
                assert text == f"nobody has opened channel {channel}"

    def test_ch_061_frames_of_a_channel_that_is_gone_are_dropped(self, version: str) -> None:
        """Spec: CH-061, FC-013, VA-042. Closed, or skipped: nothing is credited, nothing is decoded."""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(OPEN, 3) + frame(frames.CHANNEL_CLOSE, 3) + frame(OPEN, 5))
            for kind, payload in LATE.values():
                worker.say(frame(kind, 1, payload) + frame(kind, 3, payload))
            worker.say(frame(frames.PING, 0, b"now"))
            assert worker.hear() == (frames.PONG, 0, b"now")

    def test_hs_008_before_hello(self, version: str) -> None:
        for said, wanted in (
            (frame(frames.PING, 0), 7),
            (frames.encode_header(frames.HELLO, 0, 65_537), 3),
            (frame(frames.HELLO, 0, b"\x01"), 9),
            (frame(frames.HELLO, 0, encode({"version": [1]})), 9),
            (frame(frames.HELLO, 0, encode({"version": [2, 3], "limits": 7})), 1),
            (frame(frames.HELLO, 0, encode({"version": [2, 3], 7: 7})), 1),
            (frame(frames.HELLO, 0, encode({"version": [1, 0], 7: 7})), 9),
            (frame(frames.HELLO, 0, encode({"version": [1, 7], "credit": 5})), 9),
            (frame(frames.HELLO, 0, encode({"version": [1, 0], "limits": {"depth": 63}})), 9),
            (frame(frames.HELLO, 0, encode({"version": [1, 0], "config": {"nice": True}})), 9),
            (frame(frames.HELLO, 0, encode({"version": [1, 0], "config": {"env": {"a": 1}}})), 9),
        ):
            with RawWorker(version) as worker:
                worker.say(said)
                worker._take(9)
                code, text = worker.hear_goaway()
                assert code == wanted, text
                if wanted == 1:
                    assert "2.3" in text
                    assert "1.0" in text

    def test_hs_016_ve_001_a_newer_minor_version_and_unknown_keys_are_fine(self, version: str) -> None:
        hello = {"version": [1, 9], "new": 1, "limits": {"new": 2}, "features": ["x"], "config": {"new": 3}}
        with RawWorker(version) as worker:
            worker.say(frame(frames.HELLO, 0, encode(hello)))
            worker._take(9)
            worker.hear()
            worker.pong()

    def test_fr_011_ignorable_frames_do_no_harm(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(128, 0, b"x") + frame(191, 9, b"\xff") + frame(frames.PONG, 0, b"?"))
            worker.pong()

    def test_fr_013_what_came_before_a_mistake_counts(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(
                frame(frames.PING, 0, b"a") + frame(frames.STATUS, 3) + frame(18, 0) + frame(frames.PING, 0)
            )
            assert worker.hear() == (frames.PONG, 0, b"a")
            assert worker.hear()[:2] == (DATA, 3)
            assert worker.hear()[:2] == (frames.CHANNEL_CLOSE, 3)
            assert worker.hear_goaway()[0] == 2

    def test_se_004_whoever_waits_is_woken(self, version: str) -> None:
        """Code that waits for an item ends with the connection, so the worker exits at once."""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(frames.CHANNEL_EXEC, 1, messages.encode_exec(messages.ExecRequest(WAITING))))
            assert worker.hear() == (DATA, 1, b"\x01")
            worker.say(frame(18, 0))
            assert worker.hear_goaway()[0] == 2
            assert worker.process.wait(AT_ONCE_S * busy()) == 0

    def test_er_004_goaway_is_not_answered(self, version: str) -> None:
        for payload in (messages.encode_goaway(0, "bye"), b"\xff"):
            with RawWorker(version) as worker:
                worker.greet()
                worker.say(frame(frames.GOAWAY, 0, payload))
                assert worker.end.recv(1) == b""
                assert worker.process.wait(PATIENCE_S) == 0

    def test_va_020_the_examples_of_the_specification(self, version: str) -> None:
        """Spec: VA-020. What 36-values-refused.md lists, each as an item."""
        examples = re.findall(r"```xnet-reject (\S+)\nhex: *([0-9a-f ]*)\n", REFUSED.read_text())
        assert len(examples) > 30
        for name, text in examples:
            with RawWorker(version) as worker:
                worker.greet()
                worker.say(EXEC + frame(DATA, 1, bytes.fromhex(text)))
                code, why = worker.hear_goaway()
                if name == "va-bad-duplicate-key-text" and version == "2.7":
                    assert "equal keys" in why  # there it is unicode and str, which are equal, too
                assert code == 4, (name, why)

    def test_fr_006_a_claim_costs_nothing(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.pong()
            worker.say(EXEC + frames.encode_header(DATA, 1, 1_048_576))
            worker.say(b"\x9b\x7f" + b"\xff" * 70_000)
            worker.end.shutdown(1)
            assert worker.process.wait(PATIENCE_S) == 0

    def test_ch_011_too_many_channels(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(b"".join(frame(OPEN, 2 * number + 1) for number in range(65_536)))
            worker.pong()
            worker.say(frame(frames.CHANNEL_CLOSE, 1) + frame(OPEN, 131_073))
            worker.pong()
            worker.say(frame(OPEN, 131_075))
            code, text = worker.hear_goaway()
            assert code == 8
            assert "65536 channels" in text


@pytest.mark.parametrize("version", WANTED)
def test_seeded_fuzz(version: str) -> None:
    """Good conversations with a few bytes changed: a worker answers or ends, and never hangs or crashes."""
    seed = int(os.environ.get("XNET_FUZZ_SEED", "20240601"))
    dice = random.Random(seed)
    good = (
        HELLO
        + EXEC
        + frame(frames.PING, 0, b"x")
        + frame(PART, 1, encode([1, {"a": (2.5, "h\xe9")}])[:5])
        + frame(DATA, 1, encode([1, {"a": (2.5, "h\xe9")}])[5:])
        + frame(BATCH, 1, b"\x82\x01\x02")
        + frame(frames.CHANNEL_CREDIT, 1, encode(100))
        + frame(frames.RECONFIGURE, 1, b"\x82\xf4\xf5")
        + frame(frames.CHANNEL_LAST_MESSAGE, 1)
        + frame(frames.STATUS, 3)
        + frame(OPEN, 5)
        + frame(DATA, 5, b"\xd9\xe4\x22\x05")
        + frame(frames.CHANNEL_CLOSE, 5)
    )
    for number in range(300 if STRESS else 6):
        said = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            where = dice.randrange(len(HELLO), len(said))
            if dice.randrange(2):
                said[where] = dice.randrange(256)
            else:
                del said[where : where + dice.randint(1, 9)]
        with RawWorker(version) as worker:
            worker.say(bytes(said))
            worker.end.shutdown(1)
            assert worker.process.stderr is not None
            assert worker.process.wait(PATIENCE_S) == 0, (seed, number)
            words = worker.process.stderr.read().decode()
            assert "Traceback" not in words, (seed, number, words)


def test_a_peer_with_another_credit(version: str) -> None:
    with RawWorker(version) as worker:
        worker.say(frame(frames.HELLO, 0, encode_hello(Hello("large", credit=2**31 - 1))))
        worker._take(9)
        worker.hear()
        worker.pong()


@pytest.mark.parametrize("version", KINDS)
def test_gw_023_an_answer_above_the_item_limit(version: str) -> None:
    with RawWorker(version) as worker:
        worker.say(frame(frames.HELLO, 0, encode_hello(Hello("a test", limits=Limits(item=20)))))
        worker.say(frame(frames.STATUS, 1) + frame(frames.INFO, 3))
        assert worker.greet_back()[0] == frames.HELLO
        for channel in (1, 3):
            kind, id_, payload = worker.hear()
            assert (kind, id_) == (frames.CHANNEL_CLOSE_ERROR, channel)
            error = decode_channel_error(payload)
            assert "the initiator takes items of 20" in error.text
            assert error.code == "limit"
