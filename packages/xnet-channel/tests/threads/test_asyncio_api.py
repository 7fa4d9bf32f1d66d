"""Coroutines on channels: many in a loop, cancelled at any moment, woken from elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading

import pytest

from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, pair
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_wire import frames
from xnet_wire.errors import DumpError


def test_many_channels_in_one_loop() -> None:
    with pair() as both:
        ends = [both.channels() for _ in range(20)]

        async def ask(number: int) -> int:
            ours = ends[number][0]
            for turn in range(20):
                await ours.asend((number, turn))
            return sum([await ours.areceive() for _ in range(20)])

        async def answer(number: int) -> None:
            theirs = ends[number][1]
            for _ in range(20):
                who, turn = await theirs.areceive()
                await theirs.asend(who * turn)

        async def main() -> list[int]:
            tasks = [asyncio.ensure_future(answer(number)) for number in range(20)]
            sums = await asyncio.gather(*(ask(number) for number in range(20)))
            await asyncio.gather(*tasks)
            return sums

        assert asyncio.run(main()) == [number * 190 for number in range(20)]


def test_a_thread_and_a_coroutine_share_a_channel() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        got: list[object] = []
        thread = threading.Thread(target=lambda: got.append(ours.receive(PATIENCE_S)))

        async def main() -> object:
            task = asyncio.ensure_future(ours.areceive(PATIENCE_S))
            await asyncio.sleep(0)
            thread.start()
            theirs.send(1)
            theirs.send(2)
            return await task

        result = asyncio.run(main())
        thread.join(PATIENCE_S)
        assert sorted([result, *got]) == [1, 2]  # type: ignore[type-var]


def test_being_cancelled_loses_no_item() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        chance = random.Random(1)

        def send_all() -> None:
            for number in range(2000):
                theirs.send(number)

        sender = threading.Thread(target=send_all)
        got: list[object] = []

        async def main() -> None:
            sender.start()
            while len(got) < 2000:
                task = asyncio.ensure_future(ours.areceive(PATIENCE_S))
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    got.append(await task)

        asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
        sender.join(PATIENCE_S)
        assert got == list(range(2000))


def test_a_sender_without_credit_blocks_no_loop() -> None:
    with raw_peer(credit=65_536) as peer:
        channel = peer.session.request(frames.INFO)

        async def main() -> int:
            task = asyncio.ensure_future(channel.asend(b"x" * 1_000_000))
            turns = 0
            for _ in range(100):  # the loop goes on, whatever the peer does not take
                await asyncio.sleep(0)
                turns += 1
            assert not task.done()
            peer.session.close(flush_s=0.0)
            with pytest.raises(OSError, match="cannot send"):
                await task
            return turns

        assert asyncio.run(main()) == 100


def test_errors_are_those_of_receive_and_send() -> None:
    with pair() as both:

        async def main() -> None:
            ours, theirs = both.channels()
            with pytest.raises(TimeoutError, match=r"no item within 0\.01 s "):
                await ours.areceive(0.01)
            with pytest.raises(DumpError):
                await ours.asend(object())
            theirs.close("it failed")
            with pytest.raises(RemoteError, match="it failed"):
                await ours.areceive(PATIENCE_S)
            with pytest.raises(EOFError):
                await ours.areceive(PATIENCE_S)
            with pytest.raises(OSError, match="closed"):
                await ours.asend(1)
            ours, theirs = both.channels()
            theirs.send(1)
            theirs.close()
            assert [item async for item in ours] == [1]
            ours, theirs = both.channels()
            ours.setcallback(lambda item: None)
            with pytest.raises(OSError, match="callback"):
                await ours.areceive(PATIENCE_S)

        asyncio.run(main())


def test_the_end_of_the_connection_wakes_all() -> None:
    with pair() as both:

        async def main() -> None:
            waiting = [asyncio.ensure_future(both.channels()[0].areceive()) for _ in range(5)]
            await asyncio.sleep(0)
            both.worker.close()
            for one in waiting:
                with pytest.raises(EOFError, match="ended"):
                    await asyncio.wait_for(one, PATIENCE_S)

        asyncio.run(main())


def test_an_iteration_tells_a_break_from_an_end() -> None:
    with pair() as both:
        ours, _ = both.channels()

        async def main() -> None:
            async for _ in ours:
                raise AssertionError("nothing was sent")

        def cut() -> None:
            with both.initiator.lock:
                both.initiator.finish_locked("cut")

        threading.Timer(0.05, cut).start()
        with pytest.raises(EOFError, match="cut"):
            asyncio.run(asyncio.wait_for(main(), PATIENCE_S))


def test_a_loop_that_has_ended_is_not_woken() -> None:
    with pair() as both:
        ours, theirs = both.channels()

        async def leave() -> None:
            task = asyncio.ensure_future(ours.areceive())
            await asyncio.sleep(0)
            assert not task.done()

        asyncio.run(leave())
        theirs.send(1)
        assert ours.receive(PATIENCE_S) == 1
        assert both.initiator.leading._followers == 0
