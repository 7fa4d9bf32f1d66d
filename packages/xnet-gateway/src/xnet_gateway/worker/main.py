"""Where a fresh interpreter begins: ``main(descriptor, name)``."""

from __future__ import annotations

import gc
import os
import sys

from xnet_channel.platform import reactor  # noqa: F401 - the first execution needs it
from xnet_channel.platform.interrupts import accept_nudges
from xnet_channel.platform.native import OS, Hiding
from xnet_gateway.tracing import maybe_tracer
from xnet_gateway.worker.worker import WorkerGateway

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Variables with the secret of servers, which no worker has, however it was started. As in
#: ``child_environment``, which is not worth an import here.
SECRETS: Final = ("XNET_SECRET", "XNET_SECRET_FILE")


def main(fd: int, name: str) -> None:
    """Serve the initiator at the other end of the descriptor; return when it is time to exit.

    Args:
        fd: A connected socket, inherited; 0 if it is our standard input.
        name: The gateway's id, until the initiator's HELLO says otherwise.

    Threads: the main thread; executions run in it.
    """
    if hasattr(gc, "freeze"):
        gc.freeze()  # what was imported so far stays: no collection, nor the one at the end, looks through it
    Hiding.hides = True
    for secret in SECRETS:
        os.environ.pop(secret, None)
    if fd == 0:
        fd = OS.dup(0)
        null = OS.open(os.devnull, OS.O_RDONLY)
        OS.dup2(null, 0)
        OS.close(null)
    # What the code that runs here starts must not hold the connection open.
    OS.set_inheritable(fd, False)
    accept_nudges()
    tracer = maybe_tracer()
    if tracer is not None:
        tracer.event(f"{name}-worker", f"started, pid {OS.getpid()}, {sys.executable}")
    WorkerGateway(fd, f"{name}-worker", tracer).serve()
