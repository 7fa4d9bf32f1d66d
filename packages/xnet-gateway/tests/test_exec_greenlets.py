"""Executed code in greenlets, in real workers of both kinds. Spec: GW-028."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_helpers import PATIENCE_S, Gateways, eventually
from green_workers import LIBRARIES, PLACES, green_spec
from xnet_channel.threads.errors import NeverBegunError, RemoteError
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway

CASES = [(library, place) for place in PLACES for library in LIBRARIES]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def green(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """One gateway for tests that leave it as it was."""
    factory = Gateways()
    yield factory(green_spec(*request.param))
    factory.end()


@pytest.fixture(params=CASES, ids="-".join)
def spec(request: pytest.FixtureRequest) -> str:
    return green_spec(*request.param)


def test_gw_028_many_at_once_in_the_main_thread(green: Gateway) -> None:
    source = """
import threading
main = threading.current_thread() is threading.main_thread()
channel.send((main, channel.gateway.execmodel.get_ident()))
channel.send(channel.receive())
"""
    channels = [green.remote_exec(source) for _ in range(100)]
    begun = [channel.receive(PATIENCE_S) for channel in channels]
    assert all(main for main, _ in begun)
    assert len({ident for _, ident in begun}) == 100
    status = green.remote_status()
    assert (status.numexecuting, status.numqueued) == (100, 0)
    assert status.execmodel == green.spec.execmodel
    for number, channel in enumerate(reversed(channels)):
        channel.send(number)
    assert [channel.receive(PATIENCE_S) for channel in reversed(channels)] == list(range(100))
    for channel in channels:
        channel.waitclose(PATIENCE_S)
    assert green.remote_status().numexecuting == 0


def test_gw_028_whatever_code_waits_for_others_run(green: Gateway) -> None:
    """Each wait ends by what another execution does meanwhile."""
    sides = green.newchannel(), green.newchannel()
    waiting = green.remote_exec("""
inner = channel.receive()
channel.send("begins")
try:
    inner.receive(timeout=0.05)
except inner.TimeoutError:
    channel.send("timeout")
channel.send(inner.receive())
inner.waitclose()
channel.send("closed")
for _ in range(5):
    channel.send(b"x" * 600000)     # more than the window
channel.send_many([1, 2, 3])
""")
    waiting.send(sides[0])
    assert waiting.receive(PATIENCE_S) == "begins"
    assert waiting.receive(PATIENCE_S) == "timeout"
    meanwhile = green.remote_exec("for item in channel: channel.send(item)")
    meanwhile.send(1)
    assert meanwhile.receive(PATIENCE_S) == 1
    sides[0].send("an item")
    assert waiting.receive(PATIENCE_S) == "an item"
    sides[0].close()
    assert waiting.receive(PATIENCE_S) == "closed"
    # It has no credit left now, or waits for the kernel.
    for number in range(100):
        meanwhile.send(number)
        assert meanwhile.receive(PATIENCE_S) == number
    assert [len(waiting.receive(PATIENCE_S)) for _ in range(5)] == [600000] * 5
    assert [waiting.receive(PATIENCE_S) for _ in range(3)] == [1, 2, 3]
    meanwhile.close()


def test_what_the_library_has_works_between_executions(green: Gateway) -> None:
    given = green.remote_exec("""
import sys
model = channel.gateway.execmodel
sys.modules["shared"] = shared = type(sys)("shared")
shared.queue, shared.event, shared.lock = model.queue.Queue(), model.Event(), model.RLock()
channel.send((model.backend, repr(model), model.socket.__name__, model.subprocess.__name__))
model.sleep(0.01)
with shared.lock, shared.lock:
    channel.send(shared.queue.get(timeout=200))
    shared.event.set()
done = model.Event()
seen = []
def beside(value):
    seen.append((value, model.get_ident()))
    done.set()
model.start(beside, (3,))
done.wait(200)
channel.send((seen[0][0], seen[0][1] != model.get_ident()))
""")
    library = green.spec.execmodel
    backend, text, socket, subprocess = given.receive(PATIENCE_S)
    assert (backend, text) == (library, f"<ExecModel {library!r}>")
    assert socket.startswith(library)
    assert subprocess.startswith(library)
    taking = green.remote_exec("""
import shared
shared.queue.put("from the other")
channel.send(shared.event.wait(200) is not False)
""")
    assert given.receive(PATIENCE_S) == "from the other"
    assert taking.receive(PATIENCE_S) is True
    assert given.receive(PATIENCE_S) == (3, True)


def test_files_of_the_model_let_others_run(green: Gateway) -> None:
    channel = green.remote_exec("""
import os
model = channel.gateway.execmodel
for mode, sent in (("", u"t\\xe9xt\\n"), ("b", b"bytes\\n")):
    read, write = os.pipe()
    read, write = model.fdopen(read, "r" + mode), model.fdopen(write, "w" + mode)
    def put():
        write.write(sent)
        write.close()
    model.start(put)
    channel.send(read.read())
    read.close()
""")
    assert channel.receive(PATIENCE_S) == "t\xe9xt\n"
    assert channel.receive(PATIENCE_S) == b"bytes\n"


def test_callbacks_run_in_a_greenlet_of_the_main_thread(green: Gateway) -> None:
    channel = green.remote_exec("""
import threading
model = channel.gateway.execmodel
seen = model.queue.Queue()
def take(item):
    model.sleep(0.001)
    seen.put((item, threading.current_thread() is threading.main_thread()))
channel.setcallback(take, endmarker="end")
channel.send([seen.get(timeout=200) for _ in range(4)])
""")
    for number in range(4):
        channel.send(number)
    assert channel.receive(PATIENCE_S) == [(number, True) for number in range(4)]


def test_frames_are_acted_on_while_a_greenlet_lets_nobody_run(green: Gateway, tmp_path: Path) -> None:
    """Spec: GW-005."""
    flag = tmp_path / "flag"
    busy = green.remote_exec("""
import os, time
path = channel.receive()
channel.send("busy")
while not os.path.exists(path):
    pass
""")
    busy.send(str(flag))
    assert busy.receive(PATIENCE_S) == "busy"
    assert green.remote_status().numexecuting == 1
    assert green._rinfo(update=True).pid
    waits = green.remote_exec("channel.send('after all')")
    assert eventually(lambda: green.remote_status().numqueued in (0, 1))
    flag.touch()
    assert waits.receive(PATIENCE_S) == "after all"


def test_errors_have_their_traceback_and_ends_are_told(green: Gateway) -> None:
    with pytest.raises(RemoteError, match=r"(?s)line 2, in <module>.*ZeroDivisionError"):
        green.remote_exec("\n1/0").waitclose(PATIENCE_S)
    with pytest.raises(RemoteError, match="SystemExit"):
        green.remote_exec("import sys; sys.exit(3)").waitclose(PATIENCE_S)
    source = f"import {green.spec.execmodel} as lib; channel.send(1); lib.getcurrent().throw()"
    ended = green.remote_exec(source)
    with pytest.raises(RemoteError, match="GreenletExit"):
        ended.waitclose(PATIENCE_S)
    assert green.remote_status().numexecuting == 0


def test_a_coroutine_runs_beside_them(green: Gateway) -> None:
    """Spec: GW-026."""
    channel = green.remote_exec("""
import asyncio
await asyncio.sleep(0)
await channel.asend(await channel.areceive())
raise ValueError("it failed")
""")
    meanwhile = green.remote_exec("for item in channel: channel.send(item)")
    meanwhile.send(1)
    assert meanwhile.receive(PATIENCE_S) == 1
    channel.send("item")
    assert channel.receive(PATIENCE_S) == "item"
    with pytest.raises(RemoteError, match=r"(?s)line 5, in <module>.*ValueError: it failed"):
        channel.waitclose(PATIENCE_S)
    meanwhile.close()


@pytest.mark.parametrize("model", ["its-own", "thread"])
def test_code_that_patches_goes_on_as_before(spec: str, model: str, gateways: Gateways) -> None:
    """Also in a worker of threads, where the channels of such code let its greenlets run from then on."""
    library = spec.rpartition("=")[2]
    gateway = gateways(spec if model == "its-own" else spec.rpartition("//")[0])
    channel = gateway.remote_exec(f"""
import warnings
warnings.simplefilter("ignore")
if {library!r} == "gevent":
    from gevent import monkey, spawn, sleep
    monkey.patch_all()
else:
    import eventlet
    from eventlet import spawn, sleep
    eventlet.monkey_patch()
inner = channel.receive()
def answer():
    sleep(0.01)
    channel.send("a greenlet")
spawn(answer)
channel.send(inner.receive())
import subprocess, sys, threading, queue
items = queue.Queue()
inner.setcallback(items.put, endmarker="end")
channel.send([items.get(timeout=200) for _ in range(2)])
threading.Thread(target=channel.send, args=("a thread",)).start()
channel.send(subprocess.check_output([sys.executable, "-c", "print(1)"]))
""")
    inner = gateway.newchannel()
    channel.send(inner)
    assert channel.receive(PATIENCE_S) == "a greenlet"
    inner.send(1)
    assert channel.receive(PATIENCE_S) == 1
    inner.send(2)
    inner.close()
    assert channel.receive(PATIENCE_S) == [2, "end"]
    assert {channel.receive(PATIENCE_S) for _ in range(2)} == {"a thread", b"1\n"}
    channel.waitclose(PATIENCE_S)
    again = gateway.remote_exec("channel.send(channel.receive())")
    again.send(b"x" * 3_000_000)
    assert len(again.receive(PATIENCE_S)) == 3_000_000
    again.waitclose(PATIENCE_S)
    assert gateway.remote_status().numexecuting == 0
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0


def test_ctrl_c_interrupts_what_executes(spec: str, gateways: Gateways) -> None:
    gateway = gateways(spec)
    waiting = [
        gateway.remote_exec("""
try:
    channel.send("begun")
    channel.receive()
except KeyboardInterrupt:
    channel.send("interrupted")
    raise
""")
        for _ in range(3)
    ]
    for channel in waiting:
        assert channel.receive(PATIENCE_S) == "begun"
    # All of them if they wait; if one runs just then, that one.
    left = 3
    while left:
        os.kill(gateway.pid, signal.SIGINT)
        assert eventually(lambda left=left: gateway.remote_status().numexecuting < left)  # type: ignore[misc]
        left = gateway.remote_status().numexecuting
    for channel in waiting:
        assert channel.receive(PATIENCE_S) == "interrupted"
        with pytest.raises(RemoteError, match="keyboard-interrupted"):
            channel.waitclose(PATIENCE_S)
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    assert eventually(lambda: gateway.remote_status().numexecuting == 0)
    os.kill(gateway.pid, signal.SIGINT)
    if "python=" in spec:  # the bare worker takes no notice while nothing executes, with greenlets or without
        try:
            assert gateway.remote_exec("channel.send(2)").receive(PATIENCE_S) == 2
        except NeverBegunError:  # the worker saw the signal only now: it ended what was about to begin
            assert gateway.remote_exec("channel.send(2)").receive(PATIENCE_S) == 2
    else:
        assert gateway.wait(PATIENCE_S) == 0


@pytest.mark.slow
def test_gr_003_code_that_does_not_end_is_interrupted(spec: str, gateways: Gateways, tmp_path: Path) -> None:
    """Spec: GR-003, GW-028: those that wait and the one that keeps the others from running."""
    gateway = gateways(spec)
    waits = "channel.gateway.execmodel.sleep(100)"
    for name, wait in (("waits0", waits), ("waits1", waits), ("busy", "while True: pass")):
        channel = gateway.remote_exec(f"""
try:
    channel.send("begun")
    {wait}
except KeyboardInterrupt:
    open({str(tmp_path / name)!r}, "w").close()
    raise
""")
        assert channel.receive(PATIENCE_S) == "begun"
    began_s = time.monotonic()
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0
    assert time.monotonic() - began_s > 4.9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["busy", "waits0", "waits1"]


def test_the_end_of_the_initiator_ends_code_that_waits(spec: str, gateways: Gateways) -> None:
    """Spec: GR-003: code that waits to receive sees the end."""
    gateway = gateways(spec)
    channels = [gateway.remote_exec("channel.send(1); channel.receive()") for _ in range(5)]
    assert [channel.receive(PATIENCE_S) for channel in channels] == [1] * 5
    gateway.session.close()
    assert gateway.wait(PATIENCE_S) == 0


def test_a_gateway_behind_one_with_greenlets(spec: str, gateways: Gateways) -> None:
    master = gateways(f"{spec}//id=master")
    behind = gateways(f"{spec}//via=master//id=behind", master)
    channel = behind.remote_exec("channel.send(channel.receive())")
    channel.send(b"x" * 3_000_000)
    assert len(channel.receive(PATIENCE_S)) == 3_000_000
    assert master.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_a_gateway_behind_one_whose_threads_are_replaced_is_refused(spec: str, gateways: Gateways) -> None:
    library = spec.rpartition("=")[2]
    master = gateways(f"{spec}//id=master")
    patch = "from gevent.monkey import patch_all as patch"
    if library == "eventlet":
        patch = "import warnings\nwarnings.simplefilter('ignore')\nfrom eventlet import monkey_patch as patch"
    master.remote_exec(f"{patch}\npatch()").waitclose(PATIENCE_S)
    with pytest.raises(
        HostNotFound, match=rf"(?s)through gateway master.*{library} has replaced the threads"
    ):
        gateways("popen//via=master//id=behind", master)
    assert master.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_a_library_that_is_not_installed_is_named(spec: str, gateways: Gateways, tmp_path: Path) -> None:
    """Spec: HS-022."""
    library = spec.rpartition("=")[2]
    (tmp_path / f"{library}.py").write_text(f"raise ImportError('No module named {library}')")
    with pytest.raises(HostNotFound) as caught:
        gateways(f"{spec}//env:PYTHONPATH={tmp_path}")
    words = str(caught.value)
    assert re.search(rf"execmodel.*{library} cannot be imported by .*python", words), words
    assert f"No module named {library}; install it there (python -m pip install {library})" in words


def test_a_forked_child_leaves_the_connection_alone(spec: str, gateways: Gateways) -> None:
    gateway = gateways(spec)
    channel = gateway.remote_exec("""
import os
pid = os.fork()
if pid == 0:
    try:
        channel.send("from the child")
    except OSError:
        os._exit(5)
    os._exit(6)
channel.send(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
channel.send(channel.receive())
""")
    assert channel.receive(PATIENCE_S) == 5
    channel.send("still there")
    assert channel.receive(PATIENCE_S) == "still there"


def test_an_execution_that_is_large(green: Gateway) -> None:
    text = "x" * 2_000_000
    assert green.remote_exec(f"channel.send(len({text!r}))").receive(PATIENCE_S) == 2_000_000


def function(channel: Any, count: int) -> None:
    from_there = [channel.receive() for _ in range(count)]
    channel.send(from_there)


def test_a_function(green: Gateway) -> None:
    channel = green.remote_exec(function, count=3)
    for number in range(3):
        channel.send(number)
    assert channel.receive(PATIENCE_S) == [0, 1, 2]
