"""A sync while it runs: a thread for each target, and one that walks, waits and calls back."""

from __future__ import annotations

import os
import queue
from importlib.machinery import SourceFileLoader

from xnet_channel.threads.errors import RemoteError
from xnet_channel.threads.flag import Flag
from xnet_channel.threads.native import CLOCK, start_thread
from xnet_rsync import compression, messages, receiver
from xnet_rsync.contents import Contents
from xnet_rsync.index import Index
from xnet_rsync.result import SyncResult, TargetResult
from xnet_rsync.transfer import Transfer, WalkFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway
    from xnet_rsync.walking import Walk

#: How often progress is told, and how often it is looked for targets that say nothing, in seconds.
TICK_S: Final = 0.1
#: How long threads of targets get to end when a sync is given up, in seconds.
PATIENCE_S: Final = 5.0
#: Where our packages are: the worker is this interpreter once more, and what receives is imported.
_IMPORTED: Final = """\
import sys
folder = {folder!r}
added = folder not in sys.path
if added:
    sys.path.append(folder)
try:
    from xnet_rsync.receiver import serve
finally:
    if added and folder in sys.path:
        sys.path.remove(folder)
serve(channel)
"""


class Target:
    """A directory on a gateway, and how its sync goes.

    Attributes:
        transfer, channel: While it is being served.
        error: What ended it, if it did not end by itself.
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

    def close(self, reason: str) -> None:
        """End it: its thread sees the end of the channel."""
        if self.channel is not None:
            self.channel.close(reason)


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
            wants_files: Whether events about single files are of interest.
        """
        self._walk = walk
        self._targets = targets
        self._options = options
        self._compress = compress
        self._delta = delta
        self._stall_timeout_s = stall_timeout_s
        self._wants_files = wants_files
        self._index = Index(walk.root, walk.owners)
        self._contents = Contents(walk.source, owners=walk.owners)
        self._events: queue.SimpleQueue[tuple[Target, str, Any]] = queue.SimpleQueue()
        self._given_up = False

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
        results = [target.result for target in self._targets]
        try:
            for served in self._side_by_side():
                name = f"xnet-rsync-{served[0].gateway.id}"
                start_thread(self._serve_all, (served, ended := Flag()), name, may_be_green=True)
                ends.append(ended)
            self._index.fill(self._walk.listings())
            self._wait(dispatch, progress, results)
        except BaseException:
            self._given_up = True
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
            alone = target.gateway.spec.execmodel == "main_thread_only"
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
        for target in self._targets:
            since_s = target.transfer.waiting_since_s if target.transfer is not None else None
            if since_s is not None and CLOCK.monotonic() - since_s > self._stall_timeout_s:
                target.error = TimeoutError(
                    f"nothing was heard of the receiver for {self._stall_timeout_s:g} seconds"
                )
                target.close("the sender has heard nothing for too long")

    def _serve_all(self, targets: Sequence[Target], ended: Flag) -> None:
        for target in targets:
            began_s = CLOCK.monotonic()
            try:
                if not self._given_up:
                    self._serve(target)
            except WalkFailed:
                target.close("the sender has given up")
            except BaseException as error:  # noqa: BLE001 - it is told where all targets are waited for
                target.error = target.error or error
                target.result.errors.append(describe(target.error))
                target.close(f"the sender has given up: {target.error}")
            finally:
                target.result.seconds = CLOCK.monotonic() - began_s
                self._events.put((target, "end", None))
        ended.set()

    def _serve(self, target: Target) -> None:
        root = self._walk.root
        is_far = not is_local(target.gateway)
        compress = is_far if self._compress is None else self._compress
        channel = target.channel = target.gateway.remote_exec(receiver_source(target.gateway))
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

        target.transfer = Transfer(channel, begin, self._index, self._contents, target.result, tell, compress)
        target.transfer.run()
        target.result.finished = True
        self._events.put((target, "finished", None))


def describe(error: BaseException) -> str:
    """Return what an error says; of a destination that cannot be made, without the receiver's traceback."""
    text = str(error) or repr(error)
    _, found, sentence = text.rpartition(f"{receiver.NoDestination.__name__}: ")
    return sentence.strip() if found and isinstance(error, RemoteError) else text


def is_local(gateway: Gateway) -> bool:
    """Return whether a gateway is on this machine, as far as its specification says."""
    return bool(gateway.spec.popen) and not gateway.spec.via


def receiver_source(gateway: Gateway) -> str:
    """Return what a gateway has to execute to receive."""
    path = receiver.__file__
    if gateway.runs_full_worker:
        return _IMPORTED.format(folder=os.path.dirname(os.path.dirname(os.path.abspath(path))))
    global _source
    if _source is None:
        # Not with `open`, which may be somebody else's, who has no such file.
        _source = SourceFileLoader("", path).get_data(path).decode("utf-8")
    return _source


_source: str | None = None
