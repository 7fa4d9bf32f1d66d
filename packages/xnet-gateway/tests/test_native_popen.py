"""Processes are started by the operating system's means in patched programs, too."""

from __future__ import annotations

import importlib.util
import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from gateway_helpers import PATIENCE_S
from xnet_gateway import native_popen as native_popen_module
from xnet_gateway.native_popen import native_popen


def test_it_is_a_popen_as_programs_know_it() -> None:
    with native_popen()([sys.executable, "-c", "raise SystemExit(input())"], stdin=subprocess.PIPE) as made:
        assert isinstance(made, subprocess.Popen)
        with pytest.raises(subprocess.TimeoutExpired):
            made.wait(0.01)
        made.communicate(b"gone")
    assert made.returncode == 1


def test_it_starts_and_waits_whatever_was_replaced_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def replaced(*arguments: object, **named: object) -> None:
        raise AssertionError("replaced")

    for name in ("pipe", "read", "close", "waitpid", "kill", "open", "waitstatus_to_exitcode"):
        monkeypatch.setattr(os, name, replaced)
    for module, name in ((time, "monotonic"), (time, "sleep"), (io, "open"), (threading, "Lock")):
        monkeypatch.setattr(module, name, replaced)
    for name in ("__init__", "_execute_child", "poll", "wait", "send_signal"):
        monkeypatch.setattr(subprocess.Popen, name, replaced)
    monkeypatch.setattr(subprocess, "Popen", replaced)
    made = native_popen()([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with made.stdin, made.stdout:
        assert made.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            made.wait(0.05)
        made.terminate()
        assert made.wait(PATIENCE_S) == -signal.SIGTERM
        assert made.stdout.read() == b""


def test_without_the_code_of_the_module_it_is_the_one_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "__spec__", None)
    assert native_popen_module._make() is subprocess.Popen


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
print(made.stdout.read(), made.wait(200), end=" ")
print(isinstance(made, subprocess.Popen), native_popen() is native_popen())
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
