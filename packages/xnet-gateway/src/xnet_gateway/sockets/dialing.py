"""The client: from an address to a descriptor that carries the connection, in steps that can each fail."""

from __future__ import annotations

import socket

from xnet_channel.platform.interrupts import InterruptsLetThrough
from xnet_channel.platform.native import CLOCK
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.addresses import format_host_port, is_path, parse_host_port, resolve
from xnet_gateway.sockets.authentication import GIVING, AuthenticationError
from xnet_gateway.sockets.handshaking import meet_server
from xnet_gateway.sockets.peers import why_not_ours
from xnet_gateway.sockets.streams import PlainStream, left_s, tune

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.sockets.authentication import Parties
    from xnet_gateway.sockets.tls import TlsOptions
    from xnet_gateway.sockets.tls_stream import TlsStream

#: What to do if another user listens there.
NOT_OURS: Final = (
    "without a secret it must be the user of this program, or root; use secret_file= to give a secret"
)


def dial(
    address: str,
    *,
    secret: bytes | None,
    tls: TlsOptions | None,
    timeout_s: float,
    parties: Parties = GIVING,
) -> int:
    """Connect to a server, with TLS if asked for, and prove to each other that both know the secret.

    Args:
        address: ``HOST:PORT``, ``[IPV6]:PORT``, or the path of a unix socket.
        secret: What the server must know too; None for a server that asks for none.
        tls: How to protect the connection; None for in the clear.
        timeout_s: Seconds for all of it; but a name server that does not answer has its own timeouts.
        parties: Who meets: by default the other side gives us a worker.

    Returns:
        A descriptor that blocks, is not inherited, and carries what the worker says and hears. Closing it
        ends the connection.

    Raises:
        HostNotFound: It did not work; the text says which step failed and why, and its cause is the error
            of that step.
        ValueError: An argument is not valid: a bad address, a short secret, files of TLS that cannot be
            used (our caller's fault).

    Threads: any. With TLS, a daemon thread works for the connection until it ends.
    """
    deadline_s = CLOCK.monotonic() + timeout_s
    if is_path(address):
        sock = _connect_path(address, deadline_s)
        if secret is None and tls is None:
            _check_ours(sock, address)
    else:
        sock = _connect_host(address, deadline_s)
    return secure(sock, address, secret=secret, tls=tls, deadline_s=deadline_s, parties=parties)


def secure(
    sock: socket.socket,
    address: str,
    *,
    secret: bytes | None,
    tls: TlsOptions | None,
    deadline_s: float,
    parties: Parties = GIVING,
) -> int:
    """Do the same over an existing connection, however it leads to the address.

    Args:
        sock: Taken over: closed if this fails.
        address: Where it leads, for messages and for the name that the server's certificate must have.
        secret: As for ``dial``.
        tls: As for ``dial``.
        deadline_s: Monotonic time at which all is over.
        parties: As for ``dial``.

    Raises:
        HostNotFound, ValueError: As for ``dial``.
    """
    try:
        stream = None if tls is None else _start_tls(sock, address, tls, deadline_s)
        try:
            with InterruptsLetThrough():
                meet_server(PlainStream(sock) if stream is None else stream, secret, deadline_s, parties)
        except AuthenticationError as error:
            raise _failed(address, "authentication", str(error)) from error
        except OSError as error:
            # With TLS 1.3, here is where one hears that the server did not like our certificate.
            words = _words(error)
            if stream is None:
                raise _failed(address, "authentication", words) from error
            from xnet_gateway.sockets.tls import describe, is_tls_error

            if is_tls_error(error):
                raise _failed(address, "TLS", f"the server ended it: {describe(error)}") from error
            raise _failed(address, "TLS, or authentication over it", words) from error
        sock.settimeout(None)
        if stream is None:
            return sock.detach()
        from xnet_gateway.sockets.tls_descriptor import pumped

        try:
            return pumped(stream, address)
        except RuntimeError as error:
            raise _failed(address, "TLS", str(error)) from error
    except BaseException:
        sock.close()
        raise


def _connect_path(path: str, deadline_s: float) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(left_s(deadline_s))
        with InterruptsLetThrough():
            sock.connect(path)
    except BaseException as error:
        sock.close()
        if not isinstance(error, OSError):
            raise
        hint = ""
        if isinstance(error, ConnectionRefusedError):
            hint = "; its server has ended without removing it"
        elif isinstance(error, PermissionError):
            hint = "; only the user who runs the server can connect"
        raise _failed(path, "connecting", f"{_words(error)}{hint}") from error
    return sock


def _check_ours(sock: socket.socket, path: str) -> None:
    """Say nothing to another user that listens at a path. Spec: SO-035."""
    try:
        problem = why_not_ours(sock, path)
    except OSError as error:
        problem = _words(error)
    if problem is not None:
        sock.close()
        raise _failed(path, "authentication", f"{problem}; {NOT_OURS}")


def _connect_host(address: str, deadline_s: float) -> socket.socket:
    host, port = parse_host_port(address)
    if not port:
        raise ValueError(f"the address {address!r} has the port 0, on which nothing can listen")
    try:
        with InterruptsLetThrough():
            found = resolve(host, port)
    except OSError as error:
        raise _failed(address, "resolving the name", _words(error)) from error
    failures = []
    for tried, (family, target) in enumerate(found):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            # One address that does not answer must not take the time of the others.
            sock.settimeout(left_s(deadline_s) / (len(found) - tried))
            with InterruptsLetThrough():
                sock.connect(target)
            tune(sock)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            failures.append(f"{_words(error)} at {format_host_port(*target[:2])}")
        else:
            return sock
    raise _failed(address, "connecting", "; ".join(failures))


def _start_tls(sock: socket.socket, address: str, tls: TlsOptions, deadline_s: float) -> TlsStream:
    import ssl

    from xnet_gateway.sockets.tls import client_context, describe
    from xnet_gateway.sockets.tls_stream import TlsStream

    name = tls.server_name or ("localhost" if is_path(address) else parse_host_port(address)[0])
    stream = TlsStream(sock, client_context(tls), server_side=False, server_name=name)
    try:
        with InterruptsLetThrough():
            stream.handshake(deadline_s)
    except ssl.SSLError as error:
        hint = ""
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
            hint = "; what answers there does not speak TLS"
        raise _failed(address, "TLS", f"{describe(error)}{hint}") from error
    except TimeoutError as error:
        raise _failed(address, "TLS", "the server did not answer in time") from error
    except OSError as error:
        raise _failed(address, "TLS", _words(error)) from error
    return stream


def _failed(address: str, step: str, words: str) -> HostNotFound:
    return HostNotFound(f"cannot reach {address}: {step} failed: {words}")


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    if isinstance(error, ConnectionResetError):
        return "the connection was reset"
    return error.strerror or str(error)
