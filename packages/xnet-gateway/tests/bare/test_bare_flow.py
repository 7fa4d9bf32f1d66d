"""Much data to and from a bare worker: credit, parts, and programs that must not deadlock.

Spec: FC-001 to FC-044, CH-030 to CH-036.
"""

from __future__ import annotations

import threading

import pytest

from bare_helpers import HELLO, BareGateways, RawWorker, frame
from gateway_helpers import PATIENCE_S, eventually, memory_kb
from xnet_gateway.gateway import Gateway
from xnet_wire import frames, messages
from xnet_wire.hello import encode_hello
from xnet_wire.limits import CREDIT_BYTES, Limits
from xnet_wire.messages import Hello
from xnet_wire.values import ValueDecoder, encode

SIZE = 20_000_000


class TestLarge:
    def test_fc_021_one_large_item_each_way(self, worker: Gateway) -> None:
        """Spec: FC-014, FC-021, CH-032. Larger than any window, so it travels in parts."""
        channel = worker.remote_exec("item = channel.receive(); channel.send(item); channel.send(len(item))")
        text = "abcdefghij" * (SIZE // 10)
        channel.send(text)
        assert channel.receive(PATIENCE_S) == text
        assert channel.receive(PATIENCE_S) == SIZE

    def test_many_items_both_ways_at_once(self, worker: Gateway) -> None:
        channel = worker.remote_exec("for item in channel: channel.send(item)")
        block = "x" * 10_000
        count = SIZE // len(block)
        sender = threading.Thread(target=channel.send_many, args=([block] * count,), daemon=True)
        sender.start()
        for _ in range(count):
            assert channel.receive(PATIENCE_S) == block
        sender.join(PATIENCE_S)
        assert not sender.is_alive()
        channel.close()

    def test_fc_040_both_send_all_then_both_receive_all(self, worker: Gateway) -> None:
        """Spec: FC-040: bounding gives way where it would block for ever."""
        channel = worker.remote_exec("""
count, block = channel.receive()
for _ in range(count):
    channel.send(block)
channel.send(sum(len(channel.receive()) for _ in range(count)))
""")
        block = "x" * 10_000
        count = SIZE // len(block)
        channel.send((count, block))
        for _ in range(count):
            channel.send(block)
        assert sum(len(channel.receive(PATIENCE_S)) for _ in range(count)) == count * len(block)
        assert channel.receive(PATIENCE_S) == count * len(block)

    def test_fc_041_a_worker_that_waits_for_the_end_before_it_receives(self, worker: Gateway) -> None:
        channel = worker.remote_exec("""
other = channel.receive()
other.waitclose()
channel.send(sum(len(item) for item in other))
""")
        other = worker.newchannel()
        channel.send(other)
        for _ in range(500):
            other.send("x" * 10_000)
        other.close()
        assert channel.receive(PATIENCE_S) == 5_000_000

    def test_fc_042_a_worker_that_takes_one_channel_after_the_other(self, worker: Gateway) -> None:
        channel = worker.remote_exec("""
first = channel.receive()
second = channel.receive()
channel.send(sum(len(item) for item in second))
channel.send(sum(len(item) for item in first))
""")
        first, second = worker.newchannel(), worker.newchannel()
        channel.send(first)
        channel.send(second)
        for each in (first, second):
            for _ in range(300):
                each.send("x" * 10_000)
            each.close()
        assert channel.receive(PATIENCE_S) == 3_000_000
        assert channel.receive(PATIENCE_S) == 3_000_000

    def test_fc_003_a_worker_that_is_not_read_stops(self, worker: Gateway) -> None:
        """Spec: FC-003. Its memory is bounded, and STATUS is answered."""
        channel = worker.remote_exec("""
channel.send(0)
for number in range(2000):
    channel.send(u"x" * 10000)
""")
        channel.receive(PATIENCE_S)
        receiver = channel._mailbox.state.receiver
        assert eventually(lambda: receiver.arrived - receiver.granted > CREDIT_BYTES - 20_000)
        assert worker.remote_status().numexecuting == 1
        assert receiver.arrived - receiver.granted <= CREDIT_BYTES
        assert sum(len(channel.receive(PATIENCE_S)) for _ in range(2000)) == SIZE
        channel.waitclose(PATIENCE_S)

    def test_a_slow_worker_bounds_its_initiator(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        channel = worker.remote_exec(
            "channel.receive(); go = channel.gateway.newchannel(); channel.send(go); go.receive()"
        )
        channel.send(0)
        go = channel.receive(PATIENCE_S)
        before = memory_kb(worker.pid)
        other = channel
        sent: list[int] = []

        def fill() -> None:
            try:
                for _ in range(3000):
                    other.send("x" * 10_000)
                    sent.append(1)
            except OSError:
                pass  # the code has ended: nobody takes them

        thread = threading.Thread(target=fill, daemon=True)
        thread.start()
        assert eventually(lambda: len(sent) >= 90)
        assert memory_kb(worker.pid) - before < 40_000
        go.send(1)
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


class TestFrames:
    def exec_frame(self, source: str, channel: int = 1) -> bytes:
        return frame(frames.CHANNEL_EXEC, channel, messages.encode_exec(messages.ExecRequest(source)))

    def test_fc_020_fc_021_what_a_worker_sends_within_a_small_window(self, version: str) -> None:
        """Spec: FC-003, FC-020, FC-021. At most a quarter of the window in each part."""
        window = 65_536
        with RawWorker(version) as worker:
            worker.say(frame(frames.HELLO, 0, encode_hello(Hello("small", credit=window))))
            worker._take(9)
            worker.hear()
            worker.say(self.exec_frame("channel.send(u'x' * 200000)\nchannel.send(1)"))
            said = b""
            credit = window
            whole = False
            while not whole:
                frame_type, channel, payload = worker.hear()
                assert channel == 1
                assert frame_type in (frames.CHANNEL_PART, frames.CHANNEL_DATA)
                whole = frame_type == frames.CHANNEL_DATA
                assert len(payload) <= window // 4
                credit -= len(payload) + 64 * whole
                assert credit >= 0
                said += payload
                if credit < window // 2:
                    worker.say(frame(frames.CHANNEL_CREDIT, 1, encode(window - credit)))
                    credit = window
            assert ValueDecoder().decode(said) == "x" * 200_000
            assert worker.hear()[2] == b"\x01"
            assert worker.hear() == (frames.CHANNEL_CLOSE, 1, b"")

    def test_fr_002_ch_032_pieces_of_any_size_byte_by_byte(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            item = encode(["h\xe9", {1: (2.5,)}] * 3)
            said = self.exec_frame("channel.send(channel.receive())")
            for byte in item:
                said += frame(frames.CHANNEL_PART, 1, bytes([byte]))
            said += frame(frames.CHANNEL_DATA, 1, b"")
            for place in range(len(said)):
                worker.say(said[place : place + 1])
            assert ValueDecoder().decode(worker.hear()[2]) == ["h\xe9", {1: (2.5,)}] * 3

    def test_li_005_an_item_above_the_limit_of_the_other_side(self, version: str) -> None:
        """Spec: LI-005. However short it is: nothing of it is sent."""
        with RawWorker(version) as worker:
            worker.greet(Hello("a test", limits=Limits(item=1000)))
            worker.say(self.exec_frame("channel.send([0] * 997)\nchannel.send([0] * 998)"))
            assert worker.hear()[0] == frames.CHANNEL_DATA
            frame_type, _, payload = worker.hear()
            assert frame_type == frames.CHANNEL_CLOSE_ERROR
            assert b"1001 bytes: the other side takes at most 1000" in payload

    def test_fc_043_li_010_answers_that_are_not_read(self, version: str) -> None:
        """Spec: FC-043, LI-010. The worker reads on, keeps a bounded number of answers, then gives up."""
        with RawWorker(version) as worker:
            worker.greet()
            pings = frame(frames.PING, 0, b"x" * 64) * 1000
            with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
                say_for_ever(worker, pings)
            assert worker.process.wait(PATIENCE_S) in (0, 1)


def say_for_ever(worker: RawWorker, data: bytes) -> None:
    while True:
        worker.say(data)


def test_the_greeting_is_one_frame() -> None:
    assert HELLO[0] == frames.HELLO
