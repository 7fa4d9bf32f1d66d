"""``via=ID``: a route that is followed from another gateway's machine, reached through that gateway."""

from __future__ import annotations

import socket
from _socket import socketpair  # not from `socket`, where it may have been replaced

from xnet_channel.platform.interrupts import InterruptsLetThrough
from xnet_channel.platform.native import CLOCK, start_thread
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_gateway.bare import relay_program
from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.errors import HostNotFound
from xnet_gateway.exit_notice import ExitNotice
from xnet_gateway.transports.base import Address, Connected
from xnet_gateway.transports.served import ServedWorker, find_secret_of, tls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.transports.base import Command, Master
    from xnet_gateway.xspec import XSpec

#: The service that follows a route.
SERVICE: Final = "relay"
#: How long the gateway between may take to start the process, in seconds; its threads may be busy.
START_S: Final = 120.0


class RelayedProcess:
    """The handle of a process on the other side of a gateway; see ``WorkerProcess``.

    Threads: any.
    """

    def __init__(self, pid: int, master: Master, control: Channel) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.remoteaddress = f"via {master.id}"
        self._words = f"its process (pid {pid}, started by gateway {master.id}) is still running"
        self._control = control
        self._exit = ExitNotice()
        control.setcallback(self._told, endmarker=None)

    @property
    def exited(self) -> bool:
        """Whether the process has ended, or can no longer be observed."""
        return self._exit.told

    def when_exited(self, action: Callable[[], None]) -> None:
        """Run the action once the process has ended."""
        if not self._exit.when_told(action):
            action()

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end of the process; return its exit status if it is known."""
        self._exit.wait(timeout)
        return self.returncode

    def kill(self) -> None:
        """Have it ended with SIGTERM, a moment later with SIGKILL."""
        self._order("kill")

    def kill_now(self) -> None:
        """Have it ended with SIGKILL."""
        self._order("kill-now")

    def describe(self) -> str:
        """Return a sentence about how the process ended."""
        return self._words

    def _order(self, order: str) -> None:
        try:
            if not self._control._send_at_once(order):
                # The gateway between does not read; the killer (which may be the reactor) must not wait for
                # it.
                start_thread(self._order_later, (order,), "xnet-via-order")
        except OSError:
            pass  # it has gone, and takes the process with it

    def _order_later(self, order: str) -> None:
        try:
            self._control.send(order)
        except OSError:
            pass

    def _told(self, message: tuple[int, str] | None) -> None:
        if message is not None:
            self.returncode, self._words = message
        elif not self._exit.told:
            self.returncode = -1
            self._words = f"{self.remoteaddress}, which has ended, its process (pid {self.pid}) was reached"
        self._exit.tell()


def connect(route: Command | Address, spec: XSpec, master: Master, *, full: bool = False) -> Connected:
    """Have the gateway's interpreter follow the route.

    Args:
        route: As seen from there.
        spec: For messages.
        master: The gateway in between.
        full: The route starts a worker that needs nothing sent first and talks over its stdin alone.

    Raises:
        HostNotFound: It cannot; the text has its words.
    """
    if isinstance(route, Address):
        unproved = route.address.startswith("/") and route.secret is None and route.secret_file is None
        order: dict[str, object] = {"address": route.address, "ours": unproved}
    else:
        stdio = "socket" if full else "pipes"
        order = {"argv": route.argv, "env": route.env, "cwd": route.cwd, "stdio": stdio}
        order["inherits"] = spec.stderr == "inherit"
    data = master.newchannel()
    control = master.newchannel()
    task = start_relay(master)
    task.send([order, data, control])
    try:
        with InterruptsLetThrough():
            pid = task.receive(START_S)
    except (RemoteError, EOFError, TimeoutError) as error:
        raise HostNotFound(f"cannot start {str(spec)!r} through gateway {master.id}: {error}") from error
    except BaseException:
        control._send_at_once("kill-now")  # what may be there by now
        raise
    process = (
        RelayedProcess(pid, master, control) if pid else ServedWorker(f"{order['address']} via {master.id}")
    )
    ours, theirs = socketpair()

    def to_us() -> None:
        try:
            for chunk in data:
                theirs.sendall(chunk)
        except (EOFError, RemoteError):
            pass  # the gateway between has ended
        except OSError:
            return  # our session has ended
        try:
            theirs.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def from_us() -> None:
        try:
            while chunk := theirs.recv(relay_program.CHUNK_BYTES):
                data.send(chunk)
        except OSError:
            pass  # the gateway between has ended, the process, or our session with bytes unread: a reset
        finally:
            theirs.close()
            data.close()  # or the thread that reads from it would wait forever

    # Threads and not a callback: greenlets that others may keep from running must not carry a connection.
    start_thread(to_us, (), f"xnet-via-{spec.id}-in")
    start_thread(from_us, (), f"xnet-via-{spec.id}-out")
    fd = ours.detach()
    if isinstance(route, Address):
        fd = _meet_server(socket.socket(fileno=fd), route, spec)
    speaks = full or spec.worker is not None
    return Connected(fd, fd, process, b"" if speaks else first_bytes())


def start_relay(master: Master) -> Channel:
    """Have a gateway relay; return the channel on which it takes the order. Spec: RL-001."""
    if SERVICE in master.services():
        return master.remote_service(SERVICE)
    return master.remote_exec(relay_program)  # to the worker that we send


def _meet_server(stream: socket.socket, address: Address, spec: XSpec) -> int:
    """Do TLS and the proof of the secret with a server that is reached through the gateway.

    Raises:
        HostNotFound: It did not work; the text says which step failed.
    """
    from xnet_gateway.sockets.dialing import secure

    try:
        return secure(
            stream,
            address.address,
            secret=find_secret_of(address),
            tls=tls_of(address),
            deadline_s=CLOCK.monotonic() + START_S,
        )
    except ValueError as error:
        raise HostNotFound(f"cannot reach {str(spec)!r}: {error}") from error
