"""A sync while it runs: a thread for each target, and one that walks, waits and calls back."""

from __future__ import annotations

import os
import queue

from xnet_channel.platform.flag import Flag
from xnet_channel.platform.native import CLOCK, allocate_lock, start_thread
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.models import MAIN_THREAD_ONLY
from xnet_gateway.source import PYTHON
from xnet_rsync import compression, messages
from xnet_rsync.contents import Contents
from xnet_rsync.errors import TargetGone
from xnet_rsync.index import Index
from xnet_rsync.receiver.refusals import NoDestination
from xnet_rsync.receiver_source import receiver_source
from xnet_rsync.result import SyncResult, TargetResult
from xnet_rsync.transfer import Transfer, WalkFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway
    from xnet_rsync.walk import Walk

#: How often progress is told, and how often it is looked for targets that say nothing, in seconds.
TICK_S: Final = 0.1
#: How long threads of targets get to end when a sync is given up, in seconds.
PATIENCE_S: Final = 5.0
#: The service that receives trees. Spec: RS-014.
SERVICE: Final = "rsync"


class Target:
    """A directory on a gateway, and how its sync goes.

    Attributes:
        transfer, channel: While it is being served.
        error: What ended it, if it did not end by itself.
        given_up_s: Monotonic time at which it was given up.
        over: Whether it has ended or been abandoned.
    """

    def __init__(
        self, gateway: Gateway, destdir: str, finished: Callable[[], object] | None, delete: bool
    ) -> None:
        self.gateway = gateway
        self.destdir = destdir
        self.finished = finished
        self.delete = delete
        self.result = TargetResult(gateway.id, destdir)
        self.transfer: Transfer | None = None
        self.channel: Channel | None = None
        self.error: BaseException | None = None
        self.given_up_s: float | None = None
        self.over = False
        self._began_s: float | None = None
        self._lock = allocate_lock()

    def begin(self) -> bool:
        """Note that it is being served from now on; return whether it still has to be."""
        self._began_s = CLOCK.monotonic()
        return not self.over

    @property
    def waiting_since_s(self) -> float | None:
        """Monotonic time since when its gateway or its receiver lets us wait; None while they do not."""
        return self._began_s if self.transfer is None else self.transfer.waiting_since_s

    def close(self, reason: str) -> None:
        """End it: its thread sees the end of the channel."""
        if self.channel is not None:
            self.channel.close(reason)

    def end(self, error: BaseException | None) -> bool:
        """Note that it is over, and why if there is a reason; return whether that is new."""
        with self._lock:
            if self.over:
                return False
            self.over = True
            if error is not None:
                self.result.errors.append(describe(error))
            self.result.seconds = 0.0 if self._began_s is None else CLOCK.monotonic() - self._began_s
            return True


class Run:
    """One sync of one source to all targets.

    Threads: one runs ``run``; each gateway is served by a thread of its own. The first calls back.
    """

    def __init__(
        self,
        walk: Walk,
        targets: Sequence[Target],
        options: dict[str, bool],
        compress: bool | None,
        delta: bool | None,
        stall_timeout_s: float | None,
        busy_timeout_s: float | None,
        wants_files: bool,
    ) -> None:
        """Prepare.

        Args:
            walk: The source.
            targets: All of them.
            options: For ``begin``.
            compress: Whether to compress; None: unless the target is on this machine.
            delta: Whether only what changed of a file travels; None: unless the target is on this machine.
            stall_timeout_s: After how much silence a target is given up.
            busy_timeout_s: After how long without anything else than that it is at work.
            wants_files: Whether events about single files are of interest.
        """
        self._walk = walk
        self._targets = targets
        self._options = options
        self._compress = compress
        self._delta = delta
        self._stall_timeout_s = stall_timeout_s
        self._busy_timeout_s = busy_timeout_s
        self._wants_files = wants_files
        self._index = Index(walk.root, walk.owners)
        self._contents = Contents(walk.source, owners=walk.owners)
        self._events: queue.SimpleQueue[tuple[Target, str, Any]] = queue.SimpleQueue()
        self._given_up = False
        self._groups: list[list[Target]] = []

    def run(
        self,
        dispatch: Callable[[Target, str, Any], object],
        progress: Callable[[list[TargetResult]], object] | None,
    ) -> SyncResult:
        """Serve all targets.

        Args:
            dispatch: Called with each event of a target: its name and its value.
            progress: Called with the results as they are now, several times a second.

        Raises:
            BaseException: Whatever the walk, or a callback, raises. All targets have been given up then.
        """
        began_s = CLOCK.monotonic()
        ends: list[Flag] = []
        self._groups = self._side_by_side()
        results = [target.result for target in self._targets]
        try:
            for served in self._groups:
                name = f"xnet-rsync-{served[0].gateway.id}"
                start_thread(self._serve_all, (served, ended := Flag()), name, may_be_green=True)
                ends.append(ended)
            self._index.fill(self._walk.listings())
            self._wait(dispatch, progress, results)
        except BaseException:
            self._given_up = True
            self._index.end()  # an interrupt may have come before it was begun
            for target in self._targets:
                target.close("the sender has given up")
            deadline_s = CLOCK.monotonic() + PATIENCE_S
            for ended in ends:
                ended.wait(max(0.0, deadline_s - CLOCK.monotonic()))
            raise
        unreadable = [f"{path or '.'}: {error.strerror or error}" for path, error in self._walk.unreadable]
        return SyncResult(results, self._walk.skipped, unreadable, CLOCK.monotonic() - began_s)

    def _side_by_side(self) -> list[list[Target]]:
        """Return which targets are served one after the other: those of a gateway that does one thing."""
        groups: dict[object, list[Target]] = {}
        for target in self._targets:
            alone = target.gateway.spec.execmodel == MAIN_THREAD_ONLY
            groups.setdefault(target.gateway.id if alone else target, []).append(target)
        return list(groups.values())

    def _wait(
        self,
        dispatch: Callable[[Target, str, Any], object],
        progress: Callable[[list[TargetResult]], object] | None,
        results: list[TargetResult],
    ) -> None:
        running = len(self._targets)
        next_tick_s = CLOCK.monotonic() + TICK_S
        while running:
            try:
                target, event, value = self._events.get(timeout=max(0.0, next_tick_s - CLOCK.monotonic()))
            except queue.Empty:
                pass
            else:
                running -= event == "end"
                dispatch(target, event, value)
            if CLOCK.monotonic() >= next_tick_s:
                next_tick_s = CLOCK.monotonic() + TICK_S
                self._look_for_silence()
                if progress is not None:
                    progress(results)
        if progress is not None:
            progress(results)

    def _look_for_silence(self) -> None:
        if self._stall_timeout_s is None:
            return
        now_s = CLOCK.monotonic()
        for target in self._targets:
            since_s = target.waiting_since_s
            if target.over:
                continue
            if target.given_up_s is not None:
                if now_s - target.given_up_s > PATIENCE_S:
                    self._abandon(target)
            elif since_s is not None and now_s - since_s > self._stall_timeout_s:
                target.error = TimeoutError(
                    f"the receiver has not been heard from for {self._stall_timeout_s:g} s"
                )
                target.given_up_s = now_s
                target.close("the receiver has been silent for too long")

    def _abandon(self, target: Target) -> None:
        """Wait no more for the thread of a target: it writes to a connection that takes nothing.

        It ends when that does. Until then it cannot serve the others of its gateway either.
        """
        for group in self._groups:
            if target in group:
                for one in group:
                    error = target.error
                    if one is not target:
                        error = TargetGone(
                            f"gateway {one.gateway.id} is still busy with the sync to {target.destdir}"
                        )
                    if one.end(error):
                        self._events.put((one, "end", None))

    def _serve_all(self, targets: Sequence[Target], ended: Flag) -> None:
        for target in targets:
            error: BaseException | None = None
            try:
                if target.begin() and not self._given_up:
                    self._serve(target)
            except WalkFailed:
                target.close("the sender has given up")
            except BaseException as problem:  # noqa: BLE001 - it is told where all targets are waited for
                error = target.error or problem
                target.close(f"the sender has given up: {error}")
            finally:
                if target.end(error):
                    self._events.put((target, "end", None))
        ended.set()

    def _serve(self, target: Target) -> None:
        root = self._walk.root
        is_far = not is_local(target.gateway)
        compress = is_far if self._compress is None else self._compress
        channel = target.channel = start_receiver(target.gateway)
        if self._given_up:  # the thread that gave up may have looked before there was a channel to close
            target.close("the sender has given up")
        channel.reconfigure(py2str_as_py3str=True, py3str_as_py2str=False)
        begin = {
            "version": messages.VERSION,
            "dest": os.fsencode(target.destdir),
            "root": [root.kind, root.mode, root.size, root.mtime_ns],
            "delete": target.delete,
            "delta": is_far if self._delta is None else self._delta,
            "compression": compression.available() if compress else [],
            **self._options,
        }
        if self._walk.owners and root.number in self._walk.owners:
            begin["owner"] = list(self._walk.owners[root.number])

        def tell(event: str, value: Any) -> None:
            if self._wants_files or event == "list":
                self._events.put((target, event, value))

        target.transfer = Transfer(
            channel,
            begin,
            self._index,
            self._contents,
            target.result,
            tell,
            compress,
            self._busy_timeout_s,
        )
        target.transfer.run()
        target.result.finished = True
        self._events.put((target, "finished", None))


def describe(error: BaseException) -> str:
    """Return what an error says; of a destination that cannot be made, without the receiver's traceback."""
    if isinstance(error, RemoteError) and error.message:
        kind = (error.type or "").rpartition(".")[2]
        if kind == NoDestination.__name__:
            return error.message
    return str(error) or repr(error)


def is_local(gateway: Gateway) -> bool:
    """Return whether a gateway is on this machine, as far as its specification says."""
    return bool(gateway.spec.popen) and not gateway.spec.via


def check_receives(gateway: Gateway) -> None:
    """Check that a tree can be sent to a gateway.

    Raises:
        ValueError: It has no receiver of its own, and does not execute the one that could be sent.
    """
    languages = gateway.languages()
    if SERVICE not in gateway.services() and PYTHON not in languages:
        raise ValueError(
            f"no tree can be sent to gateway {gateway.id}: it has no service {SERVICE!r}, and executes"
            f" {' and '.join(languages)}, not {PYTHON}"
        )


def start_receiver(gateway: Gateway) -> Channel:
    """Have a gateway receive; return the channel to its receiver."""
    if SERVICE in gateway.services():
        return gateway.remote_service(SERVICE)
    # The worker that we send to other interpreters: the receiver is larger than what it starts with.
    return gateway.remote_exec(receiver_source())
