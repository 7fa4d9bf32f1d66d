"""What a fake worker may send: anything. The initiator answers with an error, soon, and spends nothing.

Spec: SE-004 (each error ends the connection and wakes whoever waits), FR-006, VA-023, HS-013.
"""

from __future__ import annotations

import os
import random
import socket
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_helpers import PATIENCE_S, STRESS, Growth
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_channel.threads.session import Session
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.transports import popen
from xnet_gateway.xspec import XSpec
from xnet_wire import frames, values
from xnet_wire.hello import encode_hello
from xnet_wire.messages import Hello

PREAMBLE = b"\x89XNET\r\n\x1a\n"


def frame(frame_type: int, channel: int, payload: bytes) -> bytes:
    return frames.encode_header(frame_type, channel, len(payload)) + payload


HANDSHAKE = PREAMBLE + frame(frames.HELLO, 0, encode_hello(Hello("fake", features=("exec.python",))))


def play(said: bytes, split: int = 0) -> str:
    """Say it to an initiator, in two pieces; return how its connection ended.

    If it begins with a handshake, the rest comes when the initiator has channel 1 open.
    """
    ours, theirs = socket.socketpair()
    session = Session(ours.detach(), role="initiator", name="victim")
    try:
        channel = None
        if said.startswith(HANDSHAKE):
            theirs.sendall(HANDSHAKE)
            said = said[len(HANDSHAKE) :]
            session.wait_hello(PATIENCE_S)
            channel = session.request(frames.STATUS)
        try:
            theirs.sendall(said[:split])
            theirs.sendall(said[split:])
            theirs.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the initiator has had enough
        try:
            if channel is None:
                session.wait_hello(PATIENCE_S)
                channel = session.request(frames.STATUS)
            while True:
                channel.receive(PATIENCE_S)
        except TimeoutError as error:
            raise AssertionError("the initiator hangs") from error
        except (EOFError, OSError, RemoteError):
            pass
        assert session.wait_finished(PATIENCE_S)
        return str(session.end_error)
    finally:
        session.close(flush_s=0.0)
        theirs.close()


def wait_for_the_end(channel: Channel) -> None:
    with pytest.raises(EOFError):
        channel.receive()


def send_for_ever(end: socket.socket, data: bytes) -> None:
    while True:
        end.sendall(data)


frame_types = st.one_of(st.sampled_from([*frames.NAMES, 128, 191]), st.integers(0, 255))
channel_ids = st.one_of(st.sampled_from([0, 1, 2, 3, 4, 0xFFFFFFFE, 0xFFFFFFFF]), st.integers(0, 2**32 - 1))
items = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)
payloads = st.one_of(st.just(b""), st.binary(max_size=64), items.map(values.encode))
whole_frames = st.builds(frame, frame_types, channel_ids, payloads)


class TestSession:
    @given(st.binary(max_size=4096))
    def test_random_bytes(self, said: bytes) -> None:
        assert play(said)

    @given(st.binary(max_size=4096), st.integers(0, 300))
    def test_random_bytes_after_a_good_beginning(self, said: bytes, split: int) -> None:
        assert play(HANDSHAKE + said, split)

    @given(st.lists(whole_frames, max_size=20))
    def test_random_frames(self, said: list[bytes]) -> None:
        assert play(HANDSHAKE + b"".join(said))

    @given(payloads)
    def test_hs_013_random_hello(self, payload: bytes) -> None:
        assert play(PREAMBLE + frame(frames.HELLO, 0, payload))

    def test_seeded_fuzz(self) -> None:
        """Good conversations with a few bytes changed, which get further than random ones."""
        seed = int(os.environ.get("XNET_FUZZ_SEED", "20240601"))
        dice = random.Random(seed)
        answer = {"numchannels": 0, "numexecuting": 0, "numqueued": 0, "execmodel": "thread"}
        good = (
            HANDSHAKE
            + frame(frames.PING, 0, b"x")
            + frame(frames.CHANNEL_OPEN, 2, b"")
            + frame(frames.CHANNEL_DATA, 1, b"\xd9\xe4\x22\x02")
            + frame(frames.CHANNEL_DATA, 2, b"\x01")
            + frame(frames.CHANNEL_PART, 1, values.encode(answer)[:10])
            + frame(frames.CHANNEL_DATA, 1, values.encode(answer)[10:])
            + frame(frames.CHANNEL_CREDIT, 1, values.encode(100))
            + frame(frames.CHANNEL_LAST_MESSAGE, 1, b"")
            + frame(frames.CHANNEL_CLOSE, 1, b"")
        )
        assert play(good)
        for number in range(20_000 if STRESS else 400):
            said = bytearray(good)
            for _ in range(dice.randint(1, 4)):
                where = dice.randrange(len(said))
                match dice.randrange(3):
                    case 0:
                        said[where] = dice.randrange(256)
                    case 1:
                        del said[where : where + dice.randint(1, 9)]
                    case _:
                        said[where:where] = dice.randbytes(dice.randint(1, 9))
            assert play(bytes(said), dice.randrange(len(said) + 1)), (seed, number)

    @pytest.mark.parametrize(
        "claim",
        [
            frames.encode_header(frames.CHANNEL_DATA, 1, 0xFFFFFFFF),
            frames.encode_header(frames.CHANNEL_DATA, 1, 1_048_576),
            frames.encode_header(150, 1, 0xFFFFFFFF),
            frame(frames.CHANNEL_DATA, 1, b"\x9b" + b"\x7f" * 8),  # an array of 2**63 items
            frame(frames.CHANNEL_DATA, 1, b"\xbb" + b"\x7f" * 8),
            frame(frames.CHANNEL_DATA, 1, b"\x5b" + b"\x7f" * 8),  # a string of 2**63 bytes
            frame(frames.CHANNEL_DATA, 1, b"\x5a\x7f\xff\xff\xff"),
            frame(frames.CHANNEL_DATA, 1, b"\x9a\x7f\xff\xff\xff" + b"\x00" * 1000),
            frame(frames.CHANNEL_BATCH, 1, b"\x9a\x7f\xff\xff\xff"),
            frame(frames.CHANNEL_BATCH, 1, b"\x9b" + b"\xff" * 8),
        ],
    )
    def test_fr_a_claim_costs_nothing(self, claim: bytes) -> None:
        play(HANDSHAKE)
        growth = Growth(os.getpid())
        assert play(HANDSHAKE + claim)
        assert growth.most_kb() < 4_000

    def test_va_nesting_is_bounded(self) -> None:
        for depth in (600, 100_000):
            assert "nest" in play(HANDSHAKE + frame(frames.CHANNEL_DATA, 1, b"\x81" * depth + b"\x00"))

    def test_a_flood_of_pings_that_reads_no_answer(self) -> None:
        """LI-010: what a peer does not read is not kept for ever."""
        ours, theirs = socket.socketpair()
        session = Session(ours.detach(), role="initiator", name="victim")
        growth = Growth(os.getpid())
        pings = frame(frames.PING, 0, b"x" * 64) * 1000
        try:
            theirs.settimeout(PATIENCE_S)
            theirs.sendall(HANDSHAKE)
            session.wait_hello(PATIENCE_S)
            channel = session.new_channel()  # somebody waits, so the initiator reads
            reader = threading.Thread(target=wait_for_the_end, args=(channel,), daemon=True)
            reader.start()
            with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
                send_for_ever(theirs, pings)
            reader.join(PATIENCE_S)
            assert "unread" in str(session.end_error)
            assert growth.most_kb() < 300_000
        finally:
            session.close(flush_s=0.0)
            theirs.close()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """What the file holds is what a real process says as a worker, after which it ends."""
    script = tmp_path / "said"

    def command(spec: XSpec, fd: int) -> list[str]:
        code = (
            f"import os\ndata = open({str(script)!r}, 'rb').read()\n"
            f"while data: data = data[os.write({fd}, data):]\n"
        )
        return [sys.executable, "-S", "-c", code]

    monkeypatch.setattr(popen, "worker_command", command)
    return script


class TestProcess:
    def start(self) -> Gateway:
        spec = XSpec("popen")
        spec.id = "fake"
        return begin(spec).finish()

    def test_random_bytes_from_a_real_process(self, fake: Path) -> None:
        dice = random.Random(7)
        for _ in range(200 if STRESS else 10):
            fake.write_bytes(dice.randbytes(80_000))
            with pytest.raises(HostNotFound) as caught:
                self.start()
            assert "fake" in str(caught.value) or "popen" in str(caught.value)

    def test_random_frames_from_a_real_process(self, fake: Path) -> None:
        dice = random.Random(8)
        for _ in range(200 if STRESS else 20):
            fake.write_bytes(
                HANDSHAKE + frame(dice.choice([*frames.NAMES]), dice.randrange(4), b"\xff" * 70_000)
            )
            try:
                gateway = self.start()
            except HostNotFound:
                continue
            try:
                channel = gateway.newchannel()
            except OSError:
                continue  # it has ended already
            with pytest.raises(EOFError):
                channel.receive(PATIENCE_S)
            gateway._io.kill_now()
            gateway._io.wait(PATIENCE_S)
