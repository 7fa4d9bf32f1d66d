"""Addresses of servers in specifications."""

from __future__ import annotations

import pytest

from xnet_gateway.transports.base import Address
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec


def route(text: str) -> Address:
    spec = XSpec(text)
    found = find_transport(spec).route(spec)
    assert isinstance(found, Address)
    return found


def test_addresses() -> None:
    assert route("socket=localhost:8888").address == "localhost:8888"
    assert route("socket=[::1]:08888").address == "[::1]:8888"
    assert route("unix=/run/x").address == "/run/x"
    assert route("socket=a:1").tls is None
    assert route("socket=a:1//tls").tls == {}
    assert route("socket=a:1//tls_ca=/ca//tls_cert=/c//tls_key=/k").tls == {
        "ca": "/ca",
        "cert": "/c",
        "key": "/k",
    }
    assert route("unix=/run/x//secret_file=/s").secret_file == "/s"


@pytest.mark.parametrize(
    "text",
    [
        "socket",
        "socket=host",
        "socket=:1",
        "socket=a:0",
        "socket=a:65536",
        "socket=a:x",
        "unix",
        "unix=relative",
        "socket=a:1//tls_ca",
        "unix=/a//secret_file=",
    ],
)
def test_values_without_sense(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        route(text)


def test_a_secret_is_not_shown() -> None:
    assert "hush" not in repr(Address("a:1", secret=b"hush"))
