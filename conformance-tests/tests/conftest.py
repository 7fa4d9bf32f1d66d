"""Connections for the tests of the runner: the test is the testee, at the other end of a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner_peer import Peer


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
