"""Gateways for tests; whatever a test started is gone after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rsync_helpers import WANTED, Gateways, find_interpreter
from xnet_gateway.gateway import Gateway


@pytest.fixture
def gateways() -> Iterator[Gateways]:
    """Start gateways by calling it with a specification."""
    factory = Gateways()
    yield factory
    factory.end()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """One gateway for the tests of a file that leave it as it was."""
    factory = Gateways()
    yield factory("popen//id=shared")
    factory.end()


@pytest.fixture(scope="module", params=WANTED)
def worker(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """One gateway for each interpreter, for the tests of a file that leave it as it was."""
    factory = Gateways()
    yield factory(f"popen//id=bare{request.param}//python={find_interpreter(request.param)}")
    factory.end()
