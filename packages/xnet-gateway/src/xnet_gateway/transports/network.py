"""``socket=HOST:PORT`` and ``unix=PATH``: servers that give an interpreter to whoever connects.

Such a server is started with ``python -m xnet serve``, or in another gateway by ``installvia=``.
"""

from __future__ import annotations

from xnet_gateway.transports.base import Address, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

#: Keys of a specification with files for TLS, and what they are called in ``Address.tls``.
TLS_KEYS: Final = {"tls_ca": "ca", "tls_cert": "cert", "tls_key": "key"}


class SocketTransport(Transport):
    """``socket=HOST:PORT``, with ``tls``, ``tls_ca=``, ``tls_cert=``, ``tls_key=``, ``secret_file=``."""

    key = "socket"
    network = True

    def check(self, spec: XSpec) -> None:
        """See ``Transport.check``."""
        # With ``installvia=`` the address is known when its server has been started.
        if spec.installvia is None:
            self.route(spec)

    def route(self, spec: XSpec) -> Address:
        """See ``Transport.route``."""
        return Address(check_address(spec), secret_file=_file(spec, "secret_file"), tls=_tls(spec))


class UnixTransport(Transport):
    """``unix=PATH``: a server on this machine, or on that of ``via``."""

    key = "unix"

    def route(self, spec: XSpec) -> Address:
        """See ``Transport.route``."""
        path = spec.unix
        if not isinstance(path, str) or not path.startswith("/") or "\0" in path:
            given = "unix without a value" if path is True else f"unix={path}"
            raise ValueError(
                f"{given} in the gateway specification {str(spec)!r}:"
                " expected an absolute path, as in unix=/run/xnet.sock"
            )
        return Address(path, secret_file=_file(spec, "secret_file"))


def check_address(spec: XSpec) -> str:
    """Return the value of ``socket=``.

    Raises:
        ValueError: It is no HOST:PORT (our caller's fault).
    """
    value = spec.socket
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536 or "\0" in host:
        given = "socket without a value" if value is True else f"socket={value}"
        raise ValueError(
            f"{given} in the gateway specification {str(spec)!r}:"
            " expected HOST:PORT, as in socket=localhost:8888 or socket=[::1]:8888"
        )
    return f"{host}:{int(port)}"


def _tls(spec: XSpec) -> dict[str, str] | None:
    files = {option: _file(spec, key) for key, option in TLS_KEYS.items()}
    given = {option: file for option, file in files.items() if file is not None}
    return given if given or spec.tls else None


def _file(spec: XSpec, key: str) -> str | None:
    value = getattr(spec, key)
    if value is None:
        return None
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(
            f"{key} without a value in the gateway specification {str(spec)!r}: expected {key}=FILE"
        )
    return value
