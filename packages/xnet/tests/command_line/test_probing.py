from __future__ import annotations

import socket
import sys
import threading
import time

import pytest

from xnet.command_line import probing
from xnet_gateway.transports.base import Command
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec

PATIENCE_S = 200.0


def route(text: str) -> Command:
    spec = XSpec(text)
    found = find_transport(spec).route(spec)
    assert isinstance(found, Command)
    return found


@pytest.mark.parametrize("text", ["popen", "command=env"])
def test_what_is_there(text: str) -> None:
    found = probing.probe(route(text), PATIENCE_S)
    assert found.facts is not None
    assert found.facts["version"] == list(sys.version_info[:3])
    assert (found.noise, found.words, found.returncode, found.timed_out) == (b"", b"", 0, False)


def test_noise_in_front() -> None:
    found = probing.probe(
        route('command=sh -c \'printf noise; echo warned >&2; exec "$0" "$@"\''), PATIENCE_S
    )
    assert found.facts is not None
    assert (found.noise, found.words) == (b"noise", b"warned\n")


def test_one_that_says_nothing_and_one_that_never_stops() -> None:
    began_s = time.monotonic()
    found = probing.probe(route("command=sh -c 'sleep 600'"), 0.2)
    assert (found.facts, found.timed_out) == (None, True)
    found = probing.probe(route("command=sh -c 'yes'"), PATIENCE_S)
    assert found.facts is None
    assert not found.timed_out
    assert probing.KEPT_BYTES < len(found.noise) < 3 * probing.KEPT_BYTES
    assert time.monotonic() - began_s < PATIENCE_S


def test_one_that_ends_and_one_that_is_not_there() -> None:
    found = probing.probe(route("command=sh -c 'echo why >&2; exit 7'"), PATIENCE_S)
    assert (found.facts, found.returncode, found.words) == (None, 7, b"why\n")
    assert "cannot start '/no/such'" in probing.probe(route("command=/no/such"), PATIENCE_S).error


def test_first_words_of_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            for _ in range(2):
                with listener.accept()[0] as connection:
                    connection.sendall(b"SSH-2.0-x\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        assert probing.reach("127.0.0.1", port, PATIENCE_S, listens_first=True) == "SSH-2.0-x"
        assert probing.reach("127.0.0.1", port, PATIENCE_S) == ""
        thread.join(PATIENCE_S)
    with pytest.raises(ConnectionRefusedError):
        probing.reach("127.0.0.1", port, PATIENCE_S)
