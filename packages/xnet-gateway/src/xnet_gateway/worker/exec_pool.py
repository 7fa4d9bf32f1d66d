"""Where executions run: the main thread first, further ones in other threads.

Programs expect the main thread: signal handlers, GUI toolkits and some event loops work nowhere
else. So an execution gets the main thread whenever it is free. With ``main_thread_only`` it gets
nothing else: a second one at the same time is refused, because it would wait for ever if the first
one waited for it. Unless the first is about to end: that is what it gets a second for.

With ``gevent`` or ``eventlet`` executions are greenlets of the main thread, as many as there are.

Spec: GW-013 to GW-016, GW-028.
"""

from __future__ import annotations

from collections import deque

from xnet_channel.platform.interrupts import (
    forget_interrupts,
    hold_interrupts,
    nudge_main,
    release_interrupts,
)
from xnet_channel.platform.native import CLOCK, RLock, start_thread
from xnet_channel.platform.tracebacks import HEADER
from xnet_channel.platform.wait_list import WaitList
from xnet_channel.threads.error_data import describe_error
from xnet_channel.threads.errors import CANCEL, INTERRUPT
from xnet_gateway.models import EXECMODELS, MAIN_THREAD_ONLY, OF_GREENLETS, THREAD
from xnet_wire.channel_errors import BUSY, TERMINATING, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_gateway.worker.exec_greenlets import ExecGreenlets
    from xnet_gateway.worker.exec_task import ExecTask

#: The text with which a second execution is refused; programs look for execnet's words.
CONCURRENT_EXEC_DEADLOCK_TEXT: Final = (
    "concurrent remote_exec would cause deadlock for main_thread_only execmodel"
)
#: How long an execution may wait for the main thread to become idle, in seconds. Spec: GW-016.
PATIENCE_S: Final = 1.0
#: After how many seconds, and how many more, the main thread is asked again to notice an interrupt.
NUDGES_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)


class ExecPool:
    """Distributes executions.

    Attributes:
        execmodel: One of ``EXECMODELS``.
        main_task: What the main thread is to run next, or None.
        main_busy: The main thread runs an execution, or is about to.
        greenlets: Where executions run instead, in the models that have greenlets.
        stopping: No more executions are taken.

    Threads: ``submit`` under the session's lock; the rest from any thread.
    """

    def __init__(
        self, wake_main: Callable[[], None], call_later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        """Make it.

        Args:
            wake_main: Has the main thread look at ``needs_main``.
            call_later: Calls something after some seconds, in whatever thread.
        """
        self.execmodel: str = THREAD
        self.main_task: ExecTask | None = None
        self.stopping = False
        self._wake_main = wake_main
        self._call_later = call_later
        self.main_busy = False
        self._running = 0
        self._queued = 0
        self._closing = 0
        self._lock = RLock()
        self._changed = WaitList()
        self._patient: deque[ExecTask] = deque()  # in ``main_thread_only``, those that wait
        self._tasks: dict[int, ExecTask] = {}  # all that have not ended, by the id of their channel
        self.greenlets: ExecGreenlets | None = None

    @property
    def running(self) -> int:
        """How many executions run now."""
        return self._running

    @property
    def queued(self) -> int:
        """How many were accepted and have not begun."""
        return self._queued

    @property
    def needs_main(self) -> bool:
        """Whether the main thread has something to do."""
        return self.main_task is not None or (self.greenlets is not None and self.greenlets.has_work)

    def use_model(self, name: str) -> None:
        """Say where executions run, before there are any.

        Raises:
            ImportError: The library is not installed here; a sentence.
            ValueError: The model is unknown, or this process uses the other library.
        """
        if name not in EXECMODELS:
            raise ValueError(f"expected one of {', '.join(EXECMODELS)}")
        if name in OF_GREENLETS:
            from xnet_gateway.worker.exec_greenlets import ExecGreenlets

            self.greenlets = ExecGreenlets(name, self._run)
        self.execmodel = name

    def submit(self, task: ExecTask) -> None:
        """Have the task run. Never blocks."""
        with self._lock:
            if self.stopping:
                _refuse(
                    task, ChannelError("this worker is terminating and takes no more executions", TERMINATING)
                )
                return
            self._tasks[task.channel.id] = task
            if self.greenlets is not None:
                self._queued += 1
                self.greenlets.add(task)
            elif not self.main_busy:
                self.main_busy = True
                self._queued += 1
                self.main_task = task
            elif self.execmodel == MAIN_THREAD_ONLY:
                self._queued += 1
                self._patient.append(task)
                self._call_later(PATIENCE_S, lambda: self._refuse_if_it_waits(task))
                return
            else:
                self._queued += 1
                start_thread(self._run, (task,), "xnet-exec")
                return
        self._wake_main()

    def cancel(self, channel_id: int) -> None:
        """End the execution of a channel, if there is one and it was not cancelled yet. Never blocks.

        Spec: GW-034, GW-036.

        Threads: under the session's lock.
        """
        with self._lock:
            task = self._tasks.get(channel_id)
            if task is None or task.cancelled:
                return
            task.cancelled = True
            waits = task in self._patient
            if waits:
                self._patient.remove(task)
                self._queued -= 1
                self._tasks.pop(channel_id)
                self._changed.notify_all_locked()
            elif task.begun and self.greenlets is None:
                task.interrupt()  # under the lock: it has not ended, so that no other execution is hit
                if task.in_main:
                    self._nudge_later(task, *NUDGES_S)
        if waits:
            _refuse(task, CANCEL)
        elif task.begun and self.greenlets is not None:
            self.greenlets.cancel(task)
            self._wake_main()

    def _nudge_later(self, task: ExecTask, delay_s: float, *further_s: float) -> None:
        """See to it that the main thread notices its interrupt, while it executes this."""

        def nudge() -> None:
            with self._lock:
                if self._tasks.get(task.channel.id) is not task:
                    return
                nudge_main()
            if further_s:
                self._nudge_later(task, *further_s)

        self._call_later(delay_s, nudge)

    def _refuse_if_it_waits(self, task: ExecTask) -> None:
        with self._lock:
            if task not in self._patient:
                return
            self._patient.remove(task)
            self._queued -= 1
            self._tasks.pop(task.channel.id)
            self._changed.notify_all_locked()
        _refuse(task, ChannelError(CONCURRENT_EXEC_DEADLOCK_TEXT, BUSY))

    def run_main_task(self) -> None:
        """Run what waits for the main thread."""
        while (task := self.main_task) is not None:
            self.main_task = None
            self._run(task, True)
        if self.greenlets is not None:
            self.greenlets.work()

    def stop(self) -> None:
        """Take no more executions."""
        with self._lock:
            self.stopping = True

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing runs or waits to run, and all results are told; return whether that is so."""
        deadline_s = CLOCK.monotonic() + timeout_s
        with self._lock:
            while True:  # and no condition: see Flag.wait
                if not (self._running or self._queued or self._closing):
                    return True
                left_s = deadline_s - CLOCK.monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait_locked(self._lock, left_s)

    def _run(self, task: ExecTask, in_main: bool = False) -> None:
        held = hold_interrupts()
        with self._lock:
            self._queued -= 1
            self._running += 1
            task.begin(in_main)
        try:
            if held is not None:
                release_interrupts(held)
            error = task.run() if task.begun else CANCEL
            held = hold_interrupts()
        except BaseException as failure:  # noqa: BLE001 - of the code's: the worker goes on
            # Ctrl-C that came just when the code had ended, or a trace function, an audit hook that it left.
            error = _describe(failure)
            held = hold_interrupts()
        try:
            with self._lock:
                self._tasks.pop(task.channel.id, None)  # from here on nothing interrupts it
                self._running -= 1
                self._closing += 1
                if in_main and self._patient:
                    self.main_task = self._patient.popleft()
                elif in_main:
                    self.main_busy = False
            if task.cancelled:
                if held is not None:
                    forget_interrupts()  # one that came when the code had ended is not for the next
                if error is INTERRUPT:
                    error = CANCEL
            # [GW-015] After the slot is free: whoever sees the close may exec again at once.
            task.finish(error)
            with self._lock:
                self._closing -= 1
                self._changed.notify_all_locked()
        finally:
            if held is not None:
                release_interrupts(held)


def _describe(failure: BaseException) -> ChannelError:
    try:
        return describe_error(failure)
    except BaseException:  # noqa: BLE001 - an audit hook may refuse what a traceback is made of
        return ChannelError(f"{HEADER}{type(failure).__name__}: {failure}\n")


def _refuse(task: ExecTask, error: ChannelError) -> None:
    task.channel._executing = False
    task.channel.refuse(error)
