"""Programs that use greenlets: what they begin with, and what they print."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from threads_helpers import PATIENCE_S

LIBRARIES = ("gevent", "eventlet")

#: In front of each program. ``ticks`` grows while other greenlets than ``tick`` wait.
_HEAD = """
import importlib, sys, warnings
sys.path[:0] = {path!r}
warnings.simplefilter("ignore")
lib = importlib.import_module({name!r})
spawn, sleep = lib.spawn, lib.sleep
def patch():
    if lib.__name__ == "gevent":
        from gevent import monkey
        monkey.patch_all()
    else:
        lib.monkey_patch()
def wait(greenlet):
    return greenlet.get() if lib.__name__ == "gevent" else greenlet.wait()
def stop(greenlet):
    greenlet.kill()
class Stop(BaseException):
    pass
def time_limit(seconds):
    return lib.Timeout(seconds, Stop)
ticks = []
def tick():
    while True:
        ticks.append(1)
        sleep(0.01)
"""


def run_green(library: str, program: str) -> str:
    """Run a program with one of the libraries and return what it printed; skip where there is none."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    path = [entry for entry in sys.path if entry.endswith("tests")]
    done = subprocess.run(
        [sys.executable, "-c", _HEAD.format(name=library, path=path) + program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
