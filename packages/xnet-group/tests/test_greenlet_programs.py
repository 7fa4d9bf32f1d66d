"""Programs with gevent or eventlet that hold gateways, patched or not, in every order."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from group_waits import PATIENCE_S

LIBRARIES = ("gevent", "eventlet")

_HEAD = """
import importlib, sys, time, warnings
warnings.simplefilter("ignore")
lib = importlib.import_module({name!r})
spawn, sleep = lib.spawn, lib.sleep
def patch():
    if lib.__name__ == "gevent":
        from gevent import monkey
        monkey.patch_all()
    else:
        lib.monkey_patch()
def soon(action, *arguments):
    "Have another greenlet do it, which can only be while this one waits."
    def act():
        sleep(0.02)
        action(*arguments)
    spawn(act)
"""

#: How a program may come to use greenlets; each ends with a group.
BEGINNINGS = {
    "patched-first": "patch()\nfrom xnet_group import Group\ngroup = Group()\n",
    "patched-after-the-import": "from xnet_group import Group\npatch()\ngroup = Group()\n",
    "patched-after-the-group": "from xnet_group import Group\ngroup = Group()\npatch()\n",
    "patched-after-a-gateway": "from xnet_group import Group\ngroup = Group(['popen'])\npatch()\n",
    "not-patched": "from xnet_group import Group\ngroup = Group()\ngroup.set_execmodel({name!r}, 'thread')\n",
    "patched-and-said": (
        "patch()\nfrom xnet_group import Group\ngroup = Group()\ngroup.set_execmodel({name!r}, 'thread')\n"
    ),
}

with_each = pytest.mark.parametrize("library", LIBRARIES)
in_each_way = pytest.mark.parametrize("beginning", BEGINNINGS)
in_two_ways = pytest.mark.parametrize("beginning", ["patched-first", "not-patched"])


def run_green(library: str, beginning: str, program: str) -> list[str]:
    """Run a program with one of the libraries and return the lines it printed; skip where there is none."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    text = (_HEAD + BEGINNINGS.get(beginning, beginning)).format(name=library)
    done = subprocess.run(
        [sys.executable, "-c", text + textwrap.dedent(program)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@with_each
@in_each_way
def test_starting_executing_and_ending_let_others_run(library: str, beginning: str, tmp_path: Path) -> None:
    wait = "import os, time\nwhile not os.path.exists({!r}): time.sleep(0.005)"
    started, ended = str(tmp_path / "started"), str(tmp_path / "ended")
    (tmp_path / "sitecustomize.py").write_text(wait.format(started))
    lines = run_green(
        library,
        beginning,
        f"""
        soon(lambda: open({started!r}, "w").close())
        gateway = group.makegateway(r"popen//env:PYTHONPATH={tmp_path}")
        channel = gateway.remote_exec("channel.send(channel.receive()); channel.receive()")
        soon(channel.send, "from a greenlet")
        print(channel.receive(200))
        soon(channel.send, "the end")
        print(channel.waitclose(200))
        status = gateway.remote_exec({wait.format(ended)!r})
        soon(lambda: open({ended!r}, "w").close())
        group.terminate(100)
        print(gateway.returncode, len(group))
        """,
    )
    assert lines == ["from a greenlet", "None", "0 0"]


@with_each
@in_two_ways
def test_callbacks_and_queues_are_for_greenlets(library: str, beginning: str) -> None:
    lines = run_green(
        library,
        beginning,
        """
        gateways = group.makegateways(["popen"] * 2)
        from xnet_group import MultiChannel
        source = "channel.send(channel.receive())"
        channels = MultiChannel([gateway.remote_exec(source) for gateway in gateways])
        queue = channels.make_receive_queue(endmarker="end")
        soon(channels.send_each, "item")
        print(sorted(queue.get(timeout=200)[1] for _ in range(4)))
        channels.waitclose()
        group.terminate(100)
        """,
    )
    assert lines == ["['end', 'end', 'item', 'item']"]


@with_each
@in_two_ways
def test_a_death_is_heard_of_with_its_signal(library: str, beginning: str) -> None:
    lines = run_green(
        library,
        beginning,
        """
        import os, signal
        if lib.__name__ == "gevent":
            # From now on its loop reaps every child of this process, if it is quicker than we are.
            import gevent.subprocess
            gevent.subprocess.call([sys.executable, "-c", "pass"])
        for _ in range(5):
            gateway = group.makegateway("popen")
            channel = gateway.remote_exec("channel.receive()")
            os.kill(gateway.pid, signal.SIGKILL)
            try:
                channel.waitclose(200)
            except EOFError as error:
                print(str(error).replace(str(gateway.pid), "PID").replace(gateway.id, "ID"))
        group.terminate(100)
        """,
    )
    killed = "gateway ID: its process (pid PID) was killed by signal 9 (SIGKILL)"
    taken = (
        "gateway ID: the connection has ended; its process (pid PID) has ended; its exit status is unknown"
    )
    taken += " because another part of this program has taken it"
    allowed = {killed, taken} if library == "gevent" else {killed}
    assert len(lines) == 5
    assert set(lines) <= allowed
    assert killed in lines or library == "gevent"


#: How another part of a program may have used greenlets; each ends with a group of threads.
OTHERS_USED = {
    "another-group": (
        "from xnet_group import Group\nother = Group(execmodel={name!r})\n"
        "channel = other.makegateway('popen//execmodel=thread').remote_exec('channel.send(1)')\n"
        "assert channel.receive(200) == 1\n"
        "group = Group()\n"
    ),
    "another-group-with-callbacks": (
        "from xnet_group import Group, MultiChannel\nother = Group(execmodel={name!r})\n"
        "gateway = other.makegateway('popen//execmodel=thread')\n"
        "queue = MultiChannel([gateway.remote_exec('channel.send(1)')]).make_receive_queue()\n"
        "assert queue.get(timeout=200)[1] == 1\ngroup = Group()\n"
    ),
    "the-library": "sleep(0.01)\nfrom xnet_group import Group\ngroup = Group()\nsleep(0.01)\n",
    "imported": "from xnet_group import Group\ngroup = Group()\n",
}


@with_each
@pytest.mark.parametrize("beginning", OTHERS_USED)
def test_where_others_use_greenlets_threads_wait_for_callbacks(library: str, beginning: str) -> None:
    """The main thread waits for the system's queues, events and locks, and no greenlet runs meanwhile."""
    program = """
        import queue, threading
        from xnet_group import MultiChannel
        source = "channel.receive(); [channel.send(number) for number in range(3)]"
        gateways = group.makegateways(["popen", "popen"])
        channels = MultiChannel([gateway.remote_exec(source) for gateway in gateways])
        items = channels.make_receive_queue(endmarker="end")
        channels.send_each("go")  # nothing is here before: all comes while the queue is waited for
        got = [items.get(timeout=200)[1] for _ in range(8)]
        print(sorted(map(str, got)), isinstance(items, queue.Queue))
        came, ended = threading.Event(), threading.Event()
        channel = gateways[0].remote_exec("channel.receive(); channel.send(1)")
        channel.setcallback(lambda item: (came if item == 1 else ended).set(), endmarker="end")
        channel.send("go")
        print(came.wait(200), ended.wait(200))
        group.terminate(100)
    """
    assert run_green(library, OTHERS_USED[beginning], program) == [
        "['0', '0', '1', '1', '2', '2', 'end', 'end'] True",
        "True True",
    ]


@with_each
def test_relays_of_others_do_not_wait_for_greenlets(library: str) -> None:
    lines = run_green(
        library,
        "not-patched",
        """
        group.makegateways(["popen//id=master", "popen//via=master//id=behind"])
        channel = group["behind"].remote_exec("channel.send(channel.receive())")
        soon(channel.send, b"x" * 3_000_000)
        print(len(channel.receive(200)))
        group.terminate(100)
        """,
    )
    assert lines == ["3000000"]


@with_each
def test_a_program_may_end_without_ending_its_gateways(library: str) -> None:
    lines = run_green(
        library,
        "patched-first",
        """
        from xnet_group.default import makegateway
        gateway = makegateway()
        print(gateway.remote_exec("channel.send(1)").receive(200))
        """,
    )
    assert lines == ["1"]
