"""Execution models as objects: what programs written for execnet find in ``gateway.execmodel``.

Each is a set of short cuts: into the standard library, or into gevent or eventlet. pytest-xdist, for one,
makes its locks with it in every worker.
"""

from __future__ import annotations

import os
import threading
import time

from xnet_channel.platform import greenlets
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_gateway.models import MAIN_THREAD_ONLY
from xnet_gateway.spec_rules import check_execmodel

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
        return OWN_IMPORTS.module("queue")  # type: ignore[no-any-return]

    @property
    def subprocess(self) -> ModuleType:
        """The standard library's ``subprocess``."""
        return OWN_IMPORTS.module("subprocess")  # type: ignore[no-any-return]

    @property
    def socket(self) -> ModuleType:
        """The standard library's ``socket``."""
        return OWN_IMPORTS.module("socket")  # type: ignore[no-any-return]

    # -- threads ----------------------------------------------------------------------------------

    def start(self, func: Callable[..., object], args: tuple[Any, ...] = ()) -> None:
        """Run the function in a new thread that does not keep the process alive."""
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
    """Executed code runs in the main thread, further code at the same time in other threads."""

    backend = "thread"


class MainThreadOnlyExecModel(ExecModel):
    """Executed code runs in the main thread only, one at a time."""

    backend = MAIN_THREAD_ONLY


class _GreenletExecModel(ExecModel):
    """What both libraries of greenlets have in common.

    They are imported when something of them is asked for: a program that only wants its workers to use one
    need not have it. Each attribute raises ImportError if the library is not installed, and ValueError if the
    other one has replaced the threads of this process; the text says what to do. Where waits let greenlets of
    the other one run, these are only the short cuts.
    """

    def _module(self, name: str) -> Any:
        used = greenlets.library
        if used is None or used.name == self.backend:
            greenlets.use(self.backend)
        return OWN_IMPORTS.module(name)

    @property
    def queue(self) -> ModuleType:
        """Its own ``queue``."""
        return self._module(f"{self.backend}.queue")  # type: ignore[no-any-return]


class GeventExecModel(_GreenletExecModel):
    """Executed code runs in greenlets of gevent."""

    backend = "gevent"

    @property
    def subprocess(self) -> ModuleType:
        """Its own ``subprocess``."""
        return self._module("gevent.subprocess")  # type: ignore[no-any-return]

    @property
    def socket(self) -> ModuleType:
        """Its own ``socket``."""
        return self._module("gevent.socket")  # type: ignore[no-any-return]

    def start(self, func: Callable[..., object], args: tuple[Any, ...] = ()) -> None:
        """Run the function in a greenlet."""
        self._module("gevent").spawn(func, *args)

    def get_ident(self) -> int:
        """Return the number of the current greenlet."""
        return self._module("gevent.thread").get_ident()  # type: ignore[no-any-return]

    def sleep(self, delay: float) -> None:
        """Let other greenlets run for some seconds."""
        self._module("gevent").sleep(delay)

    def Lock(self) -> Any:  # noqa: N802 - execnet's names
        """Return a new ``gevent.lock.RLock``."""
        return self._module("gevent.lock").RLock()

    def RLock(self) -> Any:  # noqa: N802
        """Return a new ``gevent.lock.RLock``."""
        return self._module("gevent.lock").RLock()

    def Event(self) -> Any:  # noqa: N802
        """Return a new ``gevent.event.Event``."""
        return self._module("gevent.event").Event()

    def fdopen(self, fd: int, mode: str, bufsize: int = 1, closefd: bool = True) -> IO[Any]:
        """Return a file over a descriptor; text is UTF-8. Threads of gevent read and write it."""
        make = self._module("gevent.fileobject").FileObjectThread
        if "b" in mode:
            return make(fd, mode, buffering=_usual(bufsize), closefd=closefd)  # type: ignore[no-any-return]
        return make(fd, mode, buffering=bufsize, encoding="utf-8", closefd=closefd)  # type: ignore[no-any-return]


class EventletExecModel(_GreenletExecModel):
    """Executed code runs in greenlets of eventlet."""

    backend = "eventlet"

    @property
    def subprocess(self) -> ModuleType:
        """Its own ``subprocess``."""
        return self._module("eventlet.green.subprocess")  # type: ignore[no-any-return]

    @property
    def socket(self) -> ModuleType:
        """Its own ``socket``."""
        return self._module("eventlet.green.socket")  # type: ignore[no-any-return]

    def start(self, func: Callable[..., object], args: tuple[Any, ...] = ()) -> None:
        """Run the function in a greenlet."""
        self._module("eventlet").spawn_n(func, *args)

    def get_ident(self) -> int:
        """Return the number of the current greenlet."""
        return self._module("eventlet.green.thread").get_ident()  # type: ignore[no-any-return]

    def sleep(self, delay: float) -> None:
        """Let other greenlets run for some seconds."""
        self._module("eventlet").sleep(delay)

    def Lock(self) -> Any:  # noqa: N802
        """Return a new lock of eventlet's ``threading``, that may be taken twice."""
        return self._module("eventlet.green.threading").RLock()

    def RLock(self) -> Any:  # noqa: N802
        """Return a new lock of eventlet's ``threading``."""
        return self._module("eventlet.green.threading").RLock()

    def Event(self) -> Any:  # noqa: N802
        """Return a new event of eventlet's ``threading``."""
        return self._module("eventlet.green.threading").Event()

    def fdopen(self, fd: int, mode: str, bufsize: int = 1, closefd: bool = True) -> IO[Any]:
        """Return a file over a descriptor, of a pipe or the like; text is UTF-8."""
        make = self._module("eventlet.green.os").fdopen
        if "b" in mode:
            return make(fd, mode, _usual(bufsize), closefd=closefd)  # type: ignore[no-any-return]
        return make(fd, mode, bufsize, encoding="utf-8", closefd=closefd)  # type: ignore[no-any-return]


_MODELS: dict[str, ExecModel] = {
    model.backend: model
    for model in (ThreadExecModel(), MainThreadOnlyExecModel(), GeventExecModel(), EventletExecModel())
}


def get_execmodel(backend: str | ExecModel) -> ExecModel:
    """Return the execution model of a name; a model is returned as it is.

    Raises:
        ValueError: The model is unknown (our caller's fault).
    """
    if isinstance(backend, ExecModel):
        return backend
    check_execmodel(backend, "in get_execmodel()")
    return _MODELS[backend]


def _usual(bufsize: int) -> int:
    """Return the default size of a buffer where there are no lines."""
    return -1 if bufsize == 1 else bufsize
