"""Starting gateways: begin (start the process), then finish (wait for its handshake).

Two steps, so that a group can start all its processes before it waits for any.
"""

from __future__ import annotations

from xnet_channel.platform.interrupts import InterruptsLetThrough
from xnet_channel.platform.native import OS
from xnet_gateway import worker_config
from xnet_gateway.child_environment import SECRETS
from xnet_gateway.errors import HostNotFound
from xnet_gateway.resolved import is_same_interpreter, resolve
from xnet_gateway.source import PYTHON
from xnet_gateway.spec_rules import parse_nice
from xnet_gateway.transports import popen
from xnet_gateway.transports.base import Connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_gateway.gateway import Gateway
    from xnet_gateway.resolved import Resolved
    from xnet_gateway.transports.dial_back import WorkerToCome
    from xnet_gateway.xspec import XSpec

#: How long a started interpreter may take until its handshake is complete, in seconds. A loaded
#: machine that starts hundreds needs tens of seconds; a process that hangs must not hang us.
HANDSHAKE_S: Final = 120.0


class PendingGateway:
    """A gateway whose process has been started and whose handshake is not complete yet.

    Threads: one at a time.
    """

    def __init__(self, gateway: Gateway, keepalive_s: float) -> None:
        self._gateway = gateway
        self._keepalive_s = keepalive_s

    def finish(self) -> Gateway:
        """Wait for the handshake.

        Raises:
            HostNotFound: The interpreter ended or hung before; the text says how, and what it
                wrote. Its process is gone then.
        """
        gateway = self._gateway
        try:
            with InterruptsLetThrough():
                gateway.session.wait_hello(HANDSHAKE_S)
            # A worker answers once it has applied what it was asked for, or says why it cannot.
            # One in another language may be unable to apply anything. Spec: HS-023
            spec = gateway.spec
            unsure = spec.chdir or spec.nice or spec.worker is not None
            unsure = unsure or spec.execmodel in ("gevent", "eventlet")
            if unsure:
                with InterruptsLetThrough():
                    configured = gateway.session.ping(b"configured", HANDSHAKE_S)
                if not configured:
                    raise gateway.session.end_error or TimeoutError(f"no answer for {HANDSHAKE_S:g} s")
        except BaseException as error:
            self.abandon()
            if isinstance(error, (EOFError, OSError)):
                raise HostNotFound(f"no gateway for {str(gateway.spec)!r}: {error}") from error
            raise
        if self._keepalive_s:
            gateway.keep_alive(self._keepalive_s)
        return gateway

    def abandon(self) -> None:
        """End the process and the connection at once."""
        self._gateway._io.kill_now()
        self._gateway.session.close(flush_s=0.0)
        self._gateway._io.wait(5.0)


class PendingDialBack(PendingGateway):
    """A gateway whose worker connects to us; somebody else starts it (``listen=``)."""

    def __init__(self, spec: XSpec, worker: WorkerToCome, config: dict[str, Any], keepalive_s: float) -> None:
        self._keepalive_s = keepalive_s
        self._spec = spec
        self._config = config
        self._worker = worker
        self._gateway_made = False

    def finish(self) -> Gateway:
        """Wait for the worker, then as for others."""
        try:
            from xnet_gateway import gateway

            self._gateway = gateway.Gateway(self._spec, self._worker.wait(), self._config)
            self._gateway_made = True
        except BaseException:
            self.abandon()
            raise
        return super().finish()

    def abandon(self) -> None:
        """Accept no more connections, or as for others."""
        if self._gateway_made:
            super().abandon()
        else:
            self._worker.abandon()


def begin(spec: XSpec, master: Gateway | None = None, resolved: Resolved | None = None) -> PendingGateway:
    """Start the interpreter of a specification, without waiting for it.

    An interrupt must not come while there is a process that nothing refers to yet: the caller holds them back
    (``platform.interrupts``), and here they are let through where something is waited for.

    Args:
        spec: With its ``id``; ``execmodel`` None stands for ``thread``.
        master: The gateway that ``via`` or ``installvia`` names, if it names one.
        resolved: What ``resolve`` has found out about the specification; None to do that now.

    Raises:
        ValueError: The specification is not valid.
        HostNotFound: The process cannot be started.
    """
    if resolved is None:
        resolved = resolve(spec, fully=master is not None)
    if master is not None:
        _check_can_relay(spec, master)
    config: dict[str, Any] = {
        **worker_config.extra,
        "id": str(spec.id),
        "execmodel": str(spec.execmodel or "thread"),
    }
    secrets = {name: str(spec.env[name]) for name in SECRETS if name in spec.env}
    if secrets:
        config["env"] = secrets  # which no process is started with
    nice = parse_nice(spec)
    if nice:
        config["nice"] = nice
    if spec.chdir and not (spec.popen and spec.worker is not None):
        # By the worker: relative paths, of the interpreter, in PATH and in PYTHONPATH, begin where we are.
        config["chdir"] = str(spec.chdir)
    keepalive_s = resolved.keepalive_s
    if keepalive_s:
        config["keepalive"] = round(keepalive_s * 1000)
    full = is_same_interpreter(spec) and (master is None or master.runs_full_worker)
    if spec.stdout is not None and not (full and master is None):
        config["stdout"] = str(spec.stdout)
    if spec.env and not spec.popen:  # no process is started here to set them for
        config["env"] = {name: str(value) for name, value in spec.env.items()}
    _check_texts(spec, config)
    if full and master is None:
        connected = popen.connect(spec)
    else:
        reached = _follow_route(resolved, master, full=full)
        if not isinstance(reached, Connected):
            return PendingDialBack(spec, reached, config, keepalive_s)
        connected = reached
    # Imported only now: the first process of a program starts meanwhile on another processor.
    from xnet_gateway import gateway, remote_source  # noqa: F401 - used by the first remote_exec

    try:
        result = gateway.Gateway(spec, connected, config)
    except BaseException:
        connected.process.kill_now()
        for fd in {connected.read_fd, connected.write_fd}:
            OS.close(fd)
        raise
    result.runs_full_worker = full
    result.carrier_watches = bool(keepalive_s) and resolved.is_watched_by_ssh
    return PendingGateway(result, keepalive_s)


def _check_can_relay(spec: XSpec, master: Gateway) -> None:
    """Check that the gateway in between can follow a route: as a service, or in Python. Spec: RL-001."""
    languages = master.languages()
    if PYTHON in languages:
        return
    problem = None
    if "relay" not in master.services():
        problem = "and has no service 'relay': expected a gateway that executes Python or has that service"
    elif spec.installvia:
        problem = "and installvia= needs a gateway that executes Python"
    elif spec.popen and spec.worker is None and not spec.python:
        problem = "and popen means its interpreter: expected python= or worker= as well"
    if problem is not None:
        raise ValueError(
            f"gateway {master.id}, through which the gateway specification {str(spec)!r} should go, executes"
            f" {' and '.join(languages)}, {problem}"
        )


def _check_texts(spec: XSpec, config: dict[str, Any]) -> None:
    """Check that the worker can be told: HELLO has no form for what is not Unicode."""
    for key, value in {**config, **config.get("env", {})}.items():
        text = f"{key}={value}" if isinstance(value, str) else key
        surrogate = next((place for place, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)
        if surrogate is not None:
            raise ValueError(
                f"{key}={value!r} in the gateway specification {str(spec)!r}: it cannot be sent to"
                f" the worker, because it has a surrogate (character {surrogate}); expected text"
            )


def _follow_route(resolved: Resolved, master: Gateway | None, *, full: bool) -> Connected | WorkerToCome:
    """Reach an interpreter by the route of its transport, from here or from where ``master`` is.

    Raises:
        HostNotFound: It cannot be reached.
    """
    from xnet_gateway.transports import installed, local, via
    from xnet_gateway.transports.base import THIS_PYTHON, Command, Listen

    spec, route = resolved.spec, resolved.route
    if spec.installvia and master is not None:
        return installed.connect(spec, master)
    if route is None:
        raise ValueError(f"{str(spec)!r} needs the gateway in which its server is started, and there is none")
    if spec.worker is None and not full:
        from xnet_gateway.bare.bootstrap import first_bytes

        try:
            first_bytes(here=bool(spec.popen) and master is None)  # kept until the process has started
        except OSError as error:
            raise HostNotFound(f"no gateway for {str(spec)!r}: {error}") from error
    if isinstance(route, Listen):
        from xnet_gateway.transports.dial_back import WorkerToCome

        return WorkerToCome(route, spec)
    if master is None:
        return local.connect(route, spec)
    if full and isinstance(route, Command):
        route.argv = [THIS_PYTHON, *popen.worker_command(spec, 0)[1:]]
    return via.connect(route, spec, master, full=full)
