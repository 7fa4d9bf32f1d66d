"""An event loop next to greenlets, which it would keep from running: in its own thread."""

from __future__ import annotations

import asyncio

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

# What asyncio needs for its first loop it loads then; here it is as the worker began: see OWN_IMPORTS.
asyncio.new_event_loop().close()


def run_beside(coroutine: Coroutine[Any, Any, object]) -> None:
    """Run a coroutine in an event loop of another thread; let other greenlets run meanwhile.

    An exception that comes out of this wait cancels the coroutine, which is waited for.

    Raises:
        BaseException: What the coroutine raised.
    """
    ended = Flag()
    errors: list[BaseException] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []

    async def run() -> None:
        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        await coroutine

    def run_loop() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - raised where the code was called
            errors.append(error)
        finally:
            ended.set()

    start_thread(run_loop, (), "xnet-loop")
    try:
        ended.wait()
    except BaseException:
        for loop, task in running:
            if task is not None and not ended.is_set():
                loop.call_soon_threadsafe(task.cancel)
        ended.wait()
        raise
    if errors:
        raise errors[0]
