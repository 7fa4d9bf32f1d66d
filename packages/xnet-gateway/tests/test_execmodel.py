"""Execution model objects do what programs written for execnet ask of them."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import threading
import time

import pytest

from xnet_gateway.execmodel import ExecModel, get_execmodel
from xnet_gateway.models import EXECMODELS


@pytest.mark.parametrize("name", EXECMODELS)
def test_models_by_name(name: str) -> None:
    model = get_execmodel(name)
    assert isinstance(model, ExecModel)
    assert model.backend == name
    assert get_execmodel(model) is model
    assert get_execmodel(name) is model
    assert repr(model) == f"<ExecModel {name!r}>"


def test_modules_are_the_standard_librarys() -> None:
    model = get_execmodel("thread")
    assert (model.queue, model.socket, model.subprocess) == (queue, socket, subprocess)


def test_start_runs_in_a_daemon_thread() -> None:
    model = get_execmodel("thread")
    done = model.Event()
    seen: list[object] = []

    def run(value: int) -> None:
        seen.append((value, model.get_ident(), threading.current_thread().daemon))
        done.set()

    model.start(run, (3,))
    assert done.wait(200)
    assert seen[0] != (3, model.get_ident(), True)
    assert seen[0] == (3, seen[0][1], True)  # type: ignore[index]


def test_locks_are_threadings() -> None:
    model = get_execmodel("thread")
    with model.Lock() as held:
        assert held
    lock = model.RLock()
    with lock, lock:
        pass


def test_sleep_waits() -> None:
    began_s = time.monotonic()
    get_execmodel("thread").sleep(0.01)
    assert time.monotonic() - began_s >= 0.009


def test_files_over_descriptors() -> None:
    model = get_execmodel("thread")
    read, write = os.pipe()
    with model.fdopen(write, "w") as writer:
        writer.write("\u00e9\n")
    with model.fdopen(read, "rb") as reader:
        assert reader.read() == b"\xc3\xa9\n"


def test_unknown_models_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown execmodel 'trio' in get_execmodel"):
        get_execmodel("trio")
    with pytest.raises(ValueError, match="unknown execmodel None"):
        get_execmodel(None)  # type: ignore[arg-type]
