"""A gateway for each cell, shared by the tests that leave it as it was."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS
from matrix.cells import CELLS, Cell
from matrix.greenlets import LIBRARIES, environment_of
from matrix.ways import PATIENCE_S, Places, reached
from sshd_helpers import Sshd
from xnet import Gateway

#: Reaches the interpreter of a cell once more, with variables for the worker.
Reach = Callable[..., contextlib.AbstractContextManager[Gateway]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a cell in each of them, cell after cell."""
    if "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", CELLS, ids=str, scope="module")


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Places]:
    def start_sshd() -> Path:
        server: Sshd = request.getfixturevalue("sshd")
        return server.config

    found = Places(tmp_path_factory.mktemp("places"), start_sshd)
    yield found
    found.close()


@pytest.fixture(scope="module")
def python(cell: Cell) -> str:
    """Return the path of the cell's interpreter, or skip."""
    path: str | None = INTERPRETERS[cell.version]
    if not cell.way.any_python:
        path = sys.executable
    elif cell.model in LIBRARIES:
        path = environment_of(cell.version) or path
    if path is None:
        pytest.skip(f"needs the interpreter {cell.version}, see tools/dev.py interpreters")
    if cell.model in LIBRARIES and not has_module(path, cell.model):
        pytest.skip(f"needs {cell.model} in the interpreter {cell.version}")
    return path


@pytest.fixture(scope="module")
def reach(cell: Cell, python: str, places: Places) -> Reach:
    """Return what reaches the interpreter of the cell."""
    return lambda **env: reached(cell.way, places, python, cell.model, **env)


@pytest.fixture(scope="module")
def gateway(reach: Reach) -> Iterator[Gateway]:
    with reach() as found:
        yield found


def has_module(python: str, name: str) -> bool:
    command = [python, "-c", f"import {name}"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, check=False)
    return done.returncode == 0
