"""Termination is bounded, at once for all, and tells the truth."""

from __future__ import annotations

import os
import select
import signal
import threading
import time

import pytest

from group_waits import PATIENCE_S, busy
from xnet_channel.threads.channel import Channel
from xnet_gateway import times_to_end
from xnet_group import Group
from xnet_group.termination import KILL_WAIT_S

#: Code that neither the end of its channel nor Ctrl-C ends, and that keeps its worker from giving up on it.
STUBBORN = """
import ctypes, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = ctypes.PyDLL(None).sleep  # without letting other threads run
channel.send(1)
while True:
    sleep(100)
"""


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_idle_gateways_end_by_themselves(group: Group) -> None:
    gateways = group.makegateways(["popen"] * 3)
    group.terminate()
    assert [gateway.returncode for gateway in gateways] == [0, 0, 0]
    assert not any(gateway.hasreceiver() for gateway in gateways)
    assert (len(group), repr(group)) == (0, "<Group []>")
    group.terminate()
    group.terminate(timeout=0)


def test_code_that_reads_its_channel_ends_with_it(group: Group) -> None:
    gateways = group.makegateways(["popen"] * 2)
    group.remote_exec("for item in channel: pass")
    began_s = time.monotonic()
    group.terminate()
    assert time.monotonic() - began_s < 4 * busy()
    assert [gateway.returncode for gateway in gateways] == [0, 0]


def test_gr_031_those_that_still_run_are_killed_together(group: Group) -> None:
    gateways = group.makegateways(["popen"] * 4)
    assert group.remote_exec(STUBBORN).receive_each() == [1] * 4
    began_s = time.monotonic()
    group.terminate(timeout=0.3)
    took_s = time.monotonic() - began_s
    assert [gateway.returncode for gateway in gateways] == [-signal.SIGKILL] * 4
    assert 0.3 <= took_s < 4 * busy()  # a second each, one after the other, would be more


@pytest.fixture
def half_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have workers interrupt at half of their time: ten seconds are not enough for each on a busy machine."""
    monkeypatch.setattr(times_to_end, "INTERRUPT_S", PATIENCE_S)


@pytest.mark.usefixtures("half_of_the_time")
def test_gr_013_code_is_interrupted_before_its_worker_would_be_killed(group: Group) -> None:
    """The time that the group has is the worker's; it leaves room for cleaning up."""
    gateways = group.makegateways(["popen//id=a", "popen//id=b//via=a", "popen//python=python3"])
    channels = [
        gateway.remote_exec(
            "import time\ntry:\n    channel.send(1)\n    time.sleep(100)\n"
            "finally:\n    channel.send('cleaned up')"
        )
        for gateway in gateways
    ]
    assert [channel.receive(PATIENCE_S) for channel in channels] == [1, 1, 1]
    group.terminate(timeout=4 * busy())
    assert [channel.receive(0) for channel in channels] == ["cleaned up"] * 3
    assert [gateway.returncode for gateway in gateways] == [0, 0, 0]


@pytest.mark.usefixtures("half_of_the_time")
def test_gr_032_who_carries_another_is_told_what_that_leaves_of_the_time(group: Group) -> None:
    """With all of the time its code would be interrupted after the end of it, and so be killed."""
    carrier, carried = group.makegateways(["popen//id=a", "popen//id=b//via=a"])
    time_s = 4 * busy()
    channel = carrier.remote_exec(
        "import time\ntry:\n    channel.send(1)\n    time.sleep(1000)\n"
        "finally:\n    channel.send('cleaned up')"
    )
    slow = carried.remote_exec(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"channel.send(1)\ntime.sleep({0.7 * time_s})\nchannel.send(2)"
    )
    assert (channel.receive(PATIENCE_S), slow.receive(PATIENCE_S)) == (1, 1)
    group.terminate(timeout=time_s)
    assert (channel.receive(0), slow.receive(0)) == ("cleaned up", 2)
    assert (carrier.returncode, carried.returncode) == (0, 0)


def test_gr_003_code_may_go_on_for_the_time_that_the_group_has(group: Group) -> None:
    """Five seconds are the default."""
    gateway = group.makegateway()
    channel = gateway.remote_exec("import time; channel.send(1); time.sleep(6); channel.send(2)")
    assert channel.receive(PATIENCE_S) == 1
    group.terminate(timeout=PATIENCE_S)
    assert channel.receive(0) == 2
    assert gateway.returncode == 0


def test_gr_007_a_worker_that_gives_up_need_not_be_killed(group: Group) -> None:
    gateway = group.makegateway()
    channel = gateway.remote_exec(
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nchannel.send(1)\ntime.sleep(100)"
    )
    assert channel.receive(PATIENCE_S) == 1
    group.terminate(timeout=2 * busy())
    assert gateway.returncode == 1


def test_a_stopped_process_is_killed_too(group: Group) -> None:
    gateway = group.makegateway()
    os.kill(gateway.pid, signal.SIGSTOP)
    began_s = time.monotonic()
    group.terminate(timeout=0.1)
    assert time.monotonic() - began_s < 6 * busy()
    assert gateway.returncode in (-signal.SIGTERM, -signal.SIGKILL, 0)


def test_a_dead_member_is_reaped(group: Group) -> None:
    gateway = group.makegateway()
    os.kill(gateway.pid, signal.SIGKILL)
    group.terminate(timeout=PATIENCE_S)
    assert gateway.returncode == -signal.SIGKILL


def test_terminate_waits_for_those_that_left_before(group: Group) -> None:
    gateway = group.makegateway()
    gateway.exit()
    assert gateway not in group
    group.terminate()
    assert gateway.returncode == 0


def test_without_a_timeout_nobody_is_killed(group: Group) -> None:
    gateway = group.makegateway()
    channel = group.remote_exec("import time; channel.send(1); time.sleep(1.5); channel.send(2)")[0]
    assert channel.receive(200) == 1
    group.terminate()
    assert channel.receive(200) == 2
    assert gateway.returncode == 0


def test_what_goes_through_a_gateway_ends_before_it(group: Group) -> None:
    gateways = group.makegateways(["popen//id=a", "popen//id=b//via=a", "popen//id=c//via=b"])
    pids = group.remote_exec("import os; channel.send(os.getpid())").receive_each()
    group.terminate(timeout=PATIENCE_S)
    assert gateways[0].returncode == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_stubborn_gateway_behind_another_is_killed(group: Group) -> None:
    gateways = group.makegateways(["popen//id=a", "popen//id=b//via=a"])
    pid = gateways[1]._rinfo().pid
    assert gateways[1].remote_exec(STUBBORN).receive(200) == 1
    group.terminate(timeout=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("full", [False, True], ids=["quiet", "full"])
def test_gr_030_a_stopped_gateway_in_between_costs_one_bound_for_all_levels(group: Group, full: bool) -> None:
    """Each level behind it had its own five seconds. It passes on no order to kill, and may take none."""
    gateways = group.makegateways(["popen//id=a", "popen//id=b//via=a", "popen//id=c//via=b", "popen//via=a"])
    carried = [os.pidfd_open(gateway._rinfo().pid) for gateway in gateways[1:]]
    writer = gateways[0].session.writer
    os.kill(gateways[0].pid, signal.SIGSTOP)
    sending = []
    while full and not writer._waiting:  # until the kernel takes nothing more
        channel = gateways[0].newchannel()
        sending.append(threading.Thread(target=send_and_fail, args=(channel,), daemon=True))
        sending[-1].start()
        sending[-1].join(0.02)
    began_s = time.monotonic()
    group.terminate(timeout=0.5)
    assert time.monotonic() - began_s < (0.5 + KILL_WAIT_S + 1) * busy()
    assert not any(gateway.hasreceiver() for gateway in gateways)
    for process in carried:
        poller = select.poll()
        poller.register(process, select.POLLIN)
        assert poller.poll(PATIENCE_S * 1000), "what is reached through it ends with it"
        os.close(process)
    for thread in sending:
        thread.join(200)
        assert not thread.is_alive()


def send_and_fail(channel: Channel) -> None:
    with pytest.raises(OSError, match="cannot send"):
        channel.send(bytes(3_000_000))


def test_no_thread_and_no_descriptor_is_left(group: Group) -> None:
    group.makegateway()
    group.terminate()
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(3):
        group.makegateways(["popen"] * 3)
        group.remote_exec("channel.send(1)").receive_each()
        group.terminate(timeout=PATIENCE_S)
    assert threading.active_count() <= threads
    assert open_descriptors() <= descriptors


def test_many_threads_may_terminate(group: Group) -> None:
    gateways = group.makegateways(["popen"] * 3)
    threads = [threading.Thread(target=group.terminate, args=(10,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert not any(thread.is_alive() for thread in threads)
    assert [gateway.returncode for gateway in gateways] == [0, 0, 0]


def test_a_survivor_is_named_and_waited_for_again(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    # A process the kernel will not let go of cannot be made on purpose: here a stopped one is not killed.
    gateway = group.makegateway()
    os.kill(gateway.pid, signal.SIGSTOP)
    monkeypatch.setattr(gateway, "_kill", lambda: None)
    monkeypatch.setattr("xnet_group.termination.KILL_WAIT_S", 0.1)
    with pytest.warns(
        RuntimeWarning, match=r"could not end all gateways: gateway gw0 \(popen\).*is still running"
    ):
        group.terminate(timeout=0.1)
    os.kill(gateway.pid, signal.SIGCONT)
    group.terminate(timeout=PATIENCE_S)
    assert gateway.returncode in (0, 1), "in the tenth of a second that it was told it may have to give up"


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_leaves_its_parents_gateways_alone(group: Group) -> None:
    gateway = group.makegateway()
    pid = os.fork()
    if pid == 0:
        try:
            group.terminate()
        finally:
            os._exit(len(group))
    assert os.waitpid(pid, 0)[1] == 0
    assert gateway.remote_exec("channel.send(1)").receive(200) == 1
