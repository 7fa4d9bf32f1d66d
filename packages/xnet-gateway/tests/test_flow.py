"""Memory stays bounded when one side is slow, and nothing waits for ever because of it. Spec: FC.

``BOUND_KB`` is what is promised: how much a process may grow while its peer does not receive. It is
the window (1 MiB) of the channel, which small items fill several times over as Python objects, and
what the interpreter keeps around. Measured: 0.1 to 2 MB for bytes, 6 MB for dicts.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable

import pytest

from gateway_helpers import (
    MEGABYTE,
    PATIENCE_S,
    STRESS,
    Gateways,
    Growth,
    eventually,
)
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway

BOUND_KB = 8 * 1024

#: Tells that a sender in the worker waits for credit.
TELL_BLOCKED = """
import threading
while not channel.gateway.session.relief._blocked:
    threading.Event().wait(0.002)
channel.send(True)
"""
PRODUCE = """
for number in range(count):
    channel.send(item)
channel.send("end")
"""

FORMS = {
    "1 MB items": (f"b'x' * {MEGABYTE}", 100),
    "10 kB items": ("b'x' * 10_000", 5_000),
    "1 byte items": ("b'x'", 100_000),
    "small dicts": ("{'a': 1, 'b': [1.5, None]}", 50_000),
    "20 MB items": (f"b'x' * {20 * MEGABYTE}", 2),
}


class GrowthOfBoth:
    """How much the peak memory of both processes grows."""

    def __init__(self, gateway: Gateway) -> None:
        self.both = [Growth(pid) for pid in (os.getpid(), gateway.pid)]

    def most_kb(self) -> int:
        grown = [one.most_kb() for one in self.both]
        print(f"initiator grew {grown[0]} kB, worker {grown[1]} kB")
        return max(grown)


class TestSleepingConsumer:
    @pytest.mark.parametrize("form", FORMS)
    def test_fc_003_the_worker_sends_faster_than_we_receive(self, gateways: Gateways, form: str) -> None:
        gateway = gateways()
        item, count = FORMS[form]
        size_kb = len(eval(item)) // 1000
        told = queue.Queue[object]()  # not receive(), which after half a second counts as a stall
        gateway.remote_exec(TELL_BLOCKED).setcallback(told.put)
        growth = GrowthOfBoth(gateway)
        producer = gateway.remote_exec(f"item, count = {item}, {count}\n{PRODUCE}")
        assert told.get(timeout=PATIENCE_S) is True
        # One item in the making on either side is the program's own.
        assert growth.most_kb() < BOUND_KB + 2 * size_kb
        for _ in range(count):
            assert producer.receive(PATIENCE_S) is not None
        assert producer.receive(PATIENCE_S) == "end"
        assert growth.most_kb() < BOUND_KB + 3 * size_kb

    @pytest.mark.parametrize("form", FORMS)
    def test_fc_003_we_send_faster_than_the_worker_receives(self, gateways: Gateways, form: str) -> None:
        gateway = gateways()
        item = eval(FORMS[form][0])
        count = FORMS[form][1]
        size_kb = len(item) // 1000
        # It waits in no receive(), which after half a second would count as a stall, and has us go on.
        consumer = gateway.remote_exec("""
            import threading
            control, go = channel.receive(), threading.Event()
            control.setcallback(lambda item: go.set())
            control.send("ready")
            go.wait()
            received = 0
            while channel.receive() is not None:
                received += 1
            control.send(received)
        """)
        control = gateway.newchannel()
        consumer.send(control)
        assert control.receive(PATIENCE_S) == "ready"
        growth = GrowthOfBoth(gateway)

        def produce() -> None:
            for _ in range(count):
                consumer.send(item)
            consumer.send(None)

        thread = threading.Thread(target=produce, daemon=True)
        thread.start()
        assert eventually(lambda: bool(gateway.session.relief._blocked))
        assert growth.most_kb() < BOUND_KB + 2 * size_kb
        control.send("go")
        assert control.receive(PATIENCE_S) == count
        thread.join(PATIENCE_S)
        assert growth.most_kb() < BOUND_KB + 3 * size_kb

    @pytest.mark.parametrize("form", ["1 MB items", "small dicts"])
    def test_a_slow_callback_bounds_the_sender(self, gateways: Gateways, form: str) -> None:
        gateway = gateways()
        item, count = FORMS[form]
        tell = gateway.remote_exec(TELL_BLOCKED)
        growth = GrowthOfBoth(gateway)
        begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()
        seen = 0

        def slow(item: object) -> None:
            nonlocal seen
            seen += 1
            begun.set()
            assert go_on.wait(PATIENCE_S)
            if item == "end":
                ended.set()

        producer = gateway.remote_exec(f"item, count = {item}, {count}\n{PRODUCE}")
        producer.setcallback(slow)
        assert begun.wait(PATIENCE_S)
        assert tell.receive(PATIENCE_S) is True
        assert seen == 1
        assert growth.most_kb() < BOUND_KB + 3_000
        go_on.set()
        assert ended.wait(PATIENCE_S)
        assert seen == count + 1
        assert growth.most_kb() < BOUND_KB + 3_000

    def test_a_slow_thread_bounds_its_channel_while_another_thread_waits_elsewhere(
        self, gateways: Gateways
    ) -> None:
        """FC-042: relief is for what nobody takes; a slow consumer is not nobody."""
        gateway = gateways()
        growth = GrowthOfBoth(gateway)
        producer = gateway.remote_exec(f"item, count = b'x' * {MEGABYTE}, 100\n{PRODUCE}")
        took, go_on = threading.Event(), threading.Event()

        def slow() -> None:
            producer.receive()
            took.set()
            go_on.wait(PATIENCE_S)
            while producer.receive() != "end":
                pass

        thread = threading.Thread(target=slow, daemon=True)
        thread.start()
        assert took.wait(PATIENCE_S)
        silent = gateway.remote_exec("channel.receive()")
        with pytest.raises(silent.TimeoutError):
            silent.receive(1.2)  # longer than the stall period
        assert growth.most_kb() < BOUND_KB + 3_000
        go_on.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    @pytest.mark.parametrize("spec", ["popen", "popen//python=python3"])
    def test_fc_040_a_slow_thread_bounds_its_channel_while_another_thread_sends(
        self, gateways: Gateways, spec: str
    ) -> None:
        """It grew by what the other one sent, up to `limits.memory`, and was closed then."""
        gateway = gateways(f"{spec}//limits=memory:{4 * MEGABYTE}")
        channel = gateway.remote_exec("for item in channel: channel.send(item)")
        item, count = b"x" * 50_000, 300
        took, go_on = threading.Event(), threading.Event()
        received: list[bytes] = []

        def take_slowly() -> None:
            received.append(channel.receive())
            took.set()
            go_on.wait(PATIENCE_S)
            received.extend(channel.receive() for _ in range(count - 1))

        def send_all() -> None:
            for _ in range(count):
                channel.send(item)

        reader = threading.Thread(target=take_slowly, daemon=True)
        sender = threading.Thread(target=send_all, daemon=True)
        reader.start()
        sender.start()
        assert took.wait(PATIENCE_S)
        assert eventually(lambda: bool(gateway.session.relief._blocked))
        sender.join(0.5)  # without a bound it is done by then
        assert gateway.session.connection.table.account.kept_bytes <= 2 * 1_048_576
        go_on.set()
        for thread in (reader, sender):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()
        assert received == [item] * count


class TestNoDeadlock:
    def test_fc_040_both_send_all_then_receive_all(self, gateways: Gateways) -> None:
        """Programs written for unbounded queues do that. 200 MB each way."""
        gateway = gateways()
        count = 200 if not STRESS else 1000
        channel = gateway.remote_exec(f"""
            item = b"w" * {MEGABYTE}
            for _ in range({count}):
                channel.send(item)
            for _ in range({count}):
                assert len(channel.receive()) == {MEGABYTE}
            channel.send("all")
        """)
        item = b"i" * MEGABYTE
        for _ in range(count):
            channel.send(item)
        for _ in range(count):
            assert channel.receive(PATIENCE_S) == b"w" * MEGABYTE
        assert channel.receive(PATIENCE_S) == "all"

    def test_fc_040_small_items_both_send_all_then_receive_all(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("""
            for number in range(100_000):
                channel.send(number)
            assert [channel.receive() for _ in range(100_000)] == list(range(100_000))
            channel.send("all")
        """)
        for number in range(100_000):
            channel.send(number)
        assert [channel.receive(PATIENCE_S) for _ in range(100_000)] == list(range(100_000))
        assert channel.receive(PATIENCE_S) == "all"

    def test_fc_041_waitclose_before_receiving(self, gateways: Gateways) -> None:
        channel = gateways().remote_exec(f"for _ in range(20): channel.send(b'x' * {MEGABYTE})")
        channel.waitclose(PATIENCE_S)
        assert sum(map(len, channel)) == 20 * MEGABYTE

    def test_fc_042_waiting_on_one_channel_while_another_fills_up(self, gateways: Gateways) -> None:
        gateway = gateways()
        other = gateway.newchannel()
        channel = gateway.remote_exec(f"""
            other = channel.receive()
            for _ in range(30):
                other.send(b"x" * {MEGABYTE})
            channel.send("done")
        """)
        channel.send(other)
        assert channel.receive(PATIENCE_S) == "done"
        assert sum(len(other.receive(PATIENCE_S)) for _ in range(30)) == 30 * MEGABYTE

    def test_fc_042_what_a_thread_that_has_ended_took_from(self, gateways: Gateways) -> None:
        """It waited for ever: its channel counted as somebody's."""
        gateway = gateways()
        other = gateway.newchannel()
        channel = gateway.remote_exec(f"""
            other = channel.receive()
            for _ in range(10):
                other.send(b"x" * {MEGABYTE})
            channel.send("done")
        """)
        channel.send(other)
        thread = threading.Thread(target=other.receive)
        thread.start()
        thread.join(PATIENCE_S)
        assert channel.receive(PATIENCE_S) == "done"
        assert sum(len(other.receive(PATIENCE_S)) for _ in range(9)) == 9 * MEGABYTE

    def test_fc_043_a_blocked_sender_does_not_stop_others(self, gateways: Gateways) -> None:
        gateway = gateways()
        silent = gateway.remote_exec("import threading\nthreading.Event().wait()")
        thread = threading.Thread(target=send_until_closed, args=(silent,), daemon=True)
        thread.start()
        assert eventually(lambda: bool(gateway.session.relief._blocked))
        for number in range(200):
            channel = gateway.remote_exec("channel.send(channel.receive())")
            channel.send(number)
            assert channel.receive(PATIENCE_S) == number
        assert gateway.remote_status().numexecuting == 1

    @pytest.mark.parametrize(
        "end",
        [
            pytest.param(Channel.close, id="close"),
            pytest.param(lambda channel: channel.gateway._io.kill_now(), id="kill"),
        ],
    )
    def test_fc_044_a_blocked_sender_ends_with_its_channel(
        self, gateways: Gateways, end: Callable[[Channel], None]
    ) -> None:
        gateway = gateways()
        silent = gateway.remote_exec("import threading\nthreading.Event().wait()")
        errors: list[OSError] = []
        thread = threading.Thread(target=lambda: errors.append(send_until_closed(silent)), daemon=True)
        thread.start()
        assert eventually(lambda: bool(gateway.session.relief._blocked))
        end(silent)
        thread.join(PATIENCE_S)
        assert errors
        assert "cannot send (already closed?)" in str(errors[0])


def send_until_closed(channel: Channel) -> OSError:
    item = b"x" * 100_000
    try:
        while True:
            channel.send(item)
    except OSError as error:
        return error
