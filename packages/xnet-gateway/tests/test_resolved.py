"""What a specification leads to is found out once."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.resolved import resolve
from xnet_gateway.starting import begin
from xnet_gateway.transports import registry
from xnet_gateway.transports.base import Command, Transport
from xnet_gateway.transports.interpreters import worker_arguments
from xnet_gateway.xspec import XSpec


class Counted(Transport):
    """Leads to a worker here, and counts how often it was asked."""

    key = "counted"

    def __init__(self) -> None:
        self.asked = 0

    def route(self, spec: XSpec) -> Command:
        self.asked += 1
        return Command(worker_arguments(spec, sys.executable), "here")


@pytest.fixture
def counted() -> Iterator[Counted]:
    transport = Counted()
    registry.register(transport)
    yield transport
    del registry._transports[transport.key]


@pytest.mark.parametrize("more", ["", "//worker=cat", "//stderr=inherit", "//keepalive=9"])
def test_a_route_is_asked_for_once(counted: Counted, more: str) -> None:
    resolved = resolve(XSpec(f"counted=1{more}"))
    assert (resolved.key, resolved.transport, counted.asked) == ("counted", counted, 1)
    assert isinstance(resolved.route, Command)


def test_a_gateway_is_started_by_what_was_found_out(counted: Counted, gateways: Gateways) -> None:
    assert gateways("counted=1").remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
    assert counted.asked == 1
    spec = XSpec("counted=1//id=b")
    gateway = begin(spec, resolved=resolve(spec)).finish()
    gateways.started.append(gateway)
    assert counted.asked == 2


def test_the_usual_one_loads_no_transport_unless_it_is_wanted() -> None:
    usual, fully = resolve(XSpec("popen")), resolve(XSpec("popen"), fully=True)
    assert (usual.key, usual.transport, usual.route, usual.keepalive_s) == ("popen", None, None, 0.0)
    assert (fully.key, fully.keepalive_s) == ("popen", 0.0)
    assert isinstance(fully.route, Command)
    assert resolve(XSpec("popen//stdout=inherit"), fully=True).route is not None
    assert not usual.is_watched_by_ssh
    assert resolve(XSpec("ssh=there")).is_watched_by_ssh
    assert not resolve(XSpec("ssh=there//keepalive=0")).is_watched_by_ssh


def test_a_server_in_no_gateway_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="needs the gateway in which its server is started"):
        begin(XSpec("socket//installvia=nobody//id=x"))
