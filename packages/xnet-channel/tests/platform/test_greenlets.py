"""Waits let other greenlets run: sessions in programs that use gevent or eventlet, and in all orders.

Both ends of a connection are in one thread here, so that every wait that blocked it would be for ever.
"""

from __future__ import annotations

import pytest

from background import Background
from green_programs import LIBRARIES, run_green
from xnet_channel.platform import greenlets, native

#: Makes both ends of a connection, and of two channels.
PAIR = """
from threads_helpers import Pair, PATIENCE_S
from xnet_channel.platform import greenlets
both = Pair()
ours, theirs = both.channels()
"""
USE = PAIR + "greenlets.use(lib.__name__)\n"

with_each = pytest.mark.parametrize("library", LIBRARIES)


@with_each
@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param("patch()\n" + PAIR, id="patched-first"),
        pytest.param("import xnet_channel.threads.session\npatch()\n" + PAIR, id="patched-after-the-import"),
        pytest.param(PAIR + "patch()\n", id="patched-when-connected"),
        pytest.param(USE, id="not-patched"),
    ],
)
def test_who_waits_lets_others_run(library: str, beginning: str) -> None:
    program = """
def answer():
    for number in range(3):
        sleep(0.03)
        theirs.send((number, theirs.receive()))
spawn(tick)
answering = spawn(answer)
for number in range(3):
    ours.send("x")
print([ours.receive() for _ in range(3)], bool(ticks))
wait(answering)
theirs.close()
ours.waitclose()
"""
    assert run_green(library, beginning + program) == "[(0, 'x'), (1, 'x'), (2, 'x')] True\n"


@with_each
def test_many_greenlets_wait_on_channels_of_their_own(library: str) -> None:
    program = """
channels = [both.channels() for _ in range(50)]
waiting = [spawn(here.receive) for here, _ in channels]
sleep(0)
for number, (_, there) in reversed(list(enumerate(channels))):
    there.send(number)
print([wait(one) for one in waiting] == list(range(50)))
"""
    assert run_green(library, USE + program) == "True\n"


@with_each
def test_times_and_ends_are_heard_of(library: str) -> None:
    program = """
import time
spawn(tick)
began = time.monotonic()
try:
    ours.receive(timeout=0.2)
except ours.TimeoutError as error:
    print(0.2 <= time.monotonic() - began < 60, bool(ticks))
ending = spawn(both.worker.close)
try:
    ours.receive()
except EOFError as error:
    print("EOFError", error)
"""
    assert run_green(library, USE + program).splitlines() == [
        "True True",
        "EOFError initiator: the other side ended the connection",
    ]


@with_each
def test_a_greenlet_that_is_ended_while_it_receives_loses_no_item(library: str) -> None:
    program = """
for _ in range(3):
    try:
        with time_limit(0.02):
            ours.receive()
    except Stop:
        print("stopped")
waiting = spawn(ours.receive)
sleep(0.02)
stop(waiting)
theirs.send("kept")
print(ours.receive(PATIENCE_S), ours._mailbox.waiters._waiters)
"""
    assert run_green(library, USE + program) == "stopped\nstopped\nstopped\nkept []\n"


@with_each
def test_who_sends_without_credit_or_more_than_the_kernel_takes_lets_others_run(library: str) -> None:
    program = """
def take():
    sizes = []
    for item in theirs:
        sizes.append(len(item))
        sleep(0.001)
    return sizes
taking = spawn(take)
for _ in range(8):
    ours.send(b"x" * 1_000_000)
ours.send_many([b"y" * 1000] * 3000)
ours.send(b"z" * 20_000_000)
ours.close()
sizes = wait(taking)
print(sizes[:8] == [1_000_000] * 8, sizes[8:-1] == [1000] * 3000, sizes[-1])
"""
    assert run_green(library, USE + program) == "True True 20000000\n"


@with_each
def test_callbacks_run_in_a_greenlet_one_at_a_time(library: str) -> None:
    program = """
from xnet_channel.platform import native
seen, inside = [], []
def take(item):
    inside.append(item)
    sleep(0.005)
    seen.append((item, len(inside), native.get_ident()))
    inside.clear()
theirs.send(0)
theirs.send(1)
second, feeds_second = both.channels()
ours.setcallback(take, endmarker="end")
second.setcallback(take, endmarker="end")
for number in range(2, 10):
    theirs.send(number)
    feeds_second.send(number)
theirs.close()
feeds_second.close()
print(ours.waitclose(PATIENCE_S), second.waitclose(PATIENCE_S))
print([item for item, *_ in seen[:2]], len(seen), {count for _, count, _ in seen})
print({ident for *_, ident in seen} == {native.get_ident()}, seen[-1][0])
failing, feeds_failing = both.channels()
failing.setcallback(lambda item: 1 / item)
feeds_failing.send(0)
try:
    feeds_failing.waitclose(PATIENCE_S)
except feeds_failing.RemoteError as error:
    print("ZeroDivisionError" in str(error))
"""
    assert run_green(library, USE + program).splitlines() == [
        "None None",
        "[0, 1] 20 {1}",
        "True end",
        "True",
    ]


@with_each
def test_threads_of_the_system_wait_as_ever(library: str) -> None:
    program = """
from xnet_channel.platform import native
from xnet_channel.platform.flag import Flag
got, done = [], Flag()
def receive():
    got.append(ours.receive(PATIENCE_S))
    ours.setcallback(got.append)
    theirs.send(2)
    done.set()
native.start_thread(receive, (), "receives")
spawn(tick)
theirs.send(1)
print(done.wait(PATIENCE_S), got[0])
while len(got) < 2:
    sleep(0.001)
print(got)
"""
    assert run_green(library, USE + program) == "True 1\n[1, 2]\n"


@with_each
def test_what_another_greenlet_takes_slowly_stays_bounded(library: str) -> None:
    """Spec: FC-042. To the rule about stalls a greenlet is what a thread is."""
    program = """
from xnet_channel.platform import native
slow, feeds_slow = both.channels()
def feed():
    try:
        for _ in range(100):
            feeds_slow.send(b"x" * 100_000)
    except OSError:
        pass
def take():
    slow.receive()
    sleep(1.5)
taking = spawn(take)
native.start_thread(feed, (), "feeds")
waiting = spawn(ours.receive)  # stalls after half a second
wait(taking)
print(slow._receiver.arrived < 1_300_000)
"""
    assert run_green(library, USE + program) == "True\n"


@with_each
def test_of_two_libraries_one_is_refused(library: str) -> None:
    other = LIBRARIES[1 - LIBRARIES.index(library)]
    program = f"""
for _ in range(2):
    try:
        greenlets.use({other!r})
    except ValueError as error:
        print(error)
    patch()
"""
    sentence = f"{other} cannot be used in a process that uses {library} already\n"
    assert run_green(library, USE + program) == sentence * 2
    sentence = f"{other} cannot be used in a process whose threads {library} has replaced\n"
    program = f"""
from xnet_channel.platform import greenlets
patch()
try:
    greenlets.use({other!r})
except ValueError as error:
    print(error)
"""
    assert run_green(library, program) == sentence


@with_each
def test_a_library_that_is_not_installed_is_named(library: str) -> None:
    program = f"""
from xnet_channel.platform import greenlets
for name in [{library!r}] + [name for name in sys.modules if name.startswith({library!r} + ".")]:
    sys.modules[name] = None
try:
    greenlets.use({library!r})
except ImportError as error:
    print(str(error).replace(sys.executable, "PYTHON"))
"""
    words = run_green(library, program)
    assert words.startswith(f"{library} cannot be imported by PYTHON: import of {library}")
    assert words.endswith(f"; install it there (python -m pip install {library})\n")


def test_a_process_that_uses_none_is_not_asked() -> None:
    assert greenlets.library is None
    assert not greenlets.run_here()
    assert greenlets.ident() == native.get_ident()
    assert Background(greenlets.ident).end() != greenlets.ident()
