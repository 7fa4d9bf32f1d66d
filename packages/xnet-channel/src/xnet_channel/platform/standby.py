"""Threads that wait in reserve where an ending interpreter starts none.

Python 3.12.0 to 3.12.2 refuse new threads as soon as the program's last line has run, before exit handlers
do; earlier and later versions do not. But what those handlers wait for begins threads: callbacks for items
that have just come, words of workers that have to be written. So there, and only there, each session brings
a thread that does nothing until one is refused.
"""

from __future__ import annotations

import sys

# Not from `queue`, where it may have been replaced.
from _queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

#: Whether this Python refuses threads while exit handlers run.
REFUSED_AT_EXIT: Final = (3, 12) <= sys.version_info < (3, 12, 3)
#: How many come with the first session besides its own: for the reactor, and for what has to be written.
AT_FIRST: Final = 3


class Standby:
    """There is one in a process, ``STANDBY``.

    Threads: all methods from any.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._has_any = False

    def add(self, start: Callable[[Callable[[], object], tuple[()]], object]) -> None:
        """Let one more thread wait.

        Args:
            start: Starts a thread, as ``_thread.start_new_thread`` does.
        """
        count = 1 if self._has_any else 1 + AT_FIRST
        self._has_any = True
        for _ in range(count):
            start(self._run, ())

    def take(self, job: Callable[[], object]) -> bool:
        """Have a waiting thread do the job, or the next that is free; return whether there are any."""
        if self._has_any:
            self._jobs.put(job)
        return self._has_any

    def forget_after_fork(self) -> None:
        """Know that the threads have stayed with the parent."""
        self.__init__()  # type: ignore[misc]

    def _run(self) -> None:
        while True:
            self._jobs.get()()


STANDBY: Final = Standby()
