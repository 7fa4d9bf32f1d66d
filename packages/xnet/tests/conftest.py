"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from execnet_twins import Twins, make_twins


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Both implementations, each with a gateway for the tests of a file."""
    yield from make_twins()
