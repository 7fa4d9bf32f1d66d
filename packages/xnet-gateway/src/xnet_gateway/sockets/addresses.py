"""Addresses as users write them: ``HOST:PORT``, ``[::1]:PORT`` or the path of a unix socket."""

from __future__ import annotations

import ipaddress
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What stands for all addresses of this machine.
_ANY: Final = {"": "0.0.0.0", "*": "0.0.0.0"}


def is_path(address: str) -> bool:
    """Say whether an address is the path of a unix socket: no name of a host has a slash."""
    return "/" in address


def parse_host_port(address: str) -> tuple[str, int]:
    """Return host and port; an IPv6 address stands in brackets.

    Raises:
        ValueError: It is something else (our caller's fault).
    """
    host, colon, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""  # an IPv6 address without brackets: where does it end?
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or "\0" in host:
        raise ValueError(
            f"the address {address!r} is not HOST:PORT, as in localhost:8888, [::1]:8888 or 10.0.0.7:8888"
        )
    return _ANY.get(host, host), int(port)


def format_host_port(host: str, port: int) -> str:
    """Return the text that ``parse_host_port`` reads."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """Return families and addresses for a host, in the order in which to try them.

    Raises:
        OSError: There are none (the caller's mistake, or the network's).
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of the name is empty or too long
        raise OSError(f"{host!r} is not a valid host name: {error}") from error
    return [(family, address) for family, _, _, _, address in found]  # type: ignore[misc]


def is_loopback(host: str) -> bool:
    """Say whether a numeric address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def peer_name(address: object) -> str:
    """Return what ``accept`` said about the other end, as text; a unix socket has no name."""
    if isinstance(address, tuple) and len(address) >= 2:
        return format_host_port(str(address[0]), int(address[1]))
    return "this machine"
