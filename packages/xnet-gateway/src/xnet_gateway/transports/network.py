"""``socket=HOST:PORT`` and ``unix=PATH``: servers that give an interpreter to each client.

Such a server is started with ``python -m xnet serve``, or in another gateway by ``installvia=``.
``listen=HOST:PORT`` is the other way round: ``python -m xnet connect`` brings us an interpreter.
"""

from __future__ import annotations

from xnet_gateway.transports.base import Address, Listen, Transport

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

#: How long the user has to go to the other machine and type a command there, in seconds.
LISTEN_S: Final = 600.0
LONGEST_LISTEN_S: Final = 86_400
#: Keys of a specification with files for TLS, and what they are called in ``Address.tls``.
TLS_KEYS: Final = {"tls_ca": "ca", "tls_cert": "cert", "tls_key": "key"}


class SocketTransport(Transport):
    """``socket=HOST:PORT``, with ``tls``, ``tls_ca=``, ``tls_cert=``, ``tls_key=``, ``secret_file=``."""

    key = "socket"
    network = True

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


class ListenTransport(Transport):
    """``listen=HOST:PORT`` or a path, with ``listen_timeout=`` and the keys of ``socket=``."""

    key = "listen"
    network = True

    def route(self, spec: XSpec) -> Listen:
        """See ``Transport.route``."""
        from xnet_gateway.sockets.addresses import is_path, parse_host_port

        if spec.via:
            raise ValueError(
                f"listen= and via= in the gateway specification {str(spec)!r}: the worker connects to us;"
                " expected only one of them"
            )
        try:
            if not isinstance(spec.listen, str):
                raise ValueError("it has no value")
            if not is_path(spec.listen):
                parse_host_port(spec.listen)
            elif not spec.listen.startswith("/") or "\0" in spec.listen:
                raise ValueError("a path must be absolute")
        except ValueError as error:
            raise ValueError(
                f"listen={spec.listen} in the gateway specification {str(spec)!r}: {error};"
                " expected HOST:PORT, as in listen=10.0.0.7:8888, where port 0 lets the system choose one,"
                " or the absolute path of a unix socket"
            ) from None
        tls = _tls(spec)
        if tls is not None and "cert" not in tls:
            raise ValueError(
                f"TLS without tls_cert= in the gateway specification {str(spec)!r}:"
                " the side that listens needs a certificate"
            )
        return Listen(
            spec.listen, secret_file=_file(spec, "secret_file"), tls=tls, timeout_s=_listen_timeout_s(spec)
        )


def _listen_timeout_s(spec: XSpec) -> float:
    value = spec.listen_timeout
    try:
        seconds = LISTEN_S if value is None else 0.0 if isinstance(value, bool) else float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_LISTEN_S:
        raise ValueError(
            f"listen_timeout={value} in the gateway specification {str(spec)!r}:"
            f" expected seconds, at most {LONGEST_LISTEN_S}"
        )
    return seconds


def check_address(spec: XSpec) -> str:
    """Return the value of ``socket=``.

    Raises:
        ValueError: It is not HOST:PORT (our caller's fault).
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
