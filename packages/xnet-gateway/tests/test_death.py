"""A worker that dies: everybody who waits hears of it within a second, with the reason. Spec: GR-020.

The second is measured; see ``LATENCY_S``.
"""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from collections.abc import Callable

import pytest

from gateway_helpers import PATIENCE_S, Gateways, Watched, busy, eventually
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway

#: What is promised to users.
LATENCY_S = 1.0

SEND_MEGABYTES = """
item = b"x" * 1_000_000
while True:
    channel.send(item)
"""


def receive_all(channel: Channel) -> None:
    while True:
        channel.receive()


def iterate(channel: Channel) -> None:
    for _ in channel:
        pass
    raise AssertionError("the iteration ended as if all items had come")


def endmarker(channel: Channel) -> None:
    items: queue.SimpleQueue[object] = queue.SimpleQueue()
    channel.setcallback(items.put, endmarker=None)
    while items.get(timeout=PATIENCE_S) is not None:
        pass
    error = channel._getremoteerror()
    assert error is not None
    raise error


def waitclose(channel: Channel) -> None:
    channel.waitclose(PATIENCE_S)


WAYS: list[Callable[[Channel], None]] = [receive_all, iterate, endmarker, waitclose]


def wait_in_thread(wait: Callable[[Channel], None], channel: Channel) -> queue.SimpleQueue[tuple[float, str]]:
    """Wait in a thread; the queue gets when the wait ended, and the text of its EOFError."""
    result: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()

    def run() -> None:
        try:
            wait(channel)
        except EOFError as error:
            result.put((time.monotonic(), str(error)))
        except BaseException as error:  # noqa: BLE001 - for the assertion in the test
            result.put((time.monotonic(), f"wrong: {error!r}"))

    threading.Thread(target=run, daemon=True).start()
    return result


@pytest.mark.parametrize("wait", WAYS)
def test_gr_020_sigkill_in_the_middle_of_large_items(
    gateways: Gateways, wait: Callable[[Channel], None]
) -> None:
    gateway = gateways()
    channel = gateway.remote_exec(SEND_MEGABYTES)
    assert len(channel.receive(PATIENCE_S)) == 1_000_000
    result = wait_in_thread(wait, channel)
    assert gateway._rinfo().pid == gateway.pid  # by now data is on its way
    killed_s = time.monotonic()
    os.kill(gateway.pid, signal.SIGKILL)
    ended_s, text = result.get(timeout=PATIENCE_S)
    assert "killed by signal 9 (SIGKILL)" in text
    assert str(gateway.pid) in text
    assert ended_s - killed_s < LATENCY_S * busy()


@pytest.mark.parametrize("wait", WAYS)
def test_gr_020_sigkill_of_a_silent_worker(gateways: Gateways, wait: Callable[[Channel], None]) -> None:
    gateway = gateways()
    channel = gateway.remote_exec("channel.send(1)\nchannel.receive()")
    channel.receive(PATIENCE_S)
    result = wait_in_thread(wait, channel)
    killed_s = time.monotonic()
    os.kill(gateway.pid, signal.SIGKILL)
    ended_s, text = result.get(timeout=PATIENCE_S)
    assert "SIGKILL" in text
    assert ended_s - killed_s < LATENCY_S * busy()


def test_gr_020_items_that_arrived_stay_receivable(gateways: Gateways) -> None:
    gateway = gateways()
    channel = gateway.remote_exec("for i in range(1000): channel.send(i)\nimport os\nos.kill(os.getpid(), 9)")
    assert [channel.receive(PATIENCE_S) for _ in range(1000)] == list(range(1000))
    with pytest.raises(EOFError, match="SIGKILL"):
        channel.receive(PATIENCE_S)
    with pytest.raises(EOFError, match="SIGKILL"):
        channel.receive(PATIENCE_S)  # again and again
    with pytest.raises(OSError, match=r"cannot send \(already closed\?\).*SIGKILL"):
        channel.send(1)
    with pytest.raises(OSError, match=r"cannot send \(already closed\?\).*SIGKILL"):
        gateway.remote_exec("1")
    assert not gateway.hasreceiver()


def test_exit_status_and_last_lines_are_in_the_text(gateways: Gateways) -> None:
    gateway = gateways()
    channel = gateway.remote_exec("""
        import os
        for i in range(30):
            os.write(2, b"line %d\\n" % i)
        os._exit(3)
    """)
    with pytest.raises(EOFError) as caught:
        channel.receive(PATIENCE_S)
    text = str(caught.value)
    assert "exited with status 3" in text
    assert text.splitlines()[-1] == "line 29"
    assert len(text.splitlines()) < 15
    assert gateway.returncode == 3


def test_a_sender_blocked_for_credit_hears_of_it(gateways: Gateways) -> None:
    """FC-044."""
    gateway = gateways()
    channel = gateway.remote_exec("channel.send(1)\nimport threading\nthreading.Event().wait()")
    channel.receive(PATIENCE_S)
    result: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()

    def send() -> None:
        try:
            while True:
                channel.send(b"x" * 1_000_000)
        except OSError as error:
            result.put((time.monotonic(), str(error)))

    threading.Thread(target=send, daemon=True).start()
    assert eventually(lambda: bool(gateway.session.relief._blocked))
    killed_s = time.monotonic()
    os.kill(gateway.pid, signal.SIGKILL)
    ended_s, text = result.get(timeout=PATIENCE_S)
    assert "SIGKILL" in text
    assert ended_s - killed_s < LATENCY_S * busy()


HOLDERS = {
    "fork": """
        import os
        pid = os.fork()
        if pid == 0:
            import threading
            threading.Event().wait()
    """,
    "subprocess": """
        import os, subprocess, sys
        for fd in map(int, os.listdir("/proc/self/fd")):
            try:
                os.set_inheritable(fd, True)
            except OSError:
                pass
        pid = subprocess.Popen([sys.executable, "-S", "-c", "import threading; threading.Event().wait()"],
                               close_fds=False).pid
    """,
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("wait", WAYS)
def test_a_grandchild_that_holds_the_descriptors_changes_nothing(
    gateways: Gateways, holder: str, wait: Callable[[Channel], None]
) -> None:
    gateway = gateways()
    channel = gateway.remote_exec(HOLDERS[holder] + "    channel.send(pid)\n        channel.receive()")
    grandchild = Watched(channel.receive(PATIENCE_S))
    try:
        result = wait_in_thread(wait, channel)
        killed_s = time.monotonic()
        os.kill(gateway.pid, signal.SIGKILL)
        ended_s, text = result.get(timeout=PATIENCE_S)
        assert "SIGKILL" in text
        assert ended_s - killed_s < LATENCY_S * busy()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)
        assert not grandchild.wait_gone(0)
    finally:
        grandchild.kill()


def test_a_grandchild_that_writes_on_the_connection_changes_nothing(gateways: Gateways) -> None:
    """What a forked child writes behind our back may break the connection, but nothing hangs."""
    gateway = gateways()
    channel = gateway.remote_exec("""
        import os, socket, stat
        fd = next(fd for fd in map(int, os.listdir("/proc/self/fd"))
                  if fd > 2 and os.path.exists(f"/proc/self/fd/{fd}") and stat.S_ISSOCK(os.fstat(fd).st_mode))
        fd = os.dup(fd)
        pid = os.fork()
        if pid == 0:
            import select
            while True:
                try:
                    os.write(fd, b"\\xff" * 65536)
                except BlockingIOError:
                    select.select([], [fd], [])
                except OSError:
                    os._exit(0)
        channel.send(pid)
        channel.receive()
    """)
    try:
        grandchild = Watched(channel.receive(PATIENCE_S))
    except EOFError:
        return  # its noise came first
    try:
        result = wait_in_thread(receive_all, channel)
        started_s = time.monotonic()
        ended_s, _ = result.get(timeout=PATIENCE_S)
        assert ended_s - started_s < LATENCY_S * busy()
    finally:
        grandchild.kill()


class TestFork:
    """Neither the end of a forked child nor its survival disturbs the connection."""

    @pytest.mark.parametrize(
        "child", ["os._exit(0)", "raise SystemExit", "pass", "1 / 0", "os.execv('/bin/true', ['true'])"]
    )
    @pytest.mark.parametrize("thread", ["main", "other"])
    def test_in_executed_code(self, gateways: Gateways, child: str, thread: str) -> None:
        gateway = gateways()
        busy = gateway.remote_exec("channel.send(1)\nchannel.receive()") if thread == "other" else None
        if busy is not None:
            busy.receive(PATIENCE_S)
        channel = gateway.remote_exec(f"""
            import os
            pid = os.fork()
            if pid == 0:
                import signal
                signal.alarm(15)
                {child}
            else:
                channel.send(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """)
        assert channel.receive(PATIENCE_S) == (1 if child == "1 / 0" else 0)
        channel.waitclose(PATIENCE_S)
        assert gateway._rinfo(update=True).pid == gateway.pid
        again = gateway.remote_exec("channel.send(2)")
        assert again.receive(PATIENCE_S) == 2
        gateway.exit()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)

    def test_a_child_that_uses_the_channel_gets_an_error(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("""
            import os, signal
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                signal.alarm(15)
                for action in (lambda: channel.send(1), channel.receive, channel.waitclose):
                    try:
                        action()
                    except (OSError, EOFError) as error:
                        os.write(write, f"{error}\\n".encode())
                os._exit(0)
            os.waitpid(pid, 0)
            channel.send(os.read(read, 10_000).decode())
        """)
        text = channel.receive(PATIENCE_S)
        assert text.count("parent process") == 3, text
        channel.waitclose(PATIENCE_S)

    def test_a_surviving_child_does_not_keep_the_gateway(self, gateways: Gateways) -> None:
        gateway = gateways()
        channel = gateway.remote_exec(HOLDERS["fork"] + "    channel.send(pid)")
        grandchild = Watched(channel.receive(PATIENCE_S))
        try:
            channel.waitclose(PATIENCE_S)
            gateway.exit()
            started_s = time.monotonic()
            gateway.join(PATIENCE_S)
            assert gateway.wait(PATIENCE_S) == 0
            assert time.monotonic() - started_s < LATENCY_S * busy()
            assert not gateway.hasreceiver()
        finally:
            grandchild.kill()

    @pytest.mark.parametrize("child", ["nothing", "exit", "use", "make"])
    def test_in_the_initiator(self, gateways: Gateways, child: str) -> None:
        gateway = gateways()
        channel = gateway.remote_exec("for item in channel: channel.send(item)")
        channel.send(1)
        assert channel.receive(PATIENCE_S) == 1
        pid = os.fork()
        if pid == 0:
            status = 9
            bound_child()
            try:
                status = in_child(child, gateway, channel)
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        channel.send(2)
        assert channel.receive(PATIENCE_S) == 2
        assert gateway.remote_status().numexecuting == 1

    def test_a_surviving_child_of_the_initiator_does_not_keep_the_worker(self, gateways: Gateways) -> None:
        gateway = gateways()
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            bound_child()
            os.close(write)
            os.read(read, 1)  # until the test lets go
            os._exit(0)
        try:
            worker = Watched(gateway.pid)
            gateway.session.close()
            assert worker.wait_gone(5.0 * busy())
            worker.kill()
        finally:
            os.close(write)
            os.close(read)
            os.waitpid(pid, 0)


def bound_child() -> None:
    """Have the kernel end this forked child if it hangs: nobody else would."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(20)


def in_child(what: str, gateway: Gateway, channel: Channel) -> int:
    """Do something in a forked child; return its exit status."""
    if what == "use":
        for action in (lambda: channel.send(3), channel.receive, gateway.remote_status, channel.waitclose):
            try:
                action()
                return 1
            except (OSError, EOFError) as error:  # noqa: PERF203
                if "parent process" not in str(error):
                    return 2
        if gateway.hasreceiver() or gateway.wait() is not None:
            return 3
        gateway._kill()
    elif what == "exit":
        gateway.exit()
        gateway.join()
        gateway._wait_ended(None)
    elif what == "make":
        factory = Gateways()
        other = factory().remote_exec("channel.send(4)")
        if other.receive(PATIENCE_S) != 4:
            return 4
        factory.end()
    return 0
