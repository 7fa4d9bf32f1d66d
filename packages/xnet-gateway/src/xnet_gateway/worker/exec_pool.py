"""Where executions run: the main thread first, further ones in threads of their own.

Programs expect the main thread: signal handlers, GUI toolkits and some event loops work nowhere
else. So an execution gets the main thread whenever it is free. With ``main_thread_only`` it gets
nothing else: a second one at the same time is refused, because it would wait for ever if the first
one waited for it. Unless the first is about to end: that is what it gets a second for.

Spec: GW-013 to GW-016.
"""

from __future__ import annotations

import threading
import time
from collections import deque

from xnet_channel.threads.errors import INTERRUPT_TEXT
from xnet_channel.threads.interrupts import hold_interrupts, release_interrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.worker.exec_task import ExecTask

THREAD: Final = "thread"
MAIN_THREAD_ONLY: Final = "main_thread_only"
EXECMODELS: Final = (THREAD, MAIN_THREAD_ONLY)

#: The text with which a second execution is refused; programs look for execnet's words.
CONCURRENT_EXEC_DEADLOCK_TEXT: Final = (
    "concurrent remote_exec would cause deadlock for main_thread_only execmodel"
)
#: How long an execution may wait for the main thread to become idle, in seconds. Spec: GW-016.
PATIENCE_S: Final = 1.0


class ExecPool:
    """Distributes executions.

    Attributes:
        execmodel: ``THREAD`` or ``MAIN_THREAD_ONLY``.
        main_task: What the main thread is to run next, or None.
        main_busy: The main thread runs an execution, or is about to.
        stopping: No more executions are taken.

    Threads: ``submit`` under the session's lock; the rest from any thread.
    """

    def __init__(self, wake_main: Callable[[], None]) -> None:
        self.execmodel: str = THREAD
        self.main_task: ExecTask | None = None
        self.stopping = False
        self._wake_main = wake_main
        self.main_busy = False
        self._running = 0
        self._queued = 0
        self._closing = 0
        self._idle = threading.Condition()
        self._patient: deque[ExecTask] = deque()  # in ``main_thread_only``, those that wait

    @property
    def running(self) -> int:
        """How many executions run now."""
        return self._running

    @property
    def queued(self) -> int:
        """How many were accepted and have not begun."""
        return self._queued

    def submit(self, task: ExecTask) -> None:
        """Have the task run. Never blocks."""
        with self._idle:
            if self.stopping:
                refusal = "this worker is terminating and takes no more executions"
            elif not self.main_busy:
                self.main_busy = True
                self._queued += 1
                self.main_task = task
                refusal = ""
            elif self.execmodel == MAIN_THREAD_ONLY:
                self._queued += 1
                self._patient.append(task)
                timer = threading.Timer(PATIENCE_S, self._refuse_if_it_waits, (task,))
                timer.daemon = True
                timer.start()
                return
            else:
                self._queued += 1
                threading.Thread(
                    target=self._run_in_thread, args=(task,), name="xnet-exec", daemon=True
                ).start()
                return
        if refusal:
            _refuse(task, refusal)
        else:
            self._wake_main()

    def _refuse_if_it_waits(self, task: ExecTask) -> None:
        with self._idle:
            if task not in self._patient:
                return
            self._patient.remove(task)
            self._queued -= 1
            self._idle.notify_all()
        _refuse(task, CONCURRENT_EXEC_DEADLOCK_TEXT)

    def run_main_task(self) -> None:
        """Run what waits for the main thread."""
        while (task := self.main_task) is not None:
            self.main_task = None
            self._run(task, in_main=True)

    def stop(self) -> None:
        """Take no more executions."""
        with self._idle:
            self.stopping = True

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing runs or waits to run, and all results are told; return whether that is so."""
        deadline_s = time.monotonic() + timeout_s
        with self._idle:
            while self._running or self._queued or self._closing:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return False
                self._idle.wait(left_s)
            return True

    def _run_in_thread(self, task: ExecTask) -> None:
        self._run(task, in_main=False)

    def _run(self, task: ExecTask, *, in_main: bool) -> None:
        with self._idle:
            self._queued -= 1
            self._running += 1
        try:
            error = task.run()
        except KeyboardInterrupt:
            error = INTERRUPT_TEXT  # it came just when the code had ended
        held = hold_interrupts()
        try:
            with self._idle:
                self._running -= 1
                self._closing += 1
                if in_main and self._patient:
                    self.main_task = self._patient.popleft()
                elif in_main:
                    self.main_busy = False
            # [GW-015] After the slot is free: whoever sees the close may exec again at once.
            task.finish(error)
            with self._idle:
                self._closing -= 1
                self._idle.notify_all()
        finally:
            if held is not None:
                release_interrupts(held)


def _refuse(task: ExecTask, text: str) -> None:
    task.channel._executing = False
    task.channel.refuse(text)
