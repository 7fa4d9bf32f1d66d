"""A group of gateways: makes them, finds them, ends them.

Names, defaults and errors are execnet's; ``makegateways`` and the context manager are ours.
"""

from __future__ import annotations

from xnet_channel.platform import greenlets
from xnet_channel.platform.interrupts import hold_interrupts, release_interrupts
from xnet_channel.platform.native import CLOCK, OS, allocate_lock
from xnet_channel.platform.own_imports import OWN_IMPORTS
from xnet_gateway.execmodel import get_execmodel
from xnet_gateway.xspec import XSpec
from xnet_group import at_exit
from xnet_group.many_at_once import UNDO_TIMEOUT_S, start_all
from xnet_group.termination import terminate_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FunctionType, ModuleType, TracebackType
    from typing import Any, Final

    from typing_extensions import Self

    from xnet_gateway.execmodel import ExecModel
    from xnet_gateway.gateway import Gateway
    from xnet_group.multichannel import MultiChannel
    from xnet_wire.limits import Limits

#: How long gateways get to end when a ``with`` block is left, in seconds; then they are killed. Enough for
#: running code to see the end of its channel and clean up.
WITH_TIMEOUT_S: Final = 10.0


class Group:
    """Gateways by number, id and themselves, in the order they were made.

    Used in a ``with`` statement, the group ends its gateways when the block is left.

    Attributes:
        defaultspec: What ``makegateway()`` makes without a specification.

    Threads: all methods from any thread.
    """

    defaultspec: str | XSpec = "popen"

    def __init__(self, xspecs: Iterable[str | XSpec | None] = (), execmodel: str = "thread") -> None:
        """Make a group, with a gateway for each specification.

        Raises:
            ValueError, AttributeError, HostNotFound: As ``makegateways`` and ``set_execmodel``.
        """
        self._gateways: list[Gateway] = []
        #: Asked to end and no longer members; ``terminate`` waits for them too.
        self._gateways_to_join: list[Gateway] = []
        self._ids_in_use: set[str] = set()
        self._next_number = 0
        self._lock = allocate_lock()
        self._pid = OS.getpid()
        self.set_execmodel(execmodel)
        if type(self).makegateway is Group.makegateway:
            self.makegateways(xspecs)
        else:  # a subclass wants to see each of them made
            for spec in xspecs:
                self.makegateway(spec)

    # -- members ----------------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {[gateway.id for gateway in self]!r}>"

    def __len__(self) -> int:
        return len(self._gateways)

    def __iter__(self) -> Iterator[Gateway]:
        """Iterate over a copy: members may be made and ended meanwhile."""
        return iter(list(self._gateways))

    def __getitem__(self, key: int | str | Gateway) -> Gateway:
        """Find a member by its number, its id, or itself.

        Raises:
            IndexError: No member has that number.
            KeyError: No member has that id.
        """
        if isinstance(key, int):
            return self._gateways[key]
        for gateway in self:
            if gateway is key or gateway.id == key:
                return gateway
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        try:
            self[key]  # type: ignore[index]
        except (KeyError, IndexError):
            return False
        return True

    # -- execution models -------------------------------------------------------------------------

    @property
    def execmodel(self) -> ExecModel:
        """The execution model of this side."""
        return self._execmodel

    @property
    def remote_execmodel(self) -> ExecModel:
        """The execution model of new workers whose specification names none."""
        return self._remote_execmodel

    def set_execmodel(self, execmodel: str, remote_execmodel: str | None = None) -> None:
        """Set the execution models, before there is any gateway.

        Args:
            execmodel: ``"thread"``, ``"main_thread_only"``, ``"gevent"`` or ``"eventlet"``. With the latter
                two, waiting in this process lets other greenlets run.
            remote_execmodel: The same for workers; None for the same as here.

        Raises:
            ValueError: There are gateways already, or the model is unknown, or this process uses the other
                library of greenlets already (our caller's fault).
            ImportError: gevent, or eventlet, is not installed here.
        """
        if self._gateways:
            raise ValueError(f"can not set execution models of {self!r}: gateways have been created already")
        local = get_execmodel(execmodel)
        remote = get_execmodel(remote_execmodel) if remote_execmodel else local
        if local.backend in ("gevent", "eventlet"):
            greenlets.use(local.backend)
        self._remote_execmodel = remote
        self._execmodel = local

    # -- making gateways --------------------------------------------------------------------------

    def makegateway(self, spec: str | XSpec | None = None, *, limits: Limits | None = None) -> Gateway:
        """Start an interpreter and return the gateway to it.

        Args:
            spec: What to start, see ``xnet_gateway.spec_rules``; None or an empty text for ``defaultspec``.
                An ``XSpec`` gets the id and execution model it lacks.
            limits: What to take from the worker; None for what ``limits=`` of the specification says.

        Raises:
            ValueError: The specification is not valid, or its id is taken (our caller's fault).
            AttributeError: A key begins with an underscore (our caller's fault).
            HostNotFound: The interpreter cannot be started or reached; the text says why.
        """
        return self.makegateways([spec], limits=limits)[0]

    def makegateways(
        self,
        specs: Iterable[str | XSpec | None],
        parallel: int | None = None,
        *,
        limits: Limits | None = None,
    ) -> list[Gateway]:
        """Start an interpreter for each specification, side by side.

        Args:
            specs: As for ``makegateway``.
            parallel: How many may be starting at once; None for a sensible number.
            limits: As for ``makegateway``, for each of them.

        Returns:
            The gateways in the order of the specifications.

        Raises:
            ValueError, AttributeError: A specification is not valid, or an id is taken; nothing was started
                (our caller's fault).
            HostNotFound: One cannot be started or reached; the text says which and why. The others have
                been ended again: all or none become members.
        """
        if isinstance(specs, str):
            raise ValueError(f"expected a list of gateway specifications, got the string {specs!r}")
        given = [spec or self.defaultspec for spec in specs]
        wanted = [spec if isinstance(spec, XSpec) else XSpec(spec) for spec in given]
        gateways: list[Gateway] = []
        # Held back except while waiting for them: an interrupt in between would leave processes behind.
        held = hold_interrupts()
        try:
            self._forget_ended()
            self._reserve(wanted)
            try:
                for spec in wanted:
                    if spec.execmodel is None:
                        spec.execmodel = self._remote_execmodel.backend
                    if limits is not None:
                        spec.limits = limits
                gateways = start_all(wanted, parallel, list(self))
                for gateway in gateways:
                    self._register(gateway)
            finally:
                with self._lock:
                    self._ids_in_use -= {str(spec.id) for spec in wanted}
        finally:
            if held is not None:
                self._release(held, gateways)
        return gateways

    def _release(self, held: object, gateways: list[Gateway]) -> None:
        """Let interrupts through again. One that has come keeps the gateways from the caller: end them."""
        try:
            release_interrupts(held)
        except BaseException:
            again = hold_interrupts()
            try:
                for gateway in gateways:
                    self._unregister(gateway)
                terminate_all(gateways, CLOCK.monotonic() + UNDO_TIMEOUT_S)
                self._forget_ended()
            finally:
                if again is not None:
                    release_interrupts(again)
            raise

    def allocate_id(self, spec: XSpec) -> None:
        """Give the specification an id of the form ``gw0``, if it has none."""
        with self._lock:
            self._allocate_id_locked(spec)

    def _allocate_id_locked(self, spec: XSpec) -> None:
        taken = self._ids_in_use.union(gateway.id for gateway in self._gateways)
        while spec.id is None:
            name = f"gw{self._next_number}"
            self._next_number += 1
            if name not in taken:
                spec.id = name

    def _reserve(self, specs: list[XSpec]) -> None:
        """Give every specification an id that no other gateway has or is about to have.

        Raises:
            ValueError: An id is taken.
        """
        with self._lock:
            new: set[str] = set()
            taken = self._ids_in_use.union(gateway.id for gateway in self._gateways)
            for spec in specs:
                if spec.id is None:
                    continue
                name = str(spec.id)
                if name in taken or name in new:
                    raise ValueError(
                        f"the id {name!r} of {str(spec)!r} is already used by another gateway of {self!r}"
                    )
                new.add(name)
            # Chosen ids first, so that a number given out here is not one of them.
            self._ids_in_use |= new
            for spec in specs:
                if spec.id is None:
                    self._allocate_id_locked(spec)
                    self._ids_in_use.add(str(spec.id))

    def _register(self, gateway: Gateway) -> None:
        """Make a new gateway a member.

        Raises:
            ValueError: It is or was a member of a group (our caller's fault).
        """
        if gateway._group is not None:
            raise ValueError(f"{gateway!r} has already been in a group: {gateway._group!r}")
        gateway._group = self
        with self._lock:
            self._gateways.append(gateway)
        at_exit.remember(self)

    def _unregister(self, gateway: Gateway) -> None:
        """Take a gateway out that was asked to end; ``terminate`` still waits for it."""
        with self._lock:
            if gateway in self._gateways:
                # In this order: an interrupt in between must not lose it.
                if gateway not in self._gateways_to_join:
                    self._gateways_to_join.append(gateway)
                self._gateways.remove(gateway)

    def _forget_ended(self) -> None:
        """Let go of gateways that left and have ended, so that a long-lived group does not grow."""
        with self._lock:
            leaving = list(self._gateways_to_join)
        ended = {gateway for gateway in leaving if gateway._wait_ended(CLOCK.monotonic())}
        with self._lock:
            self._gateways_to_join = [one for one in self._gateways_to_join if one not in ended]

    # -- using gateways ---------------------------------------------------------------------------

    def remote_exec(
        self, source: str | FunctionType | Callable[..., object] | ModuleType, **kwargs: Any
    ) -> MultiChannel:
        """Run code in every member; see ``Gateway.remote_exec``.

        Returns:
            The channels, in the order of the members.

        Raises:
            ValueError, TypeError, DumpError: What was given cannot be sent; nothing runs.
            OSError: The connection of a member is closed; in the members before it the code runs.
        """
        many: type[MultiChannel] = OWN_IMPORTS.module("xnet_group.multichannel").MultiChannel
        return many([gateway.remote_exec(source, **kwargs) for gateway in self])

    # -- the end ----------------------------------------------------------------------------------

    def terminate(self, timeout: float | None = None) -> None:
        """End all members, and wait for those asked to end before, until their processes are gone.

        Takes at most ``timeout`` and a few seconds more, whatever the processes do. When it returns, they are
        gone; if one cannot even be killed, a RuntimeWarning says which, and it is waited for again next time.

        Args:
            timeout: Seconds until those that still run are killed. They are told, and interrupt what they
                execute in time (see ``Gateway.exit``). None waits for as long as it takes, and kills nothing.
        """
        if OS.getpid() != self._pid:
            # A forked child: the gateways belong to its parent, which needs them.
            self._gateways.clear()
            self._gateways_to_join.clear()
            return
        deadline_s = None if timeout is None else CLOCK.monotonic() + timeout
        survivors: list[Gateway] = []
        while True:
            with self._lock:
                leaving = [*self._gateways, *(one for one in self._gateways_to_join if one not in survivors)]
            if not leaving:
                break
            survivors += terminate_all(leaving, deadline_s)
            with self._lock:
                ended = set(leaving).difference(survivors)
                self._gateways_to_join = [one for one in self._gateways_to_join if one not in ended]
        if survivors:
            import warnings

            words = "; ".join(gateway._describe() for gateway in survivors)
            warnings.warn(f"could not end all gateways: {words}", RuntimeWarning, stacklevel=2)
        elif not self._gateways:
            at_exit.forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate(WITH_TIMEOUT_S)
