"""Groups of real gateways; whatever a test leaves is ended quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from group_waits import busy
from xnet_group import Group, termination

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def time_to_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what is killed as much longer as programs share a processor."""
    monkeypatch.setattr(termination, "KILL_WAIT_S", termination.KILL_WAIT_S * busy())


@pytest.fixture
def group() -> Iterator[Group]:
    made = Group()
    yield made
    made.terminate(timeout=1.0)


@pytest.fixture(scope="module")
def three() -> Iterator[Group]:
    """Three gateways that tests only run code in."""
    made = Group(["popen//id=a", "popen//id=b", "popen//id=c"])
    yield made
    made.terminate(timeout=1.0)
