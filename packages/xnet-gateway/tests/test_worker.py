"""The worker's own methods, as the code it executes sees them. Behaviour has its own files."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.gateway import Gateway
from xnet_gateway.worker import services
from xnet_gateway.worker.worker import PATH_CHARACTERS, information, sendable_path
from xnet_wire import values


def test_code_sees_its_gateway(shared: Gateway) -> None:
    def look(channel: Any) -> None:
        gateway = channel.gateway
        other = gateway.newchannel()
        event = gateway.execmodel.Event()
        event.set()
        channel.send((repr(gateway), gateway.id, event.is_set(), gateway.execmodel.backend, other))
        other.send("through the new one")

    answer = shared.remote_exec(look).receive(PATIENCE_S)
    assert answer[:4] == ("<WorkerGateway shared-worker>", "shared-worker", True, "thread")
    assert answer[4].receive(PATIENCE_S) == "through the new one"


def test_gw_004_languages_and_gw_060_services_are_features(shared: Gateway, bare: BareGateways) -> None:
    sent = bare(".".join(map(str, sys.version_info[:2])))
    own = [f"service.{name}" for name in services.available()]
    for gateway, names in ((shared, own), (sent, [])):
        features = gateway.session.connection.handshake.peer.features
        assert sorted(features) == sorted(["exec.python", *names, "python.strings", "surrogates"])


@pytest.mark.parametrize(
    ("spec", "break_it"),
    [
        ("popen", "channel.gateway.on_request = lambda *arguments: 1 // 0"),
        (
            f"command=env//python={sys.executable}",
            "channel.gateway._link.handlers[0] = lambda *arguments: 1 // 0",
        ),
    ],
)
def test_er_011_a_bug_while_reading_is_told_to_the_initiator(
    gateways: Gateways, spec: str, break_it: str
) -> None:
    """Spec: ER-011. The worker says why, and ends."""
    gateway = gateways(spec)
    waiting = gateway.remote_exec("channel.receive()")
    gateway.remote_exec(break_it).waitclose(PATIENCE_S)
    words = r"(?s)ended the connection with INTERNAL_ERROR: .*ZeroDivisionError: integer division or modulo"
    with pytest.raises(EOFError, match=words):
        gateway.remote_status(PATIENCE_S)
    with pytest.raises(EOFError, match=words):
        waiting.receive(PATIENCE_S)
    assert gateway.wait(PATIENCE_S) == 0


def test_gw_030_paths_are_made_sendable() -> None:
    assert sendable_path("") is sendable_path(None) is None
    assert sendable_path("/a/\udcff") == "/a/\ufffd"
    long = sendable_path("\U0001f600" * 100_000)
    assert long is not None
    assert len(long) == PATH_CHARACTERS


def test_gw_022_info_fits_the_smallest_window() -> None:
    answer = {
        **information(),
        "cwd": "\U0001f600" * PATH_CHARACTERS,
        "executable": "\u20ac" * PATH_CHARACTERS,
    }
    assert len(values.encode(answer)) + 64 <= 65_536
