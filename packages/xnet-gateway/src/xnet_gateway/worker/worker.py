"""The worker's end of a gateway: answers requests, runs code, ends when it should.

Spec: GW-010 to GW-030 (executions, status, information), GR-003 to GR-008 (the end).
"""

from __future__ import annotations

import os
import sys

# `signal` wraps these in enums, which takes a millisecond to import.
from _signal import SIG_IGN, SIGINT, signal  # type: ignore[import-not-found]  # no stub

from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.platform.flag import Flag
from xnet_channel.platform.interrupts import nudge_main
from xnet_channel.platform.native import CLOCK, OS, be_main_thread, start_thread
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_channel.threads.why_ended import describe_end
from xnet_gateway.tracing import maybe_tracer
from xnet_gateway.worker.config import apply_config
from xnet_gateway.worker.exec_pool import NUDGES_S, ExecPool
from xnet_gateway.worker.exec_task import ExecTask
from xnet_gateway.worker.services import available
from xnet_wire import frames, messages
from xnet_wire.channel_errors import TERMINATING, ChannelError
from xnet_wire.version import __version__, implementation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.ending import Ending
    from xnet_gateway.execmodel import ExecModel
    from xnet_wire.messages import ExecRequest, Hello
    from xnet_wire.trace import Tracer

#: How long running code gets to end by itself when the worker is to end, in seconds, unless it is told.
GRACE_S: Final = 5.0
#: How long it then gets after an interrupt, in seconds, the same. Both figures are execnet's.
INTERRUPT_GRACE_S: Final = 10.0
#: How long a greenlet gets to let others run before it is interrupted with the main thread, in seconds.
YIELD_S: Final = 1.0
#: How long an ending worker tries to write what is queued, in seconds.
WRITE_S: Final = 1.0


#: Longest path in an answer: two of them must fit into the smallest window. Spec: GW-022.
PATH_CHARACTERS: Final = 5_000


class WorkerGateway(SessionOwner):
    """What code in a worker sees as ``channel.gateway``.

    Attributes:
        id: Name of the gateway, followed by ``-worker``.
        ended: The initiator has gone or has asked this worker to end.
    """

    #: For programs of ours that are executed here, and import something.
    _own_imports = OWN_IMPORTS

    def __init__(self, fd: int, name: str, tracer: Tracer | None) -> None:
        self.id = name
        self.ended = False
        self._tracer = tracer
        self._pool = ExecPool(self._wake_main, self._call_later)
        self._ending = False
        self._why = "the worker was interrupted"
        self._executions_ended = Flag()
        self._times_s = 0.0, 0.0
        self._end_by_s = 0.0
        services = tuple([f"service.{name}" for name in available()])
        hello = messages.Hello(implementation(), features=("exec.python", *services, *messages.FEATURES))
        self.session = Session(
            fd, role="worker", name=name, owner=self, hello=hello, tracer=tracer, lead_first=True
        )

    def __repr__(self) -> str:
        return f"<WorkerGateway {self.id}>"

    # -- for code that runs here ----------------------------------------------------------------

    @property
    def execmodel(self) -> ExecModel:
        """Threads, locks and events of this process, as execnet's programs expect them."""
        return OWN_IMPORTS.module("xnet_gateway.execmodel").get_execmodel(self._pool.execmodel)  # type: ignore[no-any-return]

    def has_greenlets(self) -> bool:
        """See ``SessionOwner``."""
        return self._pool.greenlets is not None

    def newchannel(self) -> Channel:
        """Open a channel; send it in an item to give the initiator the other end."""
        return self.session.new_channel()

    def reconfigure(self, py2str_as_py3str: bool = True, py3str_as_py2str: bool = False) -> None:
        """Set how strings arrive on both sides, for channels without their own setting."""
        self.session.reconfigure((bool(py2str_as_py3str), bool(py3str_as_py2str)))

    def join(self, timeout: float | None = None) -> None:
        """Wait until the connection has ended, at most ``timeout`` seconds."""
        self.session.wait_finished(timeout)

    # -- the main thread ------------------------------------------------------------------------

    def serve(self) -> None:
        """Run executions in the main thread until the worker is to end."""
        interrupted = False
        while True:
            try:
                if interrupted:
                    interrupted = False
                    self._take_interrupt()  # another one may come meanwhile
                self._serve_main()
                signal(SIGINT, SIG_IGN)  # nothing executes any more, and what follows is bounded
                break
            except KeyboardInterrupt:
                interrupted = True
        start_thread(self._exit_in_time, (), "xnet-exit")
        self._leave(self._why)
        self._trace("ended")
        be_main_thread()

    def _serve_main(self) -> None:
        pool = self._pool
        while not self.ended or pool.needs_main:
            self.session.wait(lambda: pool.needs_main or self.ended)
            pool.run_main_task()
        self._executions_ended.wait()

    def _take_interrupt(self) -> None:
        """Pass on an interrupt that came while the main thread executed nothing, or end."""
        greenlets = self._pool.greenlets
        if greenlets is not None and greenlets.interrupt():
            return
        if not self.ended:  # else it was meant for an execution that has just ended
            self._trace("interrupted while nothing ran, ending")
            self._begin_to_end()

    # -- the session's events -------------------------------------------------------------------

    def on_hello(self, hello: Hello) -> None:
        """Apply what the initiator asks for."""
        try:
            apply_config(self, hello.config or {})
        except RemoteProtocolError as error:
            self.session.connection.fail(error)
        if self._tracer is None:  # [TR-004] `env` may have asked for it
            self._tracer = maybe_tracer()
            if self._tracer is not None:
                from xnet_channel.threads.frame_trace import begin_trace

                begin_trace(self.session.link, self._tracer)

    def set_execmodel(self, name: str) -> None:
        """Say where executions run.

        Raises:
            ImportError, ValueError: See ``ExecPool.use_model``.
        """
        self._pool.use_model(name)

    def rename(self, gateway_id: str) -> None:
        """Take the initiator's name for this gateway."""
        self.id = self.session.link.name = f"{gateway_id}-worker"

    def keep_alive(self, interval_s: float) -> None:
        """End when the initiator is silent for too long. Spec: HS-024."""
        self.session.keep_alive(interval_s, self._silent_locked)

    def _silent_locked(self, silent_s: float) -> None:
        text = f"nothing was heard of the initiator for {silent_s:.1f} s"
        self.session.finish_locked(f"{self.id}: {text}")
        self._trace(text)
        self._begin_to_end()

    def on_request(self, frame_type: int, channel: Channel, request: ExecRequest | None) -> None:
        """Answer STATUS and INFO at once, hand CHANNEL_EXEC to the pool. Spec: GR-006."""
        if self.ended:
            text = "this worker is terminating and takes no more requests"
            channel.refuse(ChannelError(text, TERMINATING))
        elif frame_type == frames.STATUS:
            self.session.answer_locked(channel, self._status())
        elif frame_type == frames.INFO:
            self.session.answer_locked(channel, information())
        elif request is not None:
            OWN_IMPORTS.keep()  # nothing has been executed before the first
            self._trace(f"exec on channel {channel.id}: {request!r}")
            self._pool.submit(ExecTask(channel, request))

    def on_cancel(self, channel_id: int) -> None:
        """End an execution. Spec: GW-033 to GW-036."""
        self._trace(f"asked to cancel what channel {channel_id} executes")
        self._pool.cancel(channel_id)

    def on_terminate(self, finish_s: float | None, interrupt_s: float | None) -> None:
        """Begin to end."""
        self._trace("asked to terminate")
        if not self._ending:
            self._why = "the worker has ended as asked"
        self._begin_to_end(finish_s, interrupt_s)

    def on_eof(self, ending: Ending, error: OSError | None) -> None:
        """The initiator has gone: no work is left. Spec: GR-014 (unless it asked for it)."""
        link = ending.link
        if error is None and link.connection.gives_last_words:
            self._trace("the initiator says no more")
            return
        ending.finish_locked(describe_end(link.name, link.connection.failure, error), asked=True)
        self._trace("the initiator has gone")
        self._begin_to_end()

    # -- the end --------------------------------------------------------------------------------

    def _begin_to_end(self, finish_s: float | None = None, interrupt_s: float | None = None) -> None:
        self.ended = True
        self._pool.stop()
        # Code that waits for items sees the end. Spec: GR-003.
        with self.session.lock:
            self.session.end_receiving_locked(f"{self.id}: this worker is to end")
        if not self._ending:
            self._ending = True
            self._times_s = (
                GRACE_S if finish_s is None else finish_s,
                INTERRUPT_GRACE_S if interrupt_s is None else interrupt_s,
            )
            self._end_by_s = CLOCK.monotonic() + sum(self._times_s)
            start_thread(self._end, (), "xnet-ending")
        self._wake_main()

    def _end(self) -> None:
        """Let running code end, then interrupt it, then end the process. Spec: GR-003."""
        pool = self._pool
        finish_s, interrupt_s = self._times_s
        if pool.wait_idle(finish_s):
            self._executions_ended.set()
            return
        blocked = pool.main_busy
        if pool.greenlets is not None:
            self._trace("executions still run, interrupting their greenlets")
            pool.greenlets.interrupt_soon()
            blocked = not pool.greenlets.interrupted.wait(YIELD_S)
        give_up_s = CLOCK.monotonic() + interrupt_s
        if blocked:
            self._trace("executions still run, interrupting the main thread")
            OS.kill(OS.getpid(), SIGINT)
            for nudge_s in NUDGES_S:
                if pool.wait_idle(min(nudge_s, give_up_s - CLOCK.monotonic())):
                    break
                nudge_main()
        if pool.wait_idle(give_up_s - CLOCK.monotonic()):
            self._executions_ended.set()
        else:
            self._trace("executions still run, ending the process")
            self._leave(f"{self._why}, giving up on executions")
            OS._exit(1)

    def _leave(self, why: str) -> None:
        """Write what is queued, and say as the last that this worker has ended. Spec: GR-012."""
        with self.session.lock:
            self.session.connection.send_goaway(why)
        self.session.close(f"{self.id}: the worker has ended", WRITE_S)

    def _exit_in_time(self) -> None:
        """End the process if its own threads and exit handlers do not let it end. Spec: GR-005."""
        Flag().wait(max(WRITE_S, self._end_by_s - CLOCK.monotonic()))
        self._trace("threads or exit handlers still run, ending the process")
        OS._exit(1)

    def _wake_main(self) -> None:
        self.session.wake()

    def _call_later(self, delay_s: float, action: Callable[[], None]) -> None:
        self.session.reactor.call_later(delay_s, action)

    def _status(self) -> dict[str, Any]:
        pool = self._pool
        # Without the channel that the answer goes over.
        return {
            "numchannels": len(self.session.connection.table.open) - 1,
            "numexecuting": pool.running,
            "numqueued": pool.queued,
            "execmodel": pool.execmodel,
        }

    def _trace(self, text: str) -> None:
        if self._tracer is not None:
            self._tracer.event(self.id, text)


def information() -> dict[str, Any]:
    """Return the answer to INFO. Spec: GW-030."""
    try:
        cwd = os.getcwd()
    except OSError:
        cwd = None  # it was removed
    return {
        "executable": sendable_path(sys.executable),
        "version_info": tuple(sys.version_info),
        "platform": sys.platform,
        "cwd": sendable_path(cwd),
        "pid": OS.getpid(),
        "implementation": implementation(),
        "version": __version__,
    }


def sendable_path(path: str | None) -> str | None:
    """Return the path as valid text of a bounded length, or None for none. Spec: GW-022, GW-030."""
    if not path:
        return None
    return path[:PATH_CHARACTERS].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
