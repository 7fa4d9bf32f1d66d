"""``execnet.gateway_socket``: socket gateways come in a later version."""

from __future__ import annotations

from xnet.compat.absent import absent_class, absent_function
from xnet_gateway.errors import HostNotFound

__all__ = ["HostNotFound", "SocketIO", "create_io", "start_via"]

_LATER = "gateways over sockets come in a later version"
SocketIO = absent_class("execnet.gateway_socket.SocketIO", _LATER)
create_io = absent_function("execnet.gateway_socket.create_io", _LATER)
start_via = absent_function("execnet.gateway_socket.start_via", _LATER)
