"""Channels in coroutines. Only Python 3.7 and newer import this, by ``awaiting``."""

import asyncio

from . import greenlets, sending
from .errors import TimeoutError
from .interpreter import CLOCK, start_new_thread
from .protocol import OPEN
from .takers import HERE, green, taker

asyncio.new_event_loop().close()  # the first one loads the rest


class AsyncSleeper:
    """A coroutine that waits, in the place of a thread; woken from any thread."""

    def __init__(self, loop):
        self.loop = loop
        self.future = loop.create_future()

    def wake(self, result=None, error=None):
        try:
            self.loop.call_soon_threadsafe(self.set, result, error)
        except RuntimeError:
            pass  # its loop has been closed

    def set(self, result, error):
        if not self.future.done():
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)


async def areceive(channel, timeout):
    link, state, loop = channel._link, channel._state, asyncio.get_running_loop()
    deadline = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout
    while True:
        sleeper = None
        with link.guard:
            if not link.has_news(state):
                sleeper = AsyncSleeper(loop)
                if deadline is not None and CLOCK.monotonic() >= deadline:
                    raise TimeoutError("no item within %s s on %r" % (timeout, channel))
                state.sleepers.append(sleeper)
                alarm = deadline, sleeper
                if deadline is not None:
                    link.alarms.append(alarm)
                link.followers += 1
                link.begin_to_keep()
                link.wake_keeper()
        if sleeper is None:
            try:
                return channel.receive(0)
            except TimeoutError:
                continue
        try:
            await sleeper.future
        finally:
            with link.guard:
                link.followers -= 1
                if sleeper in state.sleepers:
                    state.sleepers.remove(sleeper)
                if alarm in link.alarms:
                    link.alarms.remove(alarm)


async def asend(channel, item):
    if sending.send_at_once(channel, item):
        return
    sleeper = AsyncSleeper(asyncio.get_running_loop())
    waits_for = taker()

    def send():
        HERE._xnet_taker = waits_for
        try:
            channel.send(item)
        except BaseException as error:
            sleeper.wake(None, error)
        else:
            sleeper.wake()

    start_new_thread(send, ())
    await sleeper.future


async def anext(channel):
    try:
        return await areceive(channel, None)
    except EOFError:
        if channel._link.broken_off and channel._state.receiving is OPEN:
            raise
        raise StopAsyncIteration from None


def run(coroutine, loop_of=asyncio.run):
    hub = green()
    if hub is None:
        return loop_of(coroutine)
    ended, errors, running = greenlets.GreenSleeper(hub), [], []

    async def run_it():
        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        await coroutine

    def run_loop():
        try:
            loop_of(run_it())
        except BaseException as error:
            errors.append(error)
        ended.wake()

    start_new_thread(run_loop, ())
    try:
        ended.sleep(None)
    except BaseException:
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)
        ended.sleep(None)
        raise
    if errors:
        raise errors[0]
