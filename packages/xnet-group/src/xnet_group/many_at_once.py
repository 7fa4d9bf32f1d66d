"""Starting many gateways: side by side, in order, all or none.

A gateway starts in two steps, its process and its handshake. Nearly all of the time goes by inside the new
processes, so it is enough to begin many before waiting for the first; no threads are needed.
"""

from __future__ import annotations

from collections import deque

from xnet_channel.platform.native import CLOCK
from xnet_gateway.errors import HostNotFound
from xnet_gateway.resolved import resolve
from xnet_gateway.starting import begin
from xnet_group.termination import terminate_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xnet_gateway.gateway import Gateway
    from xnet_gateway.resolved import Resolved
    from xnet_gateway.starting import PendingGateway
    from xnet_gateway.xspec import XSpec

#: How many interpreters may be starting at once. More than the machine has processors, because a start also
#: waits for disks and, later, networks; not so many that a small machine runs out of memory and every one of
#: them is late.
DEFAULT_PARALLEL: Final = 32
#: How many of them through ssh to one host. An sshd as it is installed (``MaxStartups 10:30:100``) begins to
#: turn connections away when ten have not authenticated yet.
PARALLEL_TO_ONE_HOST: Final = 8
#: How long gateways that are already up get to end when a later one cannot be started, in seconds.
UNDO_TIMEOUT_S: Final = 1.0


def start_all(
    specs: Sequence[XSpec], parallel: int | None = None, members: Sequence[Gateway] = ()
) -> list[Gateway]:
    """Start one gateway for each specification.

    Args:
        specs: Specifications with their ids.
        parallel: How many may be starting at once, at least 1; None for a sensible number, which is smaller
            for ssh to one host.
        members: Gateways that ``via`` may name, in addition to those before it in ``specs``.

    Returns:
        The gateways in the order of the specifications.

    Raises:
        HostNotFound: An interpreter could not be started or reached. None of the others is left.
        ValueError: A specification is not valid (nothing was started), or ``parallel`` is less than one
            (our caller's fault).
    """
    to_one_host = PARALLEL_TO_ONE_HOST if parallel is None else parallel
    if parallel is None:
        parallel = DEFAULT_PARALLEL
    if parallel < 1:
        raise ValueError(f"parallel={parallel}: at least one gateway must be allowed to be starting")
    ready: list[Gateway] = []
    starting: deque[PendingGateway] = deque()
    hosts: deque[object] = deque()  # of those in ``starting``
    resolved: list[Resolved] = []
    number = 0
    try:
        known = [gateway.id for gateway in members]
        for number, spec in enumerate(specs):  # noqa: B007 - the handler below names it
            resolved.append(resolve(spec))
            _check_master_exists(spec, known)
            known.append(str(spec.id))
        for number, spec in enumerate(specs):
            host = _host_of(spec)
            while True:  # and no condition, here and below: see Flag.wait
                if not starting or not (
                    len(starting) >= parallel
                    or (host is not None and hosts.count(host) >= to_one_host)
                    # The gateway it goes through is one of them.
                    or (_master_of(spec) is not None and _find_master(spec, [*members, *ready]) is None)
                ):
                    break
                number = len(ready)
                ready.append(starting.popleft().finish())
                hosts.popleft()
            number = len(ready) + len(starting)
            starting.append(begin(spec, _find_master(spec, [*members, *ready]), resolved[number]))
            hosts.append(host)
        while True:
            if not starting:
                return ready
            number = len(ready)
            ready.append(starting.popleft().finish())
    except BaseException as error:
        # Ctrl-C included: nothing else knows these processes.
        for pending in starting:
            pending.abandon()
        terminate_all(ready, CLOCK.monotonic() + UNDO_TIMEOUT_S)
        if isinstance(error, (HostNotFound, ValueError)):
            raise _named(error, number, specs) from error
        raise


def _check_master_exists(spec: XSpec, known: Sequence[str]) -> None:
    """Check that ``via`` or ``installvia`` names a gateway of the group, or one made before this one.

    Raises:
        ValueError: No gateway has that id (our caller's fault).
    """
    master = _master_of(spec)
    if master is not None and master not in known:
        key = "via" if spec.via else "installvia"
        raise ValueError(
            f"{key}={master} in {str(spec)!r} names no gateway of the group;"
            f" there are: {', '.join(known) or 'none'}"
        )


def _find_master(spec: XSpec, gateways: Sequence[Gateway]) -> Gateway | None:
    """Return the gateway that ``via`` names, the youngest with that id; None if there is none."""
    return next((gateway for gateway in reversed(gateways) if gateway.id == _master_of(spec)), None)


def _master_of(spec: XSpec) -> object:
    """Return the id of the gateway that another one needs to be started, or None."""
    return spec.via or spec.installvia or None


def _host_of(spec: XSpec) -> object:
    """Return what names the host behind an sshd, or None where there is none."""
    return spec.ssh or spec.vagrant_ssh


def _named(
    error: HostNotFound | ValueError, number: int, specs: Sequence[XSpec]
) -> HostNotFound | ValueError:
    """Return the error with the specification it belongs to, where there are several."""
    if len(specs) == 1:
        return error
    kind = HostNotFound if isinstance(error, HostNotFound) else ValueError
    return kind(f"gateway {number + 1} of {len(specs)}, {str(specs[number])!r}, cannot be started: {error}")
