"""Starting gateways: begin (start the process), then finish (wait for its handshake).

Two steps, so that a group can start all its processes before it waits for any.
"""

from __future__ import annotations

from xnet_gateway import worker_config
from xnet_gateway.errors import HostNotFound
from xnet_gateway.spec_rules import check_spec, parse_nice
from xnet_gateway.transports import popen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_gateway.gateway import Gateway
    from xnet_gateway.xspec import XSpec

#: How long a started interpreter may take until its handshake is complete, in seconds. A loaded
#: machine that starts hundreds needs tens of seconds; a process that hangs must not hang us.
HANDSHAKE_S: Final = 120.0


class PendingGateway:
    """A gateway whose process has been started and whose handshake is not complete yet.

    Threads: one at a time.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def finish(self) -> Gateway:
        """Wait for the handshake.

        Raises:
            HostNotFound: The interpreter ended or hung before; the text says how, and what it
                wrote. Its process is gone then.
        """
        gateway = self._gateway
        try:
            gateway.session.wait_hello(HANDSHAKE_S)
            # A worker answers once it has applied what it was asked for, or says why it cannot.
            if gateway.spec.nice and not gateway.session.ping(b"configured", HANDSHAKE_S):
                raise gateway.session.end_error or TimeoutError(f"no answer for {HANDSHAKE_S} seconds")
        except BaseException as error:
            self.abandon()
            if isinstance(error, (EOFError, OSError)):
                raise HostNotFound(f"no gateway for {str(gateway.spec)!r}: {error}") from error
            raise
        return gateway

    def abandon(self) -> None:
        """End the process and the connection at once."""
        self._gateway._io.kill_now()
        self._gateway.session.close(flush_s=0.0)
        self._gateway._io.wait(5.0)


def begin(spec: XSpec, master: Gateway | None = None) -> PendingGateway:
    """Start the interpreter of a specification, without waiting for it.

    Args:
        spec: With ``id`` and ``execmodel`` set, or None for the defaults.
        master: The gateway that ``via`` names, if it names one.

    Raises:
        ValueError: The specification means nothing.
        HostNotFound: The process cannot be started.
    """
    check_spec(spec)
    config: dict[str, Any] = {
        **worker_config.extra,
        "id": str(spec.id),
        "execmodel": str(spec.execmodel or "thread"),
    }
    nice = parse_nice(spec)
    if nice:
        config["nice"] = nice
    if master is None:
        connected = popen.connect(spec)
    else:
        from xnet_gateway.transports import via

        connected = via.connect(spec, master)
    # Imported only now: the first process of a program starts meanwhile on another processor.
    from xnet_gateway import gateway, remote_source  # noqa: F401 - used by the first remote_exec

    return PendingGateway(gateway.Gateway(spec, connected, config))
