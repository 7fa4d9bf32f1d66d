"""A gateway: one interpreter that runs our code, and the connection to it.

Names, defaults and errors are execnet's.
"""

from __future__ import annotations

from xnet_channel.platform.interrupts import hold_interrupts, release_interrupts
from xnet_channel.platform.native import CLOCK
from xnet_channel.threads.errors import TimeoutError
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_channel.threads.why_ended import describe_end
from xnet_gateway.source import PYTHON
from xnet_gateway.spec_rules import parse_limits
from xnet_gateway.times_to_end import times_to_end_ms
from xnet_gateway.tracing import maybe_tracer
from xnet_gateway.xspec import without_values
from xnet_wire import frames, messages
from xnet_wire.limits import window_for
from xnet_wire.value_types import SURROGATES_FEATURE
from xnet_wire.version import implementation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_channel.threads.ending import Ending
    from xnet_gateway.execmodel import ExecModel
    from xnet_gateway.source import Source
    from xnet_gateway.status import RemoteStatus, RInfo
    from xnet_gateway.transports.base import Connected, ProcessHandle
    from xnet_gateway.xspec import XSpec
    from xnet_wire.messages import ExecRequest

#: How long after the end of the connection its process gets to end too, so that the error can say
#: how it ended, in seconds. Users must hear of a death within a second.
DEATH_WORDS_S: Final = 0.8
#: How much of what a dead worker had sent is still read, in reads: a forked child of it may hold
#: the connection open and go on writing.
LAST_READS: Final = 4096
#: How long an answer to STATUS or INFO may take, in seconds: whatever executes, it takes milliseconds, unless
#: code in C holds the interpreter, or the process is stopped.
ANSWER_S: Final = 30.0  # FR-027
#: How the feature that names a language begins. Spec: GW-004.
EXECUTES: Final = "exec."
#: How the feature that names a service begins. Spec: GW-060.
SERVES: Final = "service."


class Gateway(SessionOwner):
    """An interpreter somewhere, made by ``Group.makegateway``.

    Attributes:
        id: Name in its group.
        spec: The specification it was made from.
        session: The connection.

    Other attributes may be set freely. Threads: all methods from any thread.
    """

    _group: Any = None
    #: Whether our packages run there, not the bare worker.
    runs_full_worker = False
    #: Whether ssh sees to it that the other machine answers.
    carrier_watches = False
    #: What ``_rinfo`` has been told; programs written for execnet read, set and delete it.
    _cache_rinfo: RInfo

    def __init__(self, spec: XSpec, connected: Connected, config: dict[str, Any]) -> None:
        """Begin the handshake; ``PendingGateway`` waits for it."""
        self.id = str(spec.id)
        self.spec = spec
        self._io: ProcessHandle = connected.process
        self._asked_to_end = self._await_exit = False
        tracer = maybe_tracer()
        if tracer is not None:
            tracer.event(self.id, f"connecting to pid {connected.process.pid} for {without_values(spec)!r}")
        self._tracer = tracer
        limits = parse_limits(spec)
        self.session = Session(
            connected.read_fd,
            connected.write_fd if connected.write_fd != connected.read_fd else None,
            role="initiator",
            name=self.id,
            owner=self,
            hello=messages.Hello(
                implementation(), limits=limits, credit=window_for(limits.memory), config=config
            ),
            tracer=tracer,
            lead_first=True,
            first_bytes=connected.first_bytes,
        )
        self._io.when_exited(self._process_exited)

    def __repr__(self) -> str:
        with self.session.lock:
            channels = len(self.session.connection.table.open)
        state = "receive-live" if self.hasreceiver() else "not-receiving"
        model = self.execmodel.backend
        return f"<{type(self).__name__} id={self.id!r} {state}, {model} model, {channels} active channels>"

    # -- code and data --------------------------------------------------------------------------

    def remote_exec(
        self, source: str | Source | Callable[..., object] | ModuleType, **kwargs: object
    ) -> Channel:
        """Run code in the interpreter.

        Args:
            source: Source text in the worker's language, also as an object with its own ``__str__``;
                or ``Source``, a text with more about it; or a function whose first parameter is
                ``channel`` and that uses no closure and no globals but builtins; or a module, whose file
                is read.
            **kwargs: Further arguments of the function, or of the one that a ``Source`` names.

        Returns:
            A channel whose other end the code finds as ``channel``. It is closed when the code
            ends; an exception of the code arrives as RemoteError.

        Raises:
            ValueError, TypeError: What was given cannot be sent (see ``remote_source``), or it is in a
                language that the worker does not execute. Spec: GW-004, GW-009.
            DumpError: An argument cannot be sent.
            OSError: The connection is closed.
        """
        from xnet_gateway.remote_source import make_request

        request = make_request(source, kwargs)
        if request.language is not None:
            self._settle_language(request)
        return self._send_request(request)

    def remote_service(self, name: str, **kwargs: object) -> Channel:
        """Run a service that the worker brings along, in whatever language it is.

        Args:
            name: One of ``services()``.
            **kwargs: Its arguments. Those that it does not know are ignored.

        Returns:
            A channel to it, as for ``remote_exec``.

        Raises:
            ValueError: The worker has not named this service. Spec: GW-061.
            DumpError: An argument cannot be sent.
            OSError: The connection is closed.
        """
        if name not in self.services():
            found = " and ".join(self.services()) or "none"
            raise ValueError(f"gateway {self.id} has no service {name!r}; its services are: {found}")
        return self._send_request(messages.ExecRequest("", kwargs=kwargs, service=name))

    def _send_request(self, request: ExecRequest) -> Channel:
        peer = self.session.connection.handshake.peer
        payload = messages.encode_exec(request, SURROGATES_FEATURE in peer.features)
        if len(payload) <= peer.limits.frame:
            return self.session.request(frames.CHANNEL_EXEC, payload)
        # [GW-006] What is larger than a frame follows as an item, of any size.
        following = messages.encode_exec(messages.ExecRequest("", follows=True))
        channel = self.session.request(frames.CHANNEL_EXEC, following)
        try:
            channel.send(payload)
        except OSError:
            if self.session.finished:
                raise
            # It was refused meanwhile, and receiving gives the reason.
        return channel

    def languages(self) -> list[str]:
        """Return which languages the worker executes; one that names none executes Python. Spec: GW-004."""
        return self._named(EXECUTES) or [PYTHON]

    def services(self) -> list[str]:
        """Return which services the worker says it has: ``"rsync"`` receives trees. Spec: GW-060."""
        return self._named(SERVES)

    def _named(self, prefix: str) -> list[str]:
        features = self.session.connection.handshake.peer.features
        return [name[len(prefix) :] for name in features if name.startswith(prefix)]

    def _settle_language(self, request: ExecRequest) -> None:
        """Check the language of a request; the worker need not be told of its first one. Spec: GW-009."""
        languages = self.languages()
        if request.language not in languages:
            raise ValueError(
                f"gateway {self.id} executes {' and '.join(languages)}, not {request.language}:"
                " expected source text in that language"
            )
        if request.language == languages[0]:
            request.language = None

    def newchannel(self) -> Channel:
        """Open a channel; code on the other side can use it when it is sent in an item."""
        return self.session.new_channel()

    def reconfigure(self, py2str_as_py3str: bool = True, py3str_as_py2str: bool = False) -> None:
        """Set how strings arrive on both sides, between Python 2 and 3; see ``Channel.reconfigure``."""
        self.session.reconfigure((bool(py2str_as_py3str), bool(py3str_as_py2str)))

    def remote_status(self, timeout: float | None = ANSWER_S) -> RemoteStatus:
        """Return how many channels and executions the interpreter has. Works while it is busy.

        Args:
            timeout: Seconds to wait for its answer; None for as long as it takes.

        Raises:
            TimeoutError: It has not answered in time.
            EOFError, OSError: The connection has ended.
            RemoteProtocolError: The answer is wrong (the worker's fault).
        """
        from xnet_gateway.status import RemoteStatus

        return RemoteStatus.from_answer(self._ask(frames.STATUS, timeout))

    def _rinfo(self, update: bool = False, timeout: float | None = ANSWER_S) -> RInfo:
        """Return facts about the interpreter, asked once unless ``update``. Works while it is busy.

        Args:
            update: Ask again.
            timeout: As for ``remote_status``; so are the errors.
        """
        if update or not hasattr(self, "_cache_rinfo"):
            from xnet_gateway.status import RInfo

            self._cache_rinfo = RInfo.from_answer(self._ask(frames.INFO, timeout))
        return self._cache_rinfo

    def _ask(self, question: int, timeout_s: float | None) -> Any:
        """Return the answer to STATUS or INFO."""
        try:
            return self.session.request(question).receive(timeout_s)
        except TimeoutError:
            raise TimeoutError(
                f"gateway {self.id} has not answered {frames.NAMES[question]} within {timeout_s:g} s:"
                " its process is stopped or keeps its other threads from running, or the connection to it is"
                " cut; use timeout= to wait longer"
            ) from None

    def remote_init_threads(self, num: int | None = None) -> None:
        """Do nothing: threads are made when they are needed. Deprecated since execnet 1.2."""
        import warnings

        warnings.warn("remote_init_threads() does nothing", DeprecationWarning, stacklevel=2)

    # -- the process ----------------------------------------------------------------------------

    @property
    def remoteaddress(self) -> str:
        """Where the interpreter runs, in the transport's words."""
        return self._io.remoteaddress

    @property
    def pid(self) -> int:
        """Process id of the interpreter."""
        return self._io.pid

    @property
    def returncode(self) -> int | None:
        """Exit status of that process, negative for a signal; None while it runs."""
        return self._io.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the process to end; return its exit status, or None if it still runs."""
        return self._io.wait(timeout)

    @property
    def execmodel(self) -> ExecModel:
        """Threads, locks and events of this side."""
        from xnet_gateway.execmodel import get_execmodel

        return self._group.execmodel if self._group is not None else get_execmodel("thread")

    def has_greenlets(self) -> bool:
        """See ``SessionOwner``: the group's execution model says so."""
        return self.execmodel.backend in ("gevent", "eventlet")

    # -- the end --------------------------------------------------------------------------------

    def exit(self, timeout: float | None = None) -> None:
        """Ask the interpreter to end, and leave the group. Does not wait; ``join`` does.

        Args:
            timeout: In how many seconds it must have ended: code is interrupted at half of them, at most ten
                before the end. None for 5 seconds, and 10 after the interrupt.
        """
        held = hold_interrupts()  # half of it would be forgotten
        try:
            group = self._group
            if group is not None and self in group:
                group._unregister(self)
            if not self._asked_to_end:
                self._asked_to_end = True
                self._trace("asking to terminate")
                self.session.terminate_peer(*times_to_end_ms(timeout))
        finally:
            if held is not None:
                release_interrupts(held)

    def hasreceiver(self) -> bool:
        """Return whether the connection is alive."""
        return not self.session.finished

    def join(self, timeout: float | None = None) -> None:
        """Wait until the connection has ended, at most ``timeout`` seconds."""
        self.session.wait_finished(timeout)

    def _wait_ended(self, deadline_s: float | None) -> bool:
        """Wait until connection and process have ended; return whether they have.

        Args:
            deadline_s: Monotonic time, or None for as long as it takes.
        """
        left_s = None if deadline_s is None else max(0.0, deadline_s - CLOCK.monotonic())
        if not self.session.wait_finished(left_s):
            return False
        left_s = None if deadline_s is None else max(0.0, deadline_s - CLOCK.monotonic())
        self._io.wait(left_s)
        return self._io.exited

    def _kill(self) -> None:
        """End the process: SIGTERM, a moment later SIGKILL. Does not wait."""
        self._trace("did not end in time, killing its process")
        self._io.kill()
        if not self._io.pid:
            self.session.close(f"gateway {self.id}: it did not end in time, the connection was closed")

    def _describe(self) -> str:
        """Return a sentence about the state of the process."""
        return f"gateway {self.id} ({self.spec}): {self._io.describe()}"

    def keep_alive(self, interval_s: float) -> None:
        """End when the interpreter is silent for too long. Spec: FR-024."""

        def when_silent(silent_s: float) -> None:
            self._silent_locked(silent_s, interval_s)

        self.session.keep_alive(interval_s, when_silent, carrier_watches=self.carrier_watches)

    def _silent_locked(self, silent_s: float, interval_s: float) -> None:
        self.session.finish_locked(
            f"gateway {self.id}: nothing was heard of {self.remoteaddress} for {silent_s:.1f} s"
            f" (keepalive={interval_s:g}), not even an answer to PING: it is frozen, the network is cut,"
            " or it computes in C without letting its other threads run;"
            " in the last case make keepalive= larger, or 0"
        )
        self._kill()  # the program that connected us, or what is frozen

    # -- the session's events -------------------------------------------------------------------

    def on_eof(self, ending: Ending, error: OSError | None) -> None:
        """Nothing more comes: say why as soon as the process has told how it ended."""
        # A peer that broke the protocol need not have ended; one whose bytes ended in the middle of
        # something probably has, and how it ended is what its user wants to know.
        if not (ending.link.eof or self._ended_as_asked()) or self._io.exited:
            self._finish_locked(ending, error)
            return
        if self._await_exit:
            return
        self._await_exit = True

        def give_up() -> None:
            with ending.link.lock:
                self._finish_locked(ending, error)

        ending.link.reactor.call_later(DEATH_WORDS_S, give_up)

    def _process_exited(self) -> None:
        """The process has ended, even if another one holds its descriptors. Reactor thread."""
        self._trace(self._io.describe())
        session = self.session
        with session.lock:
            session.leading.reading.read_rest_locked(LAST_READS)
            self._finish_locked(session.ending, None)

    def _finish_locked(self, ending: Ending, error: OSError | None) -> None:
        """End the session, with how its process ended in the text."""
        words = self._io.describe()
        failure = ending.link.connection.failure
        failed = failure is not None and not self._ended_as_asked()
        returncode = self.returncode or 0
        if self._asked_to_end and not returncode and not failed:
            ending.finish_locked(f"gateway {self.id} has ended as asked; {words}", asked=True)
        elif returncode < 0 and ending.link.eof:  # where the bytes of a killed process ended says nothing
            ending.finish_locked(f"gateway {self.id}: {words}", asked=self._asked_to_end)
        elif failed or error is not None:
            ending.finish_locked(f"gateway {describe_end(ending.link.name, failure, error)}; {words}")
        else:
            ending.finish_locked(f"gateway {self.id}: the connection has ended; {words}")

    def _ended_as_asked(self) -> bool:  # the worker has said so [GR-012]
        return self._asked_to_end and self.session.connection.ended_in_order

    def _trace(self, text: str) -> None:
        if self._tracer is not None:
            self._tracer.event(self.id, text)
