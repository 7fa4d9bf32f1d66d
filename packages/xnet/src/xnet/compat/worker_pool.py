"""``WorkerPool``: execnet's pool of threads, or greenlets, for programs that use it directly."""

from __future__ import annotations

from xnet_channel.platform.native import RLock
from xnet_channel.threads.errors import TimeoutError
from xnet_gateway.models import OF_GREENLETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import Queue
    from typing import Any

    from xnet_gateway.execmodel import ExecModel


class Reply:
    """The outcome of one spawned call."""

    def __init__(
        self, task: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]], threadmodel: ExecModel
    ) -> None:
        self.task = task
        self.running = False
        self._done = threadmodel.Event()
        self._result: Any = None
        self._error: BaseException | None = None

    def get(self, timeout: float | None = None) -> Any:
        """Return the call's result, or raise what it raised.

        Raises:
            OSError: It is not done within ``timeout`` seconds.
        """
        self.waitfinish(timeout)
        if self._error is not None:
            raise self._error
        return self._result

    def waitfinish(self, timeout: float | None = None) -> None:
        """Wait until the call is done.

        Raises:
            OSError: It is not done within ``timeout`` seconds.
        """
        if not self._done.wait(timeout):
            raise TimeoutError(f"{self.task[0]!r} is not done after {timeout} s")

    def run(self) -> None:
        """Do the call."""
        function, arguments, keywords = self.task
        self.running = True
        try:
            self._result = function(*arguments, **keywords)
        except BaseException as error:  # noqa: BLE001 - it is raised again in get()
            self._error = error
        finally:
            self.running = False
            self._done.set()


class WorkerPool:
    """Runs calls in threads, the first ones in the thread that integrates as primary, if any."""

    def __init__(self, execmodel: ExecModel, hasprimary: bool = False) -> None:
        if hasprimary and execmodel.backend in OF_GREENLETS:
            raise ValueError(f"hasprimary=True is for threads, and not for the model {execmodel.backend!r}")
        self.execmodel = execmodel
        self._has_primary = hasprimary
        self._primary: Queue[Reply | None] = execmodel.queue.Queue()
        self._primary_free = False
        self._shutting_down = False
        self._running: set[Reply] = set()
        self._lock = RLock()
        #: Set when nothing runs any more; it comes from the model, whose other calls must run meanwhile.
        self._idle: Any = None

    def integrate_as_primary_thread(self) -> None:
        """Run spawned calls in the calling thread until ``trigger_shutdown``.

        Raises:
            RuntimeError: The pool was made without a primary thread (our caller's fault).
        """
        if not self._has_primary:
            raise RuntimeError(
                "this WorkerPool has no primary thread: it was created without hasprimary=True"
            )
        while not self._shutting_down:
            with self._lock:
                self._primary_free = True
            reply = self._primary.get()
            if reply is None:
                break
            self._run(reply)

    def trigger_shutdown(self) -> None:
        """Take no more calls and let the primary thread go."""
        with self._lock:
            self._shutting_down = True
        self._primary.put(None)

    def active_count(self) -> int:
        """Return how many calls have not ended."""
        return len(self._running)

    def spawn(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> Reply:
        """Have the call run; return at once.

        Raises:
            ValueError: The pool is shutting down.
        """
        reply = Reply((func, args, kwargs), self.execmodel)
        with self._lock:
            if self._shutting_down:
                raise ValueError("the pool is shutting down and accepts no more calls")
            self._running.add(reply)
            reply.running = True
            if self._has_primary and self._primary_free:
                self._primary_free = False
                self._primary.put(reply)
                return reply
        self.execmodel.start(self._run, (reply,))
        return reply

    def terminate(self, timeout: float | None = None) -> bool:
        """Shut down and wait; return whether all calls have ended."""
        self.trigger_shutdown()
        return self.waitall(timeout)

    def waitall(self, timeout: float | None = None) -> bool:
        """Wait until no call runs; return whether that is so."""
        with self._lock:
            if not self._running:
                return True
            if self._idle is None:
                self._idle = self.execmodel.Event()
            idle = self._idle
        idle.wait(timeout)
        return bool(idle.is_set())

    def _run(self, reply: Reply) -> None:
        try:
            reply.run()
        finally:
            with self._lock:
                self._running.discard(reply)
                if not self._running and self._idle is not None:
                    self._idle.set()
                    self._idle = None
