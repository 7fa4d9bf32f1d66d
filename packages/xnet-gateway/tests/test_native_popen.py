"""Processes are started by the operating system's means in patched programs, too."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from gateway_helpers import PATIENCE_S
from xnet_gateway.native_popen import native_popen


def test_without_patches_it_is_the_standard_librarys() -> None:
    assert native_popen() is subprocess.Popen


@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_patched_it_is_none_of_the_librarys_and_raises_what_programs_catch(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here")
    program = """
import subprocess, sys, warnings
warnings.simplefilter("ignore")
if sys.argv[1] == "gevent":
    from gevent.monkey import patch_all as patch
else:
    from eventlet import monkey_patch as patch
if sys.argv[2] == "first":
    patch()
from xnet_gateway.native_popen import native_popen
patch()
made = native_popen()([sys.executable, "-c", "import sys; print(sys.stdin.read())"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
try:
    made.wait(0.01)
except subprocess.TimeoutExpired:
    print("TimeoutExpired")
made.stdin.write(b"written")
made.stdin.close()
print(made.stdout.read(), made.wait(20), isinstance(made, subprocess.Popen), native_popen() is native_popen())
"""
    for order in ("first", "second"):
        done = subprocess.run(
            [sys.executable, "-c", program, library, order],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.stdout.splitlines() == ["TimeoutExpired", "b'written\\n' 0 False True"], done.stderr
