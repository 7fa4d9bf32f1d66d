"""Connections for the tests of the runner: the test is the testee, at the other end of a real socket."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner_peer import PATIENCE_S, Peer
from xnet_conformance.case import Case
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.link import start
from xnet_conformance.scenario import Scenario, run_steps
from xnet_conformance.session import Session


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., Peer]]:
    """Make connections, with the arguments of ``Peer``."""
    made: list[Peer] = []

    def make(*args: object, **fields: object) -> Peer:
        made.append(Peer(*args, **fields))  # type: ignore[arg-type]
        made[-1].scratch = str(tmp_path)
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def peer(connect: Callable[..., Peer]) -> Peer:
    """Make a connection to a worker, after both HELLOs."""
    return connect()


@pytest.fixture
def run_with() -> Iterator[Callable[..., Scenario]]:
    """Start a program of Python's and run steps of a case on it."""
    links = []

    def run(
        source: str, *steps: dict[str, Any], within: float = PATIENCE_S, scratch: Path | None = None
    ) -> Scenario:
        link = start(shlex.join([sys.executable, "-S", "-c", source]))
        links.append(link)
        case = Case(id="a.b", layer="group", req=("GR-001",), steps=())
        scenario = Scenario(case, Session(link, "worker"), Fixtures("python"), time.monotonic() + within)
        scenario.scratch = str(scratch or "")
        run_steps(scenario, steps)
        return scenario

    yield run
    for link in links:
        link.close()
