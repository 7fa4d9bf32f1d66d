"""Gateways for tests; whatever a test started is gone after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attack_helpers import Victim, Victims
from bare_helpers import WANTED, BareGateways
from gateway_helpers import Gateways
from socket_helpers import SECRET, Certificates
from xnet_gateway.gateway import Gateway


@pytest.fixture
def gateways() -> Iterator[Gateways]:
    """Start gateways by calling it with a specification."""
    factory = Gateways()
    yield factory
    factory.end()


@pytest.fixture(scope="module")
def shared() -> Iterator[Gateway]:
    """One gateway for the tests of a file that leave it as it was."""
    factory = Gateways()
    yield factory("popen//id=shared")
    factory.end()


@pytest.fixture
def bare() -> Iterator[BareGateways]:
    """Start gateways by calling it with the version of an interpreter."""
    factory = BareGateways()
    yield factory
    factory.end()


@pytest.fixture(params=WANTED)
def version(request: pytest.FixtureRequest) -> str:
    """Run the test once for every interpreter."""
    return str(request.param)


@pytest.fixture(scope="module", params=WANTED)
def worker(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    """One gateway for each interpreter, for the tests of a file that leave it as it was."""
    factory = BareGateways()
    yield factory(request.param)
    factory.end()


@pytest.fixture
def version_of(worker: Gateway) -> str:
    """Return which interpreter the worker is."""
    return worker.id.removeprefix("bare")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for servers and clients, made by openssl."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    """Make servers and listeners to be attacked, which let in who knows ``SECRET``."""
    file = tmp_path / "the-secret"
    file.touch(0o600)
    file.write_bytes(SECRET)
    factory = Victims(str(file))
    yield factory
    factory.end()


@pytest.fixture(params=["server", "listener"])
def victim(request: pytest.FixtureRequest, victims: Victims) -> Victim:
    """Run the test for each kind of those who listen."""
    return victims(request.param)


@pytest.fixture(params=["server", "listener", "server TLS", "listener TLS"])
def any_victim(request: pytest.FixtureRequest, victims: Victims) -> Victim:
    """Run the test for each kind, with TLS and without."""
    kind, _, tls = request.param.partition(" ")
    return victims(kind, request.getfixturevalue("certificates") if tls else None)
