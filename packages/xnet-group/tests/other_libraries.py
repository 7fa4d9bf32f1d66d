"""Programs and workers in which other libraries have replaced functions of the standard library."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

PATIENCE_S = 50.0

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
    "monkeypatch": """
import builtins, os, select, selectors, signal, socket, subprocess, threading, time
import pytest
patch = pytest.MonkeyPatch()
def replaced(*arguments, **named):
    raise AssertionError("replaced")
for module, names in [
    (builtins, "open"),
    (os, "close dup dup2 fdopen fstat getpid kill mkdir open pidfd_open pipe read readv set_blocking stat"),
    (os, "_exit eventfd killpg set_inheritable waitid waitpid waitstatus_to_exitcode write writev"),
    (select, "epoll poll select"),
    (selectors, "DefaultSelector EpollSelector PollSelector"),
    (signal, "getsignal signal"),
    (socket, "create_connection fromfd socket socketpair"),
    (socket.socket, "accept close"),
    (subprocess, "Popen check_output run"),
    (subprocess.Popen, "__init__ _execute_child kill poll send_signal wait"),
    (threading, "Condition Event Lock RLock Thread Timer current_thread"),
    (threading.Thread, "__init__ join start"),
    (threading.Event, "set wait"),
    (time, "monotonic monotonic_ns perf_counter sleep time"),
]:
    for name in names.split():
        patch.setattr(module, name, replaced)
stop = patch.undo
""",
}
#: What has to be installed for it, if it is not this repository's tests alone that need it.
NEEDS = {"pyfakefs, default arguments too": "pyfakefs", "monkeypatch": "pytest"}
LIBRARIES = tuple(REPLACING)

#: The same interpreter under another name is one that gets a bare worker.
SIBLING = str(Path(sys.executable).with_name("python3"))
PLACES = {"full": "popen", "bare": f"popen//python={SIBLING}"}

#: What programs look at the time with: nobody replaces this one.
CLOCK = """
class REAL:
    from time import clock_gettime, CLOCK_MONOTONIC
def since(began=0.0):
    return REAL.clock_gettime(REAL.CLOCK_MONOTONIC) - began
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
        [sys.executable, "-c", CLOCK + textwrap.dedent(text), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
