"""How a worker ends: asked to, left alone, stopped, or killed. Spec: GR-001 to GR-021."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from gateway_helpers import (
    PATIENCE_S,
    STRESS,
    Gateways,
    Watched,
    busy,
    children,
    descriptors,
    eventually,
    start_program,
)
from green_workers import LIBRARIES, PLACES, green_spec
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

#: The 5 and 10 seconds of GR-003, as the tests have them.
SHORTER = """
from xnet_gateway.worker import worker
worker.GRACE_S, worker.INTERRUPT_GRACE_S = {0}, {1}
"""
#: Without delay means: far less than the grace.
AT_ONCE_S = 2.0


def shorten(gateway: Gateway, grace_s: float, interrupt_s: float) -> None:
    gateway.remote_exec(SHORTER.format(grace_s, interrupt_s)).waitclose(PATIENCE_S)


#: Code that sends more than anybody takes.
SENDING = {
    "items": "while True: channel.send(bytes(50_000))",
    "small": "while True: channel.send(1)",
    "parts": "while True: channel.send(bytes(700_000))",
    "many": "channel.send_many(iter(lambda: 1, 2))",
    "file": "file = channel.makefile('w')\nwhile True: file.write('x' * 10_000)",
    "coroutine": "while True: await channel.asend(bytes(50_000))",
}


def wait_until_full(channel: Channel) -> bool:
    """Wait until what has come leaves no credit for more."""
    receiver = channel._receiver
    return eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 300_000)


def exit_and_wait(gateway: Gateway) -> float:
    """Return how long the end took."""
    began_s = time.monotonic()
    gateway.exit()
    assert gateway._wait_ended(began_s + PATIENCE_S)
    return time.monotonic() - began_s


class TestAsked:
    def test_gr_005_idle(self, gateways: Gateways) -> None:
        gateway = gateways()
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert gateway.returncode == 0
        assert not gateway.hasreceiver()
        assert "has ended as asked" in str(gateway.session.end_error)
        gateway.exit()
        gateway.join()

    def test_gr_003_waiting_to_receive(self, gateways: Gateways) -> None:
        gateway = gateways()
        source = """
            channel.send(1)
            try:
                channel.receive()
            except EOFError:
                channel.send("saw the end")
        """
        channels = [gateway.remote_exec(source) for _ in range(3)]
        assert [channel.receive(PATIENCE_S) for channel in channels] == [1, 1, 1]
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert gateway.returncode == 0
        assert [list(channel) for channel in channels] == [["saw the end"]] * 3

    def test_gr_003_iterating_and_callbacks(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("""
            import queue
            items = queue.SimpleQueue()
            other = channel.receive()
            other.setcallback(items.put, endmarker="endmarker")
            channel.send(1)
            for item in channel:
                raise AssertionError(item)
            channel.send(items.get(timeout=200))
        """)
        channel.send(gateway.newchannel())
        assert channel.receive(PATIENCE_S) == 1
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert list(channel) == ["endmarker"]

    def test_gr_003_busy_gets_its_time_and_its_items_arrive(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("""
            import threading
            channel.send("begun")
            while not channel.gateway.ended:
                threading.Event().wait(0.01)
            for number in range(1000):
                channel.send(number)
        """)
        assert channel.receive(PATIENCE_S) == "begun"
        gateway.exit()
        assert list(channel) == list(range(1000))
        assert gateway.wait(PATIENCE_S) == 0

    def test_gr_003_blocked_is_interrupted(self, gateways: Gateways) -> None:
        gateway = gateways()
        shorten(gateway, 0.1, 10)
        channel = gateway.remote_exec("""
            import threading
            channel.send(1)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                channel.send("interrupted")
                raise
        """)
        assert channel.receive(PATIENCE_S) == 1
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert channel.receive(0) == "interrupted"
        with pytest.raises(channel.RemoteError, match="keyboard-interrupted"):
            channel.receive(0)

    @pytest.mark.parametrize("sending", SENDING)
    def test_gr_011_blocked_in_send_without_anybody_who_takes(self, gateways: Gateways, sending: str) -> None:
        """It took the whole grace; at the end of a `with` block nobody receives any more."""
        gateway = gateways()
        channel = gateway.remote_exec(SENDING[sending])
        assert wait_until_full(channel)
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert gateway.returncode == 0
        with pytest.raises(channel.RemoteError, match="keyboard-interrupted"):
            list(channel)

    @pytest.mark.parametrize("model", ["main_thread_only", *LIBRARIES])
    @pytest.mark.parametrize("place", PLACES)
    def test_gr_011_in_all_models(self, gateways: Gateways, model: str, place: str) -> None:
        spec = green_spec(model, place) if model in LIBRARIES else f"{PLACES[place]}//execmodel={model}"
        gateway = gateways(spec)
        channel = gateway.remote_exec(SENDING["items"])
        assert wait_until_full(channel)
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()

    def test_gr_011_several_do_not_wait_one_after_the_other(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec(f"""
            import threading
            def send():
                {SENDING["items"].strip()}
            threads = [threading.Thread(target=send) for _ in range(20)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        """)
        assert wait_until_full(channel)
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()

    def test_gr_011_who_still_takes_gets_everything(self, gateways: Gateways) -> None:
        gateway = gateways()
        # A busy machine may take longer than usual for giving credit.
        channel = gateway.remote_exec(f"""
            from xnet_channel.threads import deadlock_relief
            deadlock_relief.LAST_CREDIT_S = {PATIENCE_S}
            waits = set()
            for number in range(300):
                channel.send(b"x" * 50_000)
                waits.add(channel.gateway.session.relief.last_credit_by_s)
            channel.send(len(waits))
        """)
        assert wait_until_full(channel)
        gateway.exit(5 * PATIENCE_S)
        *items, waits = channel
        assert [len(item) for item in items] == [50_000] * 300
        assert waits > 3, "before it was asked, since then, and since each credit"
        assert gateway.wait(PATIENCE_S) == 0

    @pytest.mark.parametrize(
        "ignoring",
        [
            "signal.signal(signal.SIGINT, signal.SIG_IGN)",
            "signal.signal(signal.SIGINT, lambda *arguments: None)",
        ],
    )
    def test_gr_007_ignoring_the_interrupt_gives_status_1(self, gateways: Gateways, ignoring: str) -> None:
        gateway = gateways()
        shorten(gateway, 0.1, 0.2)
        channel = gateway.remote_exec(
            f"import signal, threading\n{ignoring}\nchannel.send(1)\nthreading.Event().wait()"
        )
        assert channel.receive(PATIENCE_S) == 1
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert gateway.returncode == 1

    def test_gr_007_another_thread_that_cannot_be_interrupted(self, gateways: Gateways) -> None:
        gateway = gateways()
        shorten(gateway, 0.1, 0.2)
        first = gateway.remote_exec("channel.send(1)\nchannel.receive()")
        second = gateway.remote_exec("import threading\nchannel.send(1)\nthreading.Event().wait()")
        assert first.receive(PATIENCE_S) == second.receive(PATIENCE_S) == 1
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()
        assert gateway.returncode == 1

    @pytest.mark.parametrize("obstacle", ["threading.Thread(target=block).start()", "atexit.register(block)"])
    def test_gr_005_threads_and_exit_handlers_of_the_code_do_not_hold_it(
        self, gateways: Gateways, obstacle: str
    ) -> None:
        gateway = gateways()
        shorten(gateway, 0.2, 0.2)
        gateway.remote_exec(f"""
            import atexit, threading
            block = threading.Event().wait
            {obstacle}
        """).waitclose(PATIENCE_S)
        assert exit_and_wait(gateway) < AT_ONCE_S * busy()

    def test_the_real_figures(self) -> None:
        """GR-003: 5 and 10 seconds, which the other tests shorten."""
        from xnet_gateway.worker import worker

        assert (worker.GRACE_S, worker.INTERRUPT_GRACE_S) == (5.0, 10.0)

    def test_gr_006_an_exec_right_before_the_end_is_done_or_refused(self, gateways: Gateways) -> None:
        for _ in range(100 if STRESS else 15):
            gateway = gateways()
            first = gateway.remote_exec("pass")
            second = gateway.remote_exec("channel.send(1)")
            assert exit_and_wait(gateway) < AT_ONCE_S * busy()
            first.waitclose(0)
            assert list(second) == [1]

    def test_exit_in_the_middle_of_a_stream(self, gateways: Gateways) -> None:
        """GR-002: what we still send then is refused here, or dropped there; nobody hangs."""
        for _ in range(5):
            gateway = gateways()
            channel = gateway.remote_exec("for item in channel: pass")
            begun = threading.Event()
            errors: list[OSError] = []
            thread = threading.Thread(target=stream, args=(channel, begun, errors), daemon=True)
            thread.start()
            assert begun.wait(PATIENCE_S)
            assert exit_and_wait(gateway) < AT_ONCE_S * busy()
            thread.join(PATIENCE_S)
            assert "cannot send (already closed?)" in str(errors[0])
            assert gateway.returncode == 0


def stream(channel: Channel, begun: threading.Event, errors: list[OSError]) -> None:
    try:
        while True:
            channel.send(b"x" * 10_000)
            begun.set()
    except OSError as error:
        errors.append(error)


class TestNotAsked:
    def test_gr_021_a_stopped_worker_is_killed(self, gateways: Gateways) -> None:
        gateway = gateways()
        os.kill(gateway.pid, signal.SIGSTOP)
        gateway.exit()
        assert not gateway._wait_ended(time.monotonic() + 0.2)
        assert "is still running" in gateway._describe()
        gateway._kill()
        assert gateway._wait_ended(time.monotonic() + AT_ONCE_S * busy())
        assert gateway.returncode == -signal.SIGTERM
        assert "SIGTERM" in gateway._describe()

    def test_gr_021_a_worker_that_ignores_sigterm_is_killed(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("""
            import signal, threading
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            channel.send(1)
            threading.Event().wait()
        """)
        channel.receive(PATIENCE_S)
        gateway._kill()
        gateway._kill()
        assert gateway._wait_ended(time.monotonic() + 2 * AT_ONCE_S * busy())
        assert gateway.returncode == -signal.SIGKILL

    @pytest.mark.parametrize(
        "code",
        [
            "pass",
            "channel.receive()",
            "threading.Event().wait()",
            "while True: pass",
            "while True: channel.send(b'x' * 100_000)",
            "while True: print('x' * 1000)",
        ],
    )
    def test_gr_008_a_worker_ends_when_its_initiator_is_killed(self, code: str) -> None:
        """GR-004: it takes the same steps, so that the interrupt ends code that computes."""
        program = start_program(
            SHORT_LIVED
            + "channel = gateway.remote_exec('import threading\\nchannel.send(1)\\n' + sys.argv[1])\n"
            "channel.receive()\nprint(gateway.pid, flush=True)\nsys.stdin.read()",
            code,
        )
        with program:
            assert program.stdout is not None
            worker = Watched(int(program.stdout.readline()))
            try:
                program.kill()
                assert worker.wait_gone(5.0 * busy())
            finally:
                worker.kill()

    def test_gr_008_a_worker_that_never_got_a_hello_ends(self) -> None:
        """HS-009."""
        program = start_program("""
from xnet_gateway.transports.popen import connect
connected = connect(XSpec("popen//id=gw0"))
print(connected.process.popen.pid, flush=True)
sys.stdin.read()
""")
        with program:
            assert program.stdout is not None
            worker = Watched(int(program.stdout.readline()))
            try:
                program.kill()
                assert worker.wait_gone(5.0 * busy())
            finally:
                worker.kill()

    def test_an_initiator_that_forgets_its_gateways_ends_and_leaves_nothing(self) -> None:
        program = start_program("print(make().pid, make('popen//id=b').pid)")
        out, err = program.communicate(timeout=PATIENCE_S)
        assert program.returncode == 0
        assert err == ""
        for pid in map(int, out.split()):
            try:
                worker = Watched(pid)
            except ProcessLookupError:
                continue
            assert worker.wait_gone(5.0 * busy())
            worker.kill()

    def test_forgotten_channels_are_silent_at_the_end(self) -> None:
        program = start_program("""
gateway = make()
channels = [gateway.remote_exec("channel.receive()") for _ in range(3)]
gateway._io.kill_now()
""")
        out, err = program.communicate(timeout=PATIENCE_S)
        assert (program.returncode, out, err) == (0, "", "")


SHORT_LIVED = """
gateway = make()
gateway.remote_exec(
    "from xnet_gateway.worker import worker; worker.GRACE_S = worker.INTERRUPT_GRACE_S = 0.2"
).waitclose(200)
"""


def test_start_and_stop_leaks_nothing(gateways: Gateways) -> None:
    """100 cycles: no descriptor, thread or process is left."""

    def cycle(number: int) -> None:
        gateway = begin(XSpec(f"popen//id=cycle{number}")).finish()
        channel = gateway.remote_exec("channel.send(channel.receive())")
        channel.setcallback(lambda item: None, endmarker=None)
        channel.send(number)
        if number % 3 == 0:
            gateway._io.kill_now()
        gateway.exit()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)

    def threads() -> set[str]:
        return {thread.name for thread in threading.enumerate()}

    cycle(0)
    before = descriptors(), children(), threads()
    for number in range(1000 if STRESS else 100):
        cycle(number)
    # Sets, and "nothing new": what the first cycle left to be tidied up may have gone since.
    assert eventually(lambda: threads() <= before[2] and descriptors() <= before[0], 5.0), (
        threads() - before[2],
        descriptors() - before[0],
    )
    assert children() <= before[1]
