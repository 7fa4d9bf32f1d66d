"""Programs and workers in which other libraries have replaced functions of the standard library."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from group_waits import PATIENCE_S

#: What each puts in its place; ``stop`` puts everything back.
REPLACING = {
    "freezegun": """
import freezegun
frozen = freezegun.freeze_time("2020-01-01")
frozen.start()
stop = frozen.stop
""",
    "time_machine": """
import time_machine
journey = time_machine.travel("2020-01-01", tick=False)
journey.start()
stop = journey.stop
""",
    "pyfakefs": """
from pyfakefs.fake_filesystem_unittest import Patcher
patcher = Patcher({arguments})
patcher.setUp()
stop = patcher.tearDown
""".replace("{arguments}", ""),
    "pyfakefs, default arguments too": """
from pyfakefs.fake_filesystem_unittest import Patcher
patcher = Patcher(patch_default_args=True)
patcher.setUp()
stop = patcher.tearDown
""",
    # What tests do with pytest's monkeypatch, all at once, on any Python.
    "monkeypatch": """
import os, select, signal, socket, subprocess, sys, threading, time
def replaced(*arguments, **named):
    raise AssertionError("replaced")
before = []
def replace(place, names):
    for name in names.split():
        if hasattr(place, name):
            before.append((place, name, getattr(place, name)))
            setattr(place, name, replaced)
def stop():
    for place, name, value in before:
        setattr(place, name, value)
replace(sys.modules.get("builtins", sys.modules.get("__builtin__")), "open")
replace(os, "_exit close dup dup2 eventfd fdopen fstat getpid kill killpg mkdir open pidfd_open pipe")
replace(os, "read readv set_blocking set_inheritable stat waitid waitpid waitstatus_to_exitcode write writev")
replace(select, "epoll poll select")
replace(sys.modules.get("selectors"), "DefaultSelector EpollSelector PollSelector")
replace(signal, "getsignal signal")
replace(socket.socket, "accept close")
replace(socket, "create_connection fromfd socket socketpair")
replace(subprocess.Popen, "__init__ _execute_child kill poll send_signal wait")
replace(subprocess, "Popen check_output run")
replace(threading.Thread, "__init__ join start")
replace(threading.Event, "set wait")
replace(threading, "Condition Event Lock RLock Thread Timer current_thread")
replace(time, "monotonic monotonic_ns perf_counter sleep time")
""",
}
#: What has to be installed for it, if it is not this repository's tests alone that need it.
NEEDS = {"pyfakefs, default arguments too": "pyfakefs", "monkeypatch": "os"}
LIBRARIES = tuple(REPLACING)

#: The same interpreter under another name is one that gets a bare worker.
SIBLING = str(Path(sys.executable).with_name("python3"))
PLACES = {"full": "popen", "bare": f"popen//python={SIBLING}"}

#: What the time is looked at with, whatever comes later: nobody looks into classes.
REAL = """
class REAL(object):
    import time
    now = getattr(time, "monotonic", time.time)
"""


def replacing(library: str) -> str:
    """Return the text that has the library replace what it replaces; skip where it is not installed."""
    if importlib.util.find_spec(NEEDS.get(library, library)) is None:
        pytest.skip(f"{NEEDS.get(library, library)} is not installed here")
    return REPLACING[library]


def spec_of(place: str) -> str:
    """Return a specification for a worker of packages or of one file."""
    if place == "bare" and (sys.executable == SIBLING or not Path(SIBLING).exists()):
        pytest.skip("needs python3 beside the interpreter that runs this")
    return PLACES[place]


def run_program(text: str, *arguments: str) -> list[str]:
    """Run a program of its own and return the lines that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", REAL + textwrap.dedent(text), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
