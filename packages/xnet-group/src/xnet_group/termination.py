"""Ending gateways: all at once, within a time, and saying what is left.

Ask all, telling them how long they have, wait for all with one deadline, kill those left, and wait a bounded
time for the operating system to be done with them. One thread does it, the caller's: asking and killing do
not block, and waiting for the slowest is waiting for all.
"""

from __future__ import annotations

from xnet_channel.platform.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xnet_gateway.gateway import Gateway

#: How long killed processes get to be gone, in seconds: the second between SIGTERM and SIGKILL, and time for
#: a loaded machine to tear them down. A process that hangs in the kernel survives even SIGKILL, and must not
#: make us hang with it.
KILL_WAIT_S: Final = 5.0
#: After how much of it the gateways in between are killed as well, in seconds: one that is stopped passes on
#: no order to kill, and what is behind it ends with it.
CARRIED_WAIT_S: Final = 2.0


def terminate_all(gateways: Sequence[Gateway], deadline_s: float | None) -> list[Gateway]:
    """End gateways.

    Args:
        gateways: Which ones; those that have ended or been asked already may be among them.
        deadline_s: Monotonic time at which those that still run are killed; None waits for as long as it
            takes and kills nothing.

    Returns:
        Those that survived even being killed; empty when all is well.

    Threads: any; starts none.
    """
    killed: list[Gateway] = []
    kill_began_s: float | None = None
    # From the leaves on: a gateway that others go through is needed to end them, by force even more.
    for layer in _layers(gateways):
        if kill_began_s is not None:
            _wait_all(killed, kill_began_s + CARRIED_WAIT_S)
        left_s = None if deadline_s is None else max(0.0, deadline_s - CLOCK.monotonic())
        for gateway in layer:
            gateway.exit(left_s)  # [GR-032] what is left for those that carried the layers before
        running = _wait_all(layer, deadline_s)
        for gateway in running:
            gateway._kill()
        if running and kill_began_s is None:
            kill_began_s = CLOCK.monotonic()
        killed += running
    # One time for all layers, however many there are.
    return [] if kill_began_s is None else _wait_all(killed, kill_began_s + KILL_WAIT_S)


def _wait_all(gateways: Sequence[Gateway], deadline_s: float | None) -> list[Gateway]:
    """Wait until all have ended; return those that have not at the deadline."""
    return [gateway for gateway in gateways if not gateway._wait_ended(deadline_s)]


def _layers(gateways: Sequence[Gateway]) -> list[list[Gateway]]:
    """Order gateways so that each comes before the one it goes ``via``. Spec: GR-030."""
    left = list(gateways)
    layers: list[list[Gateway]] = []
    while left:
        masters = {gateway.spec.via for gateway in left}
        # Names that go round in a circle cannot be: a master exists before what goes through it.
        layer = [gateway for gateway in left if gateway.id not in masters] or left
        layers.append(layer)
        left = [gateway for gateway in left if gateway not in layer]
    return layers
