"""Executions in greenlets: all in the main thread, each of which lets the others run while it waits.

Spec: GW-028.
"""

from __future__ import annotations

from collections import deque

from xnet_channel.platform import greenlets
from xnet_channel.platform.flag import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnet_gateway.worker.exec_task import ExecTask


class ExecGreenlets:
    """Runs executions in greenlets.

    Attributes:
        interrupted: Those that executed when the worker was to end have been interrupted.

    Threads: ``add``, ``cancel`` and ``interrupt_soon`` from any; the rest in the main thread.
    """

    def __init__(self, name: str, run: Callable[[ExecTask], None]) -> None:
        """Load the library.

        Args:
            name: Which.
            run: Runs an execution.

        Raises:
            ImportError: It is not installed here; a sentence.
            ValueError: This process uses another one.
        """
        self._library = greenlets.use(name)
        self._run = run
        self._waiting: deque[ExecTask] = deque()
        self._executing: dict[Any, ExecTask] = {}
        self._cancelled: deque[ExecTask] = deque()
        self._begun = False
        self._interrupt = Flag()
        self.interrupted = Flag()

    @property
    def has_work(self) -> bool:
        """Whether ``work`` has something to do."""
        return bool(self._waiting or self._cancelled) or not self._begun

    def add(self, task: ExecTask) -> None:
        """Have ``work`` run an execution."""
        self._waiting.append(task)

    def work(self) -> None:
        """Begin what waits to be executed."""
        if not self._begun:
            self._begun = True
            self._library.begin_here()
            self._library.spawn(self._interrupt_when_asked)
        while self._waiting:
            self._library.spawn(self._execute, self._waiting.popleft())
        while self._cancelled:
            task = self._cancelled.popleft()
            for greenlet, its_task in list(self._executing.items()):
                if its_task is task:
                    self._library.interrupt(greenlet)

    def cancel(self, task: ExecTask) -> None:
        """Have ``work`` interrupt the greenlet of an execution."""
        self._cancelled.append(task)

    def interrupt(self) -> bool:
        """Interrupt all that execute, as Ctrl-C would; return whether there are any."""
        executing = list(self._executing)
        for greenlet in executing:
            self._library.interrupt(greenlet)
        return bool(executing)

    def interrupt_soon(self) -> None:
        """Have all that execute interrupted, as soon as one of them lets others run."""
        self._interrupt.set()

    def _interrupt_when_asked(self) -> None:
        self._interrupt.wait()
        self.interrupt()
        self.interrupted.set()

    def _execute(self, task: ExecTask) -> None:
        me = self._library.current()
        self._executing[me] = task
        try:
            self._run(task)
        finally:
            self._executing.pop(me, None)
