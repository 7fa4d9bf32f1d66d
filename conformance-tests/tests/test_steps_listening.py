"""The listener of the runner, against sockets that connect to it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from runner_peer import PATIENCE_S
from xnet_conformance.scenario import run_steps

if TYPE_CHECKING:
    from runner_peer import Peer


def test_what_is_heard_comes_back_at_the_end(peer: Peer) -> None:
    scenario = peer.scenario()
    run_steps(scenario, [{"listen": {"as": "port"}}, {"listen": {"as": "path", "path": "s"}}])
    host, port = scenario.bindings["port"].split(":")
    by_path = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    by_path.settimeout(PATIENCE_S)
    by_path.connect(scenario.bindings["path"])
    for end in socket.create_connection((host, int(port)), PATIENCE_S), by_path:
        with end, end.makefile("rb") as file:
            end.sendall(b"these ")
            end.sendall(b"words")
            end.shutdown(socket.SHUT_WR)
            assert file.read() == b"heard these words"


def test_what_it_says_comes_first_and_is_all(peer: Peer) -> None:
    scenario = peer.scenario()
    run_steps(scenario, [{"listen": {"as": "port", "says": "first"}}])
    host, port = scenario.bindings["port"].split(":")
    with socket.create_connection((host, int(port)), PATIENCE_S) as end, end.makefile("rb") as file:
        assert file.read() == b"first"


def test_who_is_gone_does_not_listen(peer: Peer) -> None:
    scenario = peer.scenario()
    run_steps(scenario, [{"listen": {"as": "port", "gone": True}}])
    host, port = scenario.bindings["port"].split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), PATIENCE_S)
