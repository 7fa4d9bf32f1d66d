"""A wait of one greenlet, with each library; what sessions make of it is in test_greenlets.py."""

from __future__ import annotations

import pytest

from green_programs import LIBRARIES, run_green

BEGIN = """
from xnet_channel.platform import native
from xnet_channel.platform.greenlets_{library} import {library_class}
library = {library_class}()
"""


def run(library: str, program: str) -> str:
    return run_green(library, BEGIN.format(library=library, library_class=library.capitalize()) + program)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_thread_without_greenlets_has_none_and_its_loop_cannot_wait(library: str) -> None:
    program = """
print(library.runs_here(), library.begin_here(), library.runs_here())
seen = []
def look():
    seen.append(library.runs_here())
def look_in_loop():
    seen.append(library.runs_here())
native.start_thread(look, (), "looks")
if lib.__name__ == "gevent":
    lib.get_hub().loop.run_callback(look_in_loop)
else:
    lib.hubs.get_hub().schedule_call_global(0, look_in_loop)
while len(seen) < 2:
    sleep(0.001)
print(seen)
"""
    assert run(library, program) == "False None True\n[False, False]\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_wake_up_is_kept_however_early_and_however_often(library: str) -> None:
    program = """
for _ in range(3):
    waiter = library.make_waiter()
    waiter.release()
    waiter.release()
    waiter.acquire(True, -1)
    waiter.close()
other = library.make_waiter()
other.close()
def wake(waiter):
    waiter.release()
for _ in range(200):
    waiter = library.make_waiter()
    native.start_thread(wake, (waiter,), "wakes")
    waiter.acquire(True, -1)
    waiter.close()
print("woken")
"""
    assert run(library, program) == "woken\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_wait_has_an_end(library: str) -> None:
    program = """
import time
spawn(tick)
began = time.monotonic()
waiter = library.make_waiter()
waiter.acquire(True, 0.1)
waiter.close()
print(0.09 < time.monotonic() - began < 60, bool(ticks))
waiter = library.make_waiter()
waiter.acquire(True, 0.0)
waiter.close()
"""
    assert run(library, program) == "True True\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_each_greenlet_has_a_number_and_runs_what_it_is_given(library: str) -> None:
    program = """
seen = []
def look(*numbers):
    seen.append((numbers, library.ident() != mine, library.ident() == library.ident()))
mine = library.ident()
library.spawn(look, 1, 2)
sleep(0.01)
print(seen)
"""
    assert run(library, program) == "[((1, 2), True, True)]\n"
