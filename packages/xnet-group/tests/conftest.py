"""Groups of real gateways; whatever a test leaves is ended quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from xnet_group import Group

if TYPE_CHECKING:
    from collections.abc import Iterator


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
