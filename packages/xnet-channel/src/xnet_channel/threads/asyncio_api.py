"""Coroutines that receive and send: waiting without blocking the event loop they run in.

A coroutine that waits is one more in the list of waiters for news of a channel; the reactor's
thread reads meanwhile and wakes it through its loop. An item is taken when the coroutine runs again, with
no ``await`` in between: a wait that is cancelled loses nothing.

Sending is tried at once, which nearly always works. Where ``send`` would block, for credit or because
the item travels in parts, a thread does it.

Several loops, in several threads, may use one connection.
"""

from __future__ import annotations

import asyncio

from xnet_channel.platform.native import CLOCK, start_thread
from xnet_channel.threads import takers
from xnet_channel.threads.errors import TimeoutError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel

#: A longer wait looks at the clock in between: the sleep of the reactor has a maximum.
LONGEST_S: Final = 1_000_000.0


class _Wake:
    """A coroutine that waits; takes the place of a thread's lock in a ``WaitList``."""

    __slots__ = ("_future", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
        self._loop = loop
        self._future = future

    def release(self) -> None:
        """Wake it. Threads: any."""
        try:
            self._loop.call_soon_threadsafe(_set, self._future)
        except RuntimeError:
            pass  # its loop has been closed, and with it the wait has ended


def _set(future: asyncio.Future[Any], result: Any = None, error: BaseException | None = None) -> None:
    if future.done():
        return  # cancelled, or woken twice
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


async def areceive(channel: Channel, timeout: float | None) -> Any:
    """See ``Channel.areceive``."""
    mailbox = channel._mailbox
    link = channel._link
    leading = channel._endpoint.leading
    loop = asyncio.get_running_loop()
    deadline_s = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout
    while True:
        future: asyncio.Future[None] = loop.create_future()
        wake = _Wake(loop, future)
        timer = None
        with link.lock:
            waits = not mailbox.has_news() and mailbox.callback is None
            if waits:
                left_s = None if deadline_s is None else deadline_s - CLOCK.monotonic()
                if left_s is not None:
                    if left_s <= 0:
                        raise TimeoutError(f"no item within {timeout} s on {channel!r}")
                    # Not of the loop, whose clock may have been stopped.
                    timer = link.reactor.call_later(min(left_s, LONGEST_S), wake.release)
                leading.begin_to_follow_locked(mailbox.waiters, wake)
        if not waits:
            try:
                return channel.receive(0)
            except TimeoutError:
                continue  # another taker was faster
        try:
            await future
        finally:
            if timer is not None:
                timer.cancel()
            with link.lock:
                leading.end_to_follow_locked(mailbox.waiters, wake)


async def asend(channel: Channel, item: object) -> None:
    """See ``Channel.asend``."""
    if channel._send_at_once(item):
        return
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    waits_for = takers.current()

    def send() -> None:
        takers.stand_for(waits_for)
        error = None
        try:
            channel.send(item)
        except BaseException as problem:  # noqa: BLE001 - it is raised where it belongs
            error = problem
        try:
            loop.call_soon_threadsafe(_set, future, None, error)
        except RuntimeError:
            pass  # the loop has been closed, and with it the wait has ended

    start_thread(send, (), "xnet-asend")
    await future
