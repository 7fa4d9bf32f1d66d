"""The operating system's own, in programs that have not patched, will patch, or have patched."""

from __future__ import annotations

import _thread
import os
import posix
import select
import subprocess
import sys
import threading
import time
import types

import pytest

from green_programs import LIBRARIES, run_green
from programs import output_of
from threads_helpers import PATIENCE_S
from xnet_channel.platform import native

#: Prints whether everything is what it is without patches.
LOOK = """
from xnet_channel.platform import native
functions = (native.OS.read, native.allocate_lock, native.get_ident, native.poll, native.CLOCK.sleep)
kinds = {type(function).__name__ for function in functions}
print(kinds == {"builtin_function_or_method"}, native.RLock.__module__, native.patched_by())
poller = (native.epoll or native.poll)()
read, write = native.OS.pipe()
native.OS.write(write, b"some")
poller.register(read, 1)
print(type(poller).__name__, len(poller.poll(0)), native.OS.read(read, 9))
import threading
seen, idents, end = [], [], native.allocate_lock()
end.acquire()
def look():
    idents.append(native.get_ident())
    seen.append(threading.get_native_id() == threading.main_thread().native_id)
    end.release()
native.start_thread(look, (), "name")
end.acquire(True, 20)
print(seen, idents != [native.get_ident()], native.main_thread_ident() == native.get_ident())
"""
RIGHT = "True _thread {patched}\n{poller} 1 b'some'\n[False] True True\n"


def test_without_patches_it_is_the_standard_library() -> None:
    assert native.patched_by() is None
    assert native.original("select", "poll") is select.poll
    assert native.epoll is getattr(select, "epoll", None)
    assert (native.OS.read, native.OS.getpid, native.OS.O_RDWR) == (os.read, os.getpid, os.O_RDWR)
    assert (native.CLOCK.monotonic, native.CLOCK.sleep) == (time.monotonic, time.sleep)
    assert (native.RLock, native.allocate_lock, native.get_ident) == (
        _thread.RLock,
        _thread.allocate_lock,
        _thread.get_ident,
    )
    assert native.main_thread_ident() == threading.main_thread().ident
    with pytest.raises(AttributeError, match="no_such_name"):
        native.original("os", "no_such_name")


def test_a_thread_has_its_name_and_keeps_no_process_alive() -> None:
    seen: list[threading.Thread] = []
    done = threading.Event()

    def look(answer: int) -> None:
        seen.append(threading.current_thread())
        if answer == 42:
            done.set()

    native.start_thread(look, (42,), "xnet-some")
    assert done.wait(PATIENCE_S)
    assert (seen[0].name, seen[0].daemon) == ("xnet-some", True)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("order", ["patch()\n{}", "import xnet_channel.threads.session\npatch()\n{}"])
def test_whatever_is_patched_it_is_the_same(library: str, order: str) -> None:
    right = RIGHT.format(patched=library, poller="epoll" if hasattr(select, "epoll") else "poll")
    assert run_green(library, order.format(LOOK)) == right


def test_threads_that_carry_a_connection_can_be_hidden() -> None:
    program = """
import threading
from xnet_channel.platform import native
names, looked = [], threading.Semaphore(0)
def look():
    names.append([thread.name for thread in threading.enumerate()])
    looked.release()
native.Hiding.hides = True
for carries in (True, False):
    native.start_thread(look, (), "xnet-some", carries=carries)
    looked.acquire()
print(names)
"""
    assert output_of(program) == "[['MainThread'], ['MainThread', 'xnet-some']]\n"


def test_a_private_copy_is_another_module() -> None:
    copy = native.private_copy("bisect")
    import bisect

    assert copy is not bisect
    assert copy.insort is not None
    with pytest.raises(ImportError, match="there is no module 'no_such_module'"):
        native.private_copy("no_such_module")


def test_what_was_replaced_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(*arguments: object) -> None:
        raise AssertionError("replaced")

    for module, name in ((posix, "read"), (time, "monotonic"), (_thread, "RLock"), (select, "poll")):
        before = getattr(module, name)
        monkeypatch.setattr(module, name, replaced)
        found = native.original(module.__name__, name)
        assert (found.__name__, found.__module__) == (before.__name__, module.__name__)
        assert type(found) is type(before)
    if native.epoll is None:
        return
    monkeypatch.setattr(select, "epoll", replaced)
    remade = native.original("select", "epoll")()
    monkeypatch.delattr(select, "epoll")  # as eventlet does
    again = native._maybe_original("select", "epoll")()
    read, write = os.pipe()
    os.write(write, b"some")
    for poller in (remade, again):
        poller.register(read, select.POLLIN)
        assert poller.poll(0) == [(read, select.POLLIN)]
        poller.close()
    os.close(read)
    os.close(write)


def test_the_classes_keep_what_is_replaced_later(monkeypatch: pytest.MonkeyPatch) -> None:
    began_s = native.CLOCK.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    monkeypatch.setattr(os, "getpid", lambda: 0)
    assert native.CLOCK.monotonic() >= began_s
    assert native.OS.getpid() > 0
    assert not hasattr(native.OS, "no_such_call")


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (threading, "Event"),
        (threading, "_start_new_thread"),
        (threading.Thread, "__init__"),
        (threading.Thread, "start"),
        (threading.Event, "wait"),
        (threading, "Thread"),
    ],
)
def test_a_thread_is_started_once_whatever_was_replaced(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str
) -> None:
    def replaced(*arguments: object, **named: object) -> None:
        raise AssertionError("replaced")

    done = _thread.allocate_lock()
    done.acquire()
    runs: list[int] = []

    def run(number: int) -> None:
        runs.append(number)
        done.release()

    with monkeypatch.context() as patch:
        patch.setattr(place, name, replaced, raising=False)
        native.start_thread(run, (1,), "xnet-some")
        assert done.acquire(True, PATIENCE_S)
        native.start_thread(run, (2,), "xnet-other")
        assert done.acquire(True, PATIENCE_S)
    assert runs == [1, 2]


@pytest.mark.parametrize(
    "change",
    ["threading.settrace(lambda *call: 1 // 0)", "threading.Thread.run = None"],
    ids=["a trace function that raises", "no run"],
)
def test_a_thread_runs_whatever_is_called_before_it(change: str) -> None:
    """It ended before it began: a reactor was lost for the whole process, without a word to who waited."""
    program = f"""
import threading
from xnet_channel.platform.native import start_thread
{change}
ran = []
done = threading.Lock()
done.acquire()
start_thread(lambda: (ran.append(1), done.release()), (), "name")
assert done.acquire(timeout={PATIENCE_S})
assert ran == [1]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=PATIENCE_S)


def test_a_module_of_which_there_is_no_copy_to_be_made_is_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = types.ModuleType("made_up")  # nobody knows where it comes from
    monkeypatch.setitem(sys.modules, "made_up", made_up)
    assert native._remade("made_up") is made_up
