"""Execution models as objects: what programs written for execnet find in ``gateway.execmodel``.

execnet hid several threading libraries behind such an object. Here there are threads only, and the object is
a set of short cuts into the standard library; pytest-xdist, for one, makes its locks with it in every worker.
"""

from __future__ import annotations

import os
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import IO, Any


class ExecModel:
    """One execution model.

    Attributes:
        backend: Its name, as in ``execmodel=`` of a specification.

    Threads: all methods from any thread.
    """

    backend = ""

    def __repr__(self) -> str:
        return f"<ExecModel {self.backend!r}>"

    # -- the modules execnet's programs reach through the model ---------------------------------

    @property
    def queue(self) -> ModuleType:
        """The standard library's ``queue``."""
        import queue

        return queue

    @property
    def subprocess(self) -> ModuleType:
        """The standard library's ``subprocess``."""
        import subprocess

        return subprocess

    @property
    def socket(self) -> ModuleType:
        """The standard library's ``socket``."""
        import socket

        return socket

    # -- threads ----------------------------------------------------------------------------------

    def start(self, func: Callable[..., object], args: tuple[Any, ...] = ()) -> None:
        """Run the function in a thread of its own that does not keep the process alive."""
        threading.Thread(target=func, args=args, name="xnet-execmodel", daemon=True).start()

    def get_ident(self) -> int:
        """Return the number of the current thread."""
        return threading.get_ident()

    def sleep(self, delay: float) -> None:
        """Wait for some seconds."""
        time.sleep(delay)

    # -- things to synchronise with -----------------------------------------------------------------

    def Lock(self) -> threading.RLock:  # noqa: N802 - execnet's names
        """Return a new ``threading.RLock``: with execnet a lock may be taken twice, too."""
        return threading.RLock()

    def RLock(self) -> threading.RLock:  # noqa: N802
        """Return a new ``threading.RLock``."""
        return threading.RLock()

    def Event(self) -> threading.Event:  # noqa: N802
        """Return a new ``threading.Event``."""
        return threading.Event()

    def fdopen(self, fd: int, mode: str, bufsize: int = 1, closefd: bool = True) -> IO[Any]:
        """Return a file over a descriptor; text is UTF-8.

        Args:
            fd: The descriptor.
            mode: As for ``open``.
            bufsize: As for ``open``; line buffering means the default size for binary files.
            closefd: Whether closing the file closes the descriptor.
        """
        if "b" in mode:
            return os.fdopen(fd, mode, -1 if bufsize == 1 else bufsize, closefd=closefd)
        return os.fdopen(fd, mode, bufsize, encoding="utf-8", closefd=closefd)


class ThreadExecModel(ExecModel):
    """Executed code runs in the main thread, further code beside it in threads."""

    backend = "thread"


class MainThreadOnlyExecModel(ExecModel):
    """Executed code runs in the main thread only, one at a time."""

    backend = "main_thread_only"


_MODELS: dict[str, ExecModel] = {
    model.backend: model for model in (ThreadExecModel(), MainThreadOnlyExecModel())
}


def get_execmodel(backend: str | ExecModel) -> ExecModel:
    """Return the execution model of a name; a model is returned as it is.

    Raises:
        ValueError: This version has no model of that name (our caller's fault).
    """
    if isinstance(backend, ExecModel):
        return backend
    model = _MODELS.get(backend)
    if model is None:
        from xnet_gateway.spec_rules import check_execmodel

        check_execmodel(backend, "in get_execmodel()")
        raise ValueError(f"unknown execmodel {backend!r}")
    return model
