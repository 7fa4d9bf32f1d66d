"""The far end of a connection to a server: no process that anything is known of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xnet_gateway.sockets.tls import TlsOptions
    from xnet_gateway.transports.base import Address


class ServedWorker:
    """Stands for the process behind a connection, of which nothing but the connection is known.

    Threads: any.
    """

    pid = 0
    returncode: int | None = None
    #: It can be observed only through the connection, so there is nothing to wait for.
    exited = True

    def __init__(self, address: str) -> None:
        self.remoteaddress = address

    def when_exited(self, action: Callable[[], None]) -> None:
        """Do nothing: its end is not reported."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Return None at once: its end is not reported."""
        return None

    def kill(self) -> None:
        """Do nothing: the end of the connection is what ends it."""

    kill_now = kill

    def describe(self) -> str:
        """Return a sentence."""
        return f"it was reached at {self.remoteaddress}, where its server may know more"


def find_secret_of(address: Address) -> bytes | None:
    """Return the secret for an address, or None if none was given.

    Raises:
        ValueError: The file or the variable with it cannot be used.
    """
    from xnet_gateway.sockets.secrets_source import find_secret

    if address.secret is not None:
        return address.secret
    # A unix socket is protected by its directory; a secret meant for others is not offered to it.
    if address.secret_file is None and address.address.startswith("/"):
        return None
    return find_secret(address.secret_file)


def tls_of(address: Address) -> TlsOptions | None:
    """Return how to protect a connection to an address, or None for in the clear."""
    from xnet_gateway.sockets.tls import TlsOptions

    if address.tls is None:
        return None
    return TlsOptions(address.tls.get("ca"), address.tls.get("cert"), address.tls.get("key"))
