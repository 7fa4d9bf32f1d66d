"""A ``subprocess.Popen`` of a process that was started without one.

Programs written for execnet look for it as ``gateway._io.popen``. Both find out about the end of the process
together: under one lock, and in one place.
"""

from __future__ import annotations

from xnet_gateway.child import Child
from xnet_gateway.native_popen import native_popen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_gateway.child import Started

_Popen: Final[Any] = native_popen()


def popen_of(started: Started) -> Any:
    """Return it; the process itself if that is one. Threads: any."""
    return _Adopted(started) if isinstance(started, Child) else started


class _Adopted(_Popen):  # type: ignore[misc]
    def __init__(self, child: Child) -> None:
        self._child = child
        super().__init__(child.args)

    @property
    def returncode(self) -> int | None:
        return self._child.returncode

    @returncode.setter
    def returncode(self, status: int | None) -> None:
        if status is not None:  # as which it begins
            self._child.returncode = status

    def _execute_child(self, *_arguments: object) -> None:
        """It executes already."""
        self.pid = self._child.pid
        self._waitpid_lock = self._child.lock
        self._child_created = True
