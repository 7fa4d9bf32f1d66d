"""Where executions run, with the pool alone: real threads, tasks that the test controls.

Spec: GW-013 to GW-016.
What a whole worker does is in test_executing.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from gateway_helpers import PATIENCE_S, eventually
from xnet_gateway.models import MAIN_THREAD_ONLY
from xnet_gateway.worker.exec_pool import CONCURRENT_EXEC_DEADLOCK_TEXT, ExecPool
from xnet_gateway.worker.exec_task import ExecTask
from xnet_wire.channel_errors import ChannelError


class Task:
    """Runs until it is let go; keeps what became of it."""

    def __init__(self) -> None:
        self.channel = self
        self.thread: threading.Thread | None = None
        self.begun, self.go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.refusal: ChannelError | None = None
        self.refused = threading.Event()
        self.id = id(self)
        self.cancelled = False

    def begin(self, in_main: bool) -> None:
        pass

    def run(self) -> ChannelError | None:
        self.thread = threading.current_thread()
        self.begun.set()
        self.go_on.wait(PATIENCE_S)
        return ChannelError("error")

    def finish(self, error: ChannelError | None) -> None:
        self.ended.set()

    def refuse(self, error: ChannelError) -> None:
        self.refusal = error
        self.refused.set()


class MainThread:
    """Plays the worker's main thread."""

    def __init__(self) -> None:
        self.woken = threading.Semaphore(0)
        self.pool = ExecPool(self.woken.release, self.call_later)
        self.stop = False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self) -> None:
        while not self.stop:
            self.woken.acquire()
            self.pool.run_main_task()

    def call_later(self, delay_s: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(delay_s, action)
        timer.daemon = True
        timer.start()

    def submit(self) -> Task:
        task = Task()
        self.pool.submit(cast("ExecTask", cast("Any", task)))
        return task


@pytest.fixture
def main() -> Iterator[MainThread]:
    thread = MainThread()
    yield thread
    thread.stop = True
    thread.woken.release()
    thread.thread.join(PATIENCE_S)


def test_gw_013_main_first_then_others_then_main_again(main: MainThread) -> None:
    first, second = main.submit(), main.submit()
    assert first.begun.wait(PATIENCE_S)
    assert second.begun.wait(PATIENCE_S)
    assert first.thread is main.thread
    assert second.thread is not main.thread
    assert (main.pool.running, main.pool.queued) == (2, 0)
    first.go_on.set()
    assert first.ended.wait(PATIENCE_S)
    third = main.submit()
    assert third.begun.wait(PATIENCE_S)
    assert third.thread is main.thread
    for task in (second, third):
        task.go_on.set()
    assert main.pool.wait_idle(PATIENCE_S)
    assert (main.pool.running, main.pool.queued) == (0, 0)


def test_gw_014_main_thread_only_refuses(main: MainThread) -> None:
    main.pool.execmodel = MAIN_THREAD_ONLY
    first, second = main.submit(), main.submit()
    assert first.begun.wait(PATIENCE_S)
    assert (main.pool.running, main.pool.queued) == (1, 1)
    assert second.refused.wait(PATIENCE_S)
    assert second.refusal == ChannelError(CONCURRENT_EXEC_DEADLOCK_TEXT, "busy")
    assert not second.begun.is_set()
    assert main.pool.queued == 0
    first.go_on.set()
    assert first.ended.wait(PATIENCE_S)
    third = main.submit()
    assert third.refusal is None
    third.go_on.set()
    assert main.pool.wait_idle(PATIENCE_S)


def test_gw_016_main_thread_only_waits_for_one_that_is_about_to_end(main: MainThread) -> None:
    main.pool.execmodel = MAIN_THREAD_ONLY
    tasks = [main.submit() for _ in range(4)]
    for number, task in enumerate(tasks):
        assert task.begun.wait(PATIENCE_S)
        assert not any(later.begun.is_set() for later in tasks[number + 1 :])
        assert task.thread is main.thread
        task.go_on.set()
    assert main.pool.wait_idle(PATIENCE_S)
    assert (main.pool.running, main.pool.queued, main.pool.main_busy) == (0, 0, False)
    assert [task.refusal for task in tasks] == [None] * 4


def test_gr_003_a_stopped_pool_takes_nothing_and_waits_for_the_rest(main: MainThread) -> None:
    first = main.submit()
    main.pool.stop()
    second = main.submit()
    assert second.refusal is not None
    assert "terminating" in second.refusal.text
    assert second.refusal.code == "terminating"
    assert not main.pool.wait_idle(0.02)
    first.go_on.set()
    assert main.pool.wait_idle(PATIENCE_S)
    assert first.ended.is_set()  # idle means that the results are told, too
    assert eventually(lambda: not main.pool.main_busy)
