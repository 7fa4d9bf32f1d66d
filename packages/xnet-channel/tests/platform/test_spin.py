"""How long a leading thread looks before it blocks."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator

import pytest

from threads_helpers import PATIENCE_S
from xnet_channel.platform.spin import MAX_SPIN_S, MIN_SPIN_S, RETRY_WAITS, Spin

#: Vain waits after which nobody looks any more: the time is halved each time.
VAIN_WAITS = 1 + sum(MAX_SPIN_S / 2**times > MIN_SPIN_S for times in range(20))


class Pipe:
    """A pipe, and a poll on it that notes the time limits it was called with."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()
        self._poller = select.poll()
        self._poller.register(self.read, select.POLLIN)
        self.limits: list[float | None] = []

    def poll(self, limit_ms: float | None) -> list[tuple[int, int]]:
        self.limits.append(limit_ms)
        return self._poller.poll(limit_ms)

    def fill(self) -> None:
        os.write(self.write, b"x")

    def empty(self) -> None:
        os.read(self.read, 1)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    os.close(made.read)
    os.close(made.write)


def spinning() -> Spin:
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two processors, or nobody spins")
    return Spin()


def waits_in_vain_until_it_blocks_at_once(spin: Spin, pipe: Pipe) -> int:
    for count in range(100):
        pipe.limits.clear()
        assert spin.poll(pipe.poll, 1) == []
        assert pipe.limits[-1] == 1
        if len(pipe.limits) == 1:
            return count
        assert set(pipe.limits[:-1]) == {0}  # looking does not block
    pytest.fail("it never stops spinning")


def test_what_is_there_already_is_found_without_blocking(pipe: Pipe) -> None:
    spin = spinning()
    pipe.fill()
    assert spin.poll(pipe.poll, None) == [(pipe.read, select.POLLIN)]
    assert pipe.limits == [0]


def test_who_looks_in_vain_soon_stops_looking(pipe: Pipe) -> None:
    assert waits_in_vain_until_it_blocks_at_once(spinning(), pipe) == VAIN_WAITS


def test_looking_with_success_restores_the_moment(pipe: Pipe) -> None:
    spin = spinning()
    for _ in range(VAIN_WAITS - 1):
        spin.poll(pipe.poll, 0)
    pipe.fill()
    assert spin.poll(pipe.poll, None)
    pipe.empty()
    assert waits_in_vain_until_it_blocks_at_once(spin, pipe) == VAIN_WAITS


def test_once_given_up_it_is_tried_again_now_and_then(pipe: Pipe) -> None:
    spin = spinning()
    assert waits_in_vain_until_it_blocks_at_once(spin, pipe) == VAIN_WAITS
    for _ in range(RETRY_WAITS - 1):
        pipe.limits.clear()
        spin.poll(pipe.poll, 0.5)
        assert pipe.limits == [0.5]
    assert waits_in_vain_until_it_blocks_at_once(spin, pipe) == VAIN_WAITS


def test_nobody_spins_where_the_other_side_needs_the_processor(pipe: Pipe) -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("needs to choose processors, which only Linux can")

    def on_one_processor() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # of this thread
        spin = Spin()
        for _ in range(RETRY_WAITS + 2):
            spin.poll(pipe.poll, 0.5)

    thread = threading.Thread(target=on_one_processor)
    thread.start()
    thread.join(PATIENCE_S)
    assert pipe.limits == [0.5] * (RETRY_WAITS + 2)
