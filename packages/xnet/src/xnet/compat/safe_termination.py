"""``safe_terminate``: end several things at once, within a time."""

from __future__ import annotations

from xnet.compat.worker_pool import WorkerPool
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads.errors import TimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xnet.compat.worker_pool import Reply
    from xnet_gateway.execmodel import ExecModel


def safe_terminate(
    execmodel: ExecModel,
    timeout: float | None,
    list_of_paired_functions: Iterable[tuple[Callable[[], object], Callable[[], object]]],
) -> None:
    """Call the first function of each pair, all at once, and the second where the first takes too long.

    Args:
        execmodel: What starts the threads.
        timeout: Seconds for the first functions, and again for those whose second has been called; None
            waits for as long as it takes.
        list_of_paired_functions: One that ends something, and one that kills it.

    Raises:
        BaseException: Whatever the first function that fails does, after all have been waited for.
    """
    pool = WorkerPool(execmodel)
    running = [(pool.spawn(terminate), kill) for terminate, kill in list_of_paired_functions]
    deadline_s = None if timeout is None else CLOCK.monotonic() + timeout
    hanging = [(reply, kill) for reply, kill in running if not _ended(reply, deadline_s)]
    killing = [pool.spawn(kill) for _, kill in hanging]
    deadline_s = None if timeout is None else CLOCK.monotonic() + timeout
    replies = [reply for reply, _ in running] + killing
    ended = [reply for reply in replies if _ended(reply, deadline_s)]
    for reply in ended:
        reply.get()


def _ended(reply: Reply, deadline_s: float | None) -> bool:
    """Wait for a call; return whether it has ended, well or not."""
    try:
        reply.waitfinish(None if deadline_s is None else max(0.0, deadline_s - CLOCK.monotonic()))
    except TimeoutError:
        return False
    return True
