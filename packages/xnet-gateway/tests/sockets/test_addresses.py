"""Addresses as users write them."""

from __future__ import annotations

import pytest

from xnet_gateway.sockets.addresses import (
    format_host_port,
    is_loopback,
    is_path,
    parse_host_port,
    peer_name,
    resolve,
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("localhost:8888", "localhost", 8888),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("[::1]:8888", "::1", 8888),
        ("[fe80::1%eth0]:1", "fe80::1%eth0", 1),
        (":8888", "0.0.0.0", 8888),
        ("*:8888", "0.0.0.0", 8888),
        ("[::]:65535", "::", 65535),
    ],
)
def test_host_and_port(text: str, host: str, port: int) -> None:
    assert parse_host_port(text) == (host, port)
    assert parse_host_port(format_host_port(host, port)) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", "host", "8888", "host:", "host:x", "host:-1", "host:65536", "::1:8888", "host:\u0663", "a\0b:1"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not HOST:PORT, as in localhost:8888"):
        parse_host_port(text)


def test_paths() -> None:
    assert is_path("/run/x")
    assert is_path("./x")
    assert not is_path("localhost:8888")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.1", "fe80::1%lo", "localhost", ""])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_resolving() -> None:
    assert resolve("127.0.0.1", 80)[0][1][:2] == ("127.0.0.1", 80)
    with pytest.raises(OSError, match="is not a valid host name"):
        resolve("a" * 64 + ".example", 80)


def test_peers() -> None:
    assert peer_name(("10.0.0.1", 5)) == "10.0.0.1:5"
    assert peer_name(("::1", 5, 0, 0)) == "[::1]:5"
    assert peer_name("") == "this machine"
