"""The middle of a ``via`` gateway: runs in the worker that starts the other one.

It starts the process and copies bytes between it and a channel, knowing nothing of what they mean.
Threads: two copy, one waits for the process, one for orders to kill it. Flow control needs no
more: a channel that is not read stops the copying thread, and with it the process.
"""

from __future__ import annotations

import os
import threading

from xnet_gateway.process import WorkerProcess
from xnet_gateway.transports import popen
from xnet_gateway.xspec import XSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.threads.channel import Channel

#: What ``remote_exec`` runs to start a relay.
SOURCE: Final = "from xnet_gateway.transports.relay import start; start(channel)"

CHUNK_BYTES: Final = 65_536
KILL: Final = "kill"
KILL_NOW: Final = "kill-now"


def start(channel: Channel) -> None:
    """Start a process and relay for it until it ends.

    Receives ``(specification, id, data channel, control channel)`` and answers with the process
    id. The control channel then takes ``KILL`` and ``KILL_NOW``, and gives
    ``(exit status, description)`` when the process has ended.

    Raises:
        HostNotFound: It cannot be started; the initiator sees that as a remote error.
    """
    text, gateway_id, data, control = channel.receive()
    spec = XSpec(text)
    spec.id = gateway_id
    connected = popen.connect(spec)
    process = connected.process
    if not isinstance(process, WorkerProcess):
        raise TypeError(f"a relay starts local processes, got {process!r}")
    for target, arguments in (
        (_copy_up, (connected.read_fd, data)),
        # Each of the two closes its own: neither knows when the other has ended.
        (_copy_down, (data, os.dup(connected.write_fd))),
        (_wait, (process, control)),
        (_obey, (process, control)),
    ):
        threading.Thread(target=target, args=arguments, name=f"xnet-relay-{gateway_id}", daemon=True).start()
    channel.send(process.pid)


def _copy_up(fd: int, data: Channel) -> None:
    try:
        while chunk := os.read(fd, CHUNK_BYTES):
            data.send(chunk)
        data.close()
    except OSError:
        pass  # one of the two ends has gone; the other one hears of it by its own means
    finally:
        os.close(fd)


def _copy_down(data: Channel, fd: int) -> None:
    try:
        for chunk in data:
            view = memoryview(chunk)
            while view:
                view = view[os.write(fd, view) :]
    except (OSError, EOFError):
        pass
    finally:
        # The process sees the end of its connection, and ends.
        import socket

        with socket.socket(fileno=fd) as end:
            try:
                end.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has gone already


def _wait(process: WorkerProcess, control: Channel) -> None:
    status = process.wait()
    try:
        control.send((status, process.describe()))
        control.close()
    except OSError:
        pass  # the initiator has gone


def _obey(process: WorkerProcess, control: Channel) -> None:
    try:
        for order in control:
            if order == KILL_NOW:
                process.kill_now()
            else:
                process.kill()
    except EOFError:
        pass  # the initiator has gone; so this worker ends, and with it the connection
