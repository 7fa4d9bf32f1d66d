"""One execution: the code of one CHANNEL_EXEC and the channel it talks on.

Spec: GW-001 to GW-003, GW-010 to GW-012, GW-017, GW-018, TR-011.
"""

from __future__ import annotations

import sys

from xnet_channel.platform import greenlets
from xnet_channel.platform.interrupts import interrupt_main
from xnet_channel.platform.native import OS, get_ident
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.platform.tracebacks import HEADER, format_traceback, show_source
from xnet_channel.threads.error_data import as_data
from xnet_channel.threads.errors import (
    CANNOT_SEND,
    INTERRUPT,
    RemoteError,
    WorkerEndingError,
    remote_error,
)
from xnet_gateway.worker.services import maybe_service
from xnet_wire.channel_errors import REFUSED, ChannelError
from xnet_wire.errors import WireError
from xnet_wire.messages import decode_following

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Final, NoReturn

    from xnet_channel.threads.channel import Channel
    from xnet_wire.messages import ExecRequest

#: Code with ``await`` outside functions is compiled to a coroutine: ast.PyCF_ALLOW_TOP_LEVEL_AWAIT.
TOP_LEVEL_AWAIT: Final = 0x2000
#: What is executed here. Spec: GW-004.
LANGUAGE: Final = "python"
#: Kept: code of a sandbox takes them away.
COMPILE: Final = compile
EVAL: Final = eval
#: File name of sources that come from no file.
NO_FILE: Final = "<remote exec>"


class ExecTask:
    """Source to run and where its results go.

    Attributes:
        channel: The channel the code finds as ``channel``.
        request: What to run.
    """

    def __init__(self, channel: Channel, request: ExecRequest) -> None:
        channel._executing = True
        self._pid = OS.getpid()
        self.channel = channel
        self.request = request
        #: The error of the code came of the end of its channel.
        self._follows = False
        self.begun = self.cancelled = False
        #: The thread that executes it, and the coroutine with its loop if there is one.
        self._thread = 0
        self.in_main = False
        self._running: list[tuple[Any, Any]] = []

    def begin(self, in_main: bool) -> None:
        """Note that this thread is going to run it, unless it was cancelled."""
        self.begun = not self.cancelled
        self.in_main = in_main
        self._thread = get_ident()

    def interrupt(self) -> None:
        """Interrupt the code, which has begun: KeyboardInterrupt, as soon as its thread can be given it.

        Threads: any other, under the session's lock.
        """
        endpoint = self.channel._endpoint
        endpoint.cancelling.channels.add(self.channel.id)
        if self.in_main:
            interrupt_main()
        elif self._running:
            self._cancel_coroutine()
        else:
            endpoint.cancelling.threads.add(self._thread)
            endpoint.leading.wake_all_locked()

    def _loop_began(self, loop: Any, coroutine: Any) -> None:
        self._running.append((loop, coroutine))
        if self.cancelled:
            self._cancel_coroutine()

    def _cancel_coroutine(self) -> None:
        loop, coroutine = self._running[-1]
        try:
            loop.call_soon_threadsafe(coroutine.cancel)
        except RuntimeError:
            pass  # the loop has ended

    def run(self) -> ChannelError | None:
        """Run the code.

        Returns:
            What to close the channel with: None after a good end, else the error. Does not
            return in a child that the code forked.
        """
        error = self._run()
        if OS.getpid() != self._pid:
            end_forked_child(*((0, "") if error is None else (1, error.text)))
        return error

    def _run(self) -> ChannelError | None:
        file = NO_FILE
        namespace: dict[str, Any] = {"channel": self.channel, "__name__": "__channelexec__"}
        try:
            if self.request.follows:
                try:
                    self.request = decode_following(self.channel.receive())
                except WireError as error:
                    return ChannelError(str(error))
            request = self.request
            if request.service is not None:
                return self._serve(request.service)
            if request.language not in (None, LANGUAGE):
                text = f"this worker executes {LANGUAGE}, not {request.language}"
                return ChannelError(text, REFUSED)
            file = request.file or NO_FILE
            linecache: Any = sys.modules.get("linecache")
            if linecache is not None:  # for `inspect` in the code; importing it for that costs too much
                show_source(linecache, file, request.source)
            # Without this file's imports from __future__: they are not for the code.
            code = COMPILE(request.source + "\n", file, "exec", TOP_LEVEL_AWAIT, dont_inherit=True)
            result = EVAL(code, namespace)
            if request.call is not None:
                if request.call not in namespace:
                    raise NameError(f"the source defines no function {request.call!r} to call")
                result = namespace[request.call](self.channel, **request.kwargs)
            if result is not None and hasattr(result, "cr_await"):
                run_in_loop(result, self._loop_began)
        except (KeyboardInterrupt, WorkerEndingError):
            return INTERRUPT
        except EOFError:
            # [GW-010] Code that still waited for items when there were no more is not an error.
            return None
        except BaseException as error:  # noqa: BLE001 - the initiator gets it
            if isinstance(error, SystemExit) and OS.getpid() != self._pid:
                end_forked_child(*exit_status(error))
            if self.cancelled and type(error).__name__ == "CancelledError":
                return INTERRUPT
            cannot_send = type(error) is OSError and CANNOT_SEND in str(error)
            self._follows = cannot_send or isinstance(error, RemoteError)
            return self._describe(error, file)
        return None

    def _serve(self, name: str) -> ChannelError | None:
        """Run a service; return the error if it is unknown."""
        service = maybe_service(name)
        if service is None:
            return ChannelError(f"this worker has no service {name!r}", REFUSED)
        service(self.channel)
        return None

    def finish(self, error: ChannelError | None) -> None:
        """Close the channel.

        Must come after the execution slot is free again: the initiator may send the next exec as
        soon as it sees the channel closed.
        """
        self.channel.gateway._trace(f"executed on channel {self.channel.id}")  # [TR-011]
        self.channel._executing = False
        if self.cancelled:
            with self.channel._link.lock:
                self.channel._endpoint.cancelling.forget_locked(self.channel.id, self._thread)
        if error is None:
            self.channel.close()
        elif (
            not self.channel.refuse(error) and not self._follows and not self.channel.gateway.session.finished
        ):
            remote_error(error).warn()  # on a channel that the initiator has closed it would go unnoticed

    def _describe(self, error: BaseException, file: str) -> ChannelError:
        """Return the error with its traceback from the user's code on, with the lines of the source."""
        # Without our own frame, which is all there is if the source could not be compiled.
        trace = error.__traceback__ and error.__traceback__.tb_next
        if trace is not None and trace.tb_frame.f_code is run_in_loop.__code__:
            while trace.tb_next is not None and trace.tb_frame.f_code.co_filename != file:
                trace = trace.tb_next  # of the event loop
        text = format_traceback(error, trace, (file, self.request.source))
        # Without calls, as of what could not even begin, it lacks the line that programs look for.
        if not text.startswith(HEADER) and trace is None:
            text = HEADER + text
        return as_data(error, trace, text)


def run_in_loop(coroutine: Coroutine[Any, Any, object], began: Callable[[Any, Any], None]) -> None:
    """Run a coroutine in its own event loop, which ends with it. Spec: GW-026.

    Args:
        coroutine: It.
        began: Called with the loop and the task.
    """
    loops = OWN_IMPORTS.module("xnet_gateway.worker.loop_beside")
    if greenlets.run_here():
        loops.run_beside(coroutine)
    else:
        asyncio = loops.asyncio

        async def run() -> None:
            began(asyncio.get_running_loop(), asyncio.current_task())
            await coroutine

        asyncio.run(run())


def exit_status(error: SystemExit) -> tuple[int, str]:
    """Return status and last words of a process that ends with this error, as Python has it."""
    if error.code is None:
        return 0, ""
    if isinstance(error.code, int):
        return error.code & 0xFF, ""
    return 1, f"{error.code}\n"


def end_forked_child(status: int, words: str) -> NoReturn:
    """End a child that was forked by executed code and has come to the end of that code.

    It has no connection and nothing to report to; what would follow is up to its parent.
    """
    try:
        sys.stderr.write(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # there is none, or it is closed
    OS._exit(status)
