"""The end of the interpreter ends what it started, quickly and without a word."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from group_waits import PATIENCE_S, busy
from xnet_group import Group, at_exit

PRELUDE = "from xnet_group import Group\ngroup = Group()\n"


def run(program: str) -> tuple[int, list[int], str, float]:
    """Run a program that prints the pids of its workers; return status, pids, stderr and seconds."""
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return done.returncode, [int(pid) for pid in done.stdout.split()], done.stderr, time.monotonic() - began_s


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "program",
    [
        "for gateway in group.makegateways(['popen'] * 3): print(gateway.pid)",
        "print(group.makegateway().pid); group.remote_exec('import time; time.sleep(100)')",
        "print(group.makegateway().pid); group.remote_exec('while True: pass'); group[0].exit()",
        "print(group.makegateway().pid); group.remote_exec('channel.send(1)')[0].setcallback(print, 2)",
        "import os, signal; print(group.makegateway().pid); os.kill(group[0].pid, signal.SIGSTOP)",
        "print(group.makegateway().pid); import os; os.kill(group[0].pid, 9)",
    ],
)
def test_no_worker_and_no_word_is_left(program: str) -> None:
    status, pids, errors, took_s = run(program.replace("setcallback(print, 2)", "setcallback(id, 2)"))
    assert (status, errors) == (0, "")
    assert not any(exists(pid) for pid in pids)
    assert took_s < 15 * busy()


@pytest.mark.parametrize(
    "code",
    [
        "for item in channel: channel.send(item)",
        "for item in channel: pass",
        "import threading; threading.Event().wait()",
    ],
    ids=["echoes", "takes", "takes nothing"],
)
def test_threads_that_send_do_not_hold_up_the_end(code: str) -> None:
    """Whether they are about to write, wait for credit or for their turn."""
    status, pids, _, took_s = run(f"""
import threading
channels = [gateway.remote_exec({code!r}) for gateway in group.makegateways(["popen"] * 2)]
for gateway in group: print(gateway.pid)
def send(channel, begun):
    begun.set()
    try:
        while True: channel.send(bytes(50_000))
    except OSError:
        pass
begun = [threading.Event() for _ in range(6)]
for number, event in enumerate(begun):
    threading.Thread(target=send, args=(channels[number % 2], event), daemon=True).start()
for event in begun: event.wait(200)
""")
    assert status == 0
    assert not any(exists(pid) for pid in pids)
    assert took_s < 15 * busy()


def test_a_failing_program_shows_only_its_own_error() -> None:
    status, pids, errors, _ = run("print(group.makegateway().pid, flush=True); 1/0")
    assert status == 1
    assert errors.count("Traceback") == 1
    assert not any(exists(pid) for pid in pids)


def test_a_forked_child_that_exits_normally_ends_nothing() -> None:
    status, _, errors, _ = run(
        "import os, sys, warnings\n"
        "warnings.simplefilter('ignore', DeprecationWarning)  # fork with threads, from Python 3.12 on\n"
        "gateway = group.makegateway()\n"
        "pid = os.fork()\n"
        "if pid == 0: sys.exit(0)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert gateway.remote_exec('channel.send(1)').receive(200) == 1\n"
    )
    assert (status, errors) == (0, "")


def test_groups_without_gateways_can_be_collected(group: Group) -> None:
    group.makegateway()
    assert group in at_exit._groups_with_gateways
    group.terminate()
    assert group not in at_exit._groups_with_gateways
