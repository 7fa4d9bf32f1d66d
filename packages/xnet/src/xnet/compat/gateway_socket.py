"""``execnet.gateway_socket``: its inner classes have no counterpart; gateways over sockets do."""

from __future__ import annotations

from xnet.compat.absent import absent_class, absent_function
from xnet_gateway.errors import HostNotFound

__all__ = ["HostNotFound", "SocketIO", "create_io", "start_via"]

_INSTEAD = "makegateway('socket=HOST:PORT') or makegateway('socket//installvia=ID') makes such a gateway"
SocketIO = absent_class("execnet.gateway_socket.SocketIO", _INSTEAD)
create_io = absent_function("execnet.gateway_socket.create_io", _INSTEAD)
start_via = absent_function("execnet.gateway_socket.start_via", _INSTEAD)
