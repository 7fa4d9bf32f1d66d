"""The gateways of one command: each is started by itself, so that one that fails leaves the others.

``Group.makegateways`` is all or none, which is right for programs; whoever types a command for ten machines
wants to hear about the nine.
"""

from __future__ import annotations

import queue
import threading
import time

from xnet.command_line.output import OutputError
from xnet.command_line.redaction import hide_in_message, hide_in_spec
from xnet_gateway.errors import HostNotFound
from xnet_gateway.resolved import resolve
from xnet_gateway.source import PYTHON
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_group.many_at_once import DEFAULT_PARALLEL, PARALLEL_TO_ONE_HOST
from xnet_group.termination import terminate_all
from xnet_wire.errors import DumpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Final

    from typing_extensions import Self

    from xnet_gateway.gateway import Gateway
    from xnet_gateway.starting import PendingGateway

#: How long gateways get to end when the command is done, in seconds; then they are killed.
END_S: Final = 5.0
#: The same once the user has lost patience: Ctrl-C, a signal, a broken pipe.
HURRY_S: Final = 0.5


class Timeout(Exception):
    """The time that the caller has set is over."""


class Member:
    """One specification of the command line, and what became of it.

    Attributes:
        spec: With its id.
        gateway: Once it exists.
        error: Why it is not, as a sentence.
        start_s: How long starting it took.
    """

    def __init__(self, spec: XSpec) -> None:
        self.spec = spec
        self.name = str(spec.id)
        self.gateway: Gateway | None = None
        self.error = ""
        self.start_s = 0.0
        self.settled = threading.Event()


def why_no_python(gateway: Gateway) -> str:
    """Return a sentence about a gateway that executes another language; empty if it executes Python."""
    languages = gateway.languages()
    if PYTHON in languages:
        return ""
    return f"it executes {' and '.join(languages)}, not Python"


class Fleet:
    """All of them. Used in a ``with`` statement, which ends them.

    Threads: the one that made it; what ``run`` is given runs in a thread for each.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Check all specifications; nothing is started.

        Raises:
            ValueError: One is not valid, or an id occurs twice.
        """
        self.members: Final = [Member(spec) for spec in parse_specs(texts)]
        self._lock = threading.Lock()
        self._closing = False
        self._pending: set[PendingGateway] = set()
        self._events: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._slots = threading.Semaphore(DEFAULT_PARALLEL)
        hosts = {_host_of(member.spec) for member in self.members}
        self._host_slots = {host: threading.Semaphore(PARALLEL_TO_ONE_HOST) for host in hosts}

    def run(self, work: Callable[[Member], object], timeout_s: float | None = None) -> None:
        """Start all side by side, and give each that has started, or failed, to ``work`` in its own thread.

        Args:
            work: What to do with it; called also for those that could not be reached.
            timeout_s: When to give up, in seconds.

        Raises:
            Timeout: The time is over.
            BaseException: What ``work`` raised first, or what a signal raised here; the others still run.
        """
        for number, member in enumerate(self.members):
            earlier = self.members[:number]
            name = f"xnet-{member.name}"
            threading.Thread(
                target=self._run_one, args=(member, earlier, work), name=name, daemon=True
            ).start()
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        for _ in self.members:
            try:
                left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
                error = self._events.get(timeout=left_s)
            except queue.Empty:
                raise Timeout(f"it was not done within {timeout_s:g} s") from None
            if error is not None:
                raise error

    def _run_one(self, member: Member, earlier: Sequence[Member], work: Callable[[Member], object]) -> None:
        try:
            self._start(member, earlier)
            member.settled.set()
            if not self._closing:
                work(member)
        except BaseException as error:  # noqa: BLE001 - the thread that waits in run() raises it
            self._events.put(error)
        else:
            self._events.put(None)
        finally:
            member.settled.set()

    def _start(self, member: Member, earlier: Sequence[Member]) -> None:
        master = self._find_master(member, earlier)
        if member.error:
            return
        began_s = time.monotonic()
        with self._slots, self._host_slots[_host_of(member.spec)]:
            try:
                pending = begin(member.spec, master)
                with self._lock:
                    self._pending.add(pending)
                    closing = self._closing
                if closing:
                    pending.abandon()
                    raise HostNotFound("the command was ended")
                try:
                    gateway = pending.finish()
                finally:
                    with self._lock:
                        self._pending.discard(pending)
                with self._lock:
                    member.gateway = gateway
                    closing = self._closing
                if closing:  # nothing else is going to
                    terminate_all([gateway], time.monotonic())
            except (HostNotFound, ValueError, OSError, DumpError) as error:
                member.error = hide_in_message(str(error), str(member.spec))
        member.start_s = time.monotonic() - began_s

    def _find_master(self, member: Member, earlier: Sequence[Member]) -> Gateway | None:
        """Wait for the gateway that this one goes through, if it goes through one."""
        wanted = _master_of(member.spec)
        if wanted is None:
            return None
        master = next(one for one in earlier if one.name == wanted)  # parse_specs() has looked
        master.settled.wait()  # starting is bounded
        if master.gateway is None:
            member.error = f"the gateway {wanted} that it goes through could not be reached"
        return master.gateway

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        match error:
            case None:
                self.close(END_S)
            case BrokenPipeError() | OutputError(cause=BrokenPipeError()):
                self.close(0.0)  # as a program ends whose reader has gone: what it still says is not read
            case _:
                self.close(HURRY_S)

    def close(self, timeout_s: float) -> None:
        """End all, and what is still starting; bounded. A second Ctrl-C kills at once."""
        with self._lock:
            self._closing = True
            pending = list(self._pending)
            gateways = [member.gateway for member in self.members if member.gateway is not None]
        try:
            for one in pending:
                one.abandon()
            terminate_all(gateways, time.monotonic() + timeout_s)
        except KeyboardInterrupt:
            terminate_all(gateways, time.monotonic())
            raise


def parse_specs(texts: Sequence[str]) -> list[XSpec]:
    """Return the specifications, each with its id: the one it has, or ``gw0``, ``gw1`` ... by its place.

    Raises:
        ValueError: One is not valid, an id occurs twice, or the gateway that one goes through is not before
            it.
    """
    specs: list[XSpec] = []
    for number, text in enumerate(texts):
        known = [str(one.id) for one in specs]
        try:
            spec = XSpec(text)
            if spec.id is None:
                spec.id = f"gw{number}"
            resolve(spec)
        except (AttributeError, ValueError) as error:
            raise ValueError(hide_in_message(str(error), text)) from None
        if str(spec.id) in known:
            raise ValueError(
                f"two of the gateway specifications have the id {spec.id}: expected different ones"
            )
        master = _master_of(spec)
        if master is not None and master not in known:
            raise ValueError(
                f"the gateway specification {hide_in_spec(text)!r} goes through the gateway {master},"
                f" which does not exist: expected a specification with id={master} before it,"
                f" found {', '.join(known) or 'none'}"
            )
        specs.append(spec)
    return specs


def _master_of(spec: XSpec) -> object:
    return spec.via or spec.installvia or None


def _host_of(spec: XSpec) -> object:
    return spec.ssh or spec.vagrant_ssh or spec
