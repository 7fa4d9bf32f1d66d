"""``RSync``: what users hold."""

from __future__ import annotations

import os
import queue
import threading

from xnet_rsync import messages
from xnet_rsync.contents import Contents
from xnet_rsync.errors import SyncError
from xnet_rsync.index import Index
from xnet_rsync.transfer import Transfer
from xnet_rsync.walking import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway
    from xnet_rsync.entries import Entry


class Target:
    """A directory on a gateway, and how its sync goes."""

    def __init__(
        self, gateway: Gateway, destdir: str, finished: Callable[[], object] | None, delete: bool
    ) -> None:
        self.gateway = gateway
        self.destdir = destdir
        self.finished = finished
        self.delete = delete
        self.channel: Channel | None = None
        self.error: BaseException | None = None
        self.problems: list[str] = []


class RSync:
    """Copies a directory to directories on any number of gateways."""

    def __init__(
        self,
        sourcedir: str | bytes | os.PathLike[str],
        callback: Callable[[str, int, Channel], object] | None = None,
        verbose: bool = True,
    ) -> None:
        self._sourcedir = os.fsdecode(sourcedir)
        self._verbose = verbose
        self._callback = callback
        self._targets: list[Target] = []

    def filter(self, path: str) -> bool:
        """Return whether to copy what is at a path; override it to leave things out."""
        return True

    def add_target(
        self,
        gateway: Gateway,
        destdir: str | os.PathLike[str],
        finishedcallback: Callable[[], object] | None = None,
        delete: bool = False,
    ) -> None:
        """Add a directory on a gateway."""
        self._targets.append(Target(gateway, os.fsdecode(destdir), finishedcallback, delete))

    def send(self, raises: bool = True) -> None:
        """Copy the source to all targets that were added."""
        if not self._targets:
            if raises:
                raise OSError("there are no targets: add_target() adds one, and each is served by one send()")
            return
        targets, self._targets = self._targets, []
        walk = Walk(self._sourcedir, self.filter)
        index = Index(walk.root)
        contents = Contents(self._sourcedir)
        events: queue.SimpleQueue[tuple[Target, str, Any]] = queue.SimpleQueue()
        for target in targets:
            threading.Thread(
                target=self._serve,
                args=(target, index, contents, walk.root, events),
                name=f"xnet-rsync-{target.gateway.id}",
                daemon=True,
            ).start()
        index.fill(walk.listings())
        running = len(targets)
        while running:
            target, event, value = events.get()
            if event == "end":
                running -= 1
            else:
                self._dispatch(target, event, value)
        lines = []
        for target in targets:
            where = f"{target.gateway.id}:{target.destdir}"
            if target.error is not None:
                lines.append(f"{where}: {target.error}")
            lines += [f"{where}: {problem}" for problem in target.problems]
        if lines:
            raise SyncError("\n".join(lines))

    def _serve(self, target: Target, index: Index, contents: Contents, root: Entry, events: Any) -> None:
        try:
            text = "from xnet_rsync.receiver import serve\nserve(channel)\n"
            if not target.gateway.runs_full_worker:
                from pathlib import Path

                text = Path(__file__).with_name("receiver.py").read_text(encoding="utf-8")
            channel = target.channel = target.gateway.remote_exec(text)
            begin = {
                "version": messages.VERSION,
                "dest": os.fsencode(target.destdir),
                "root": [root.kind, root.mode, root.size, root.mtime_ns],
                "delete": target.delete,
            }
            transfer = Transfer(
                channel,
                begin,
                index,
                contents,
                messages.STORED,
                lambda event, value: events.put((target, event, value)),
            )
            target.problems = transfer.problems
            transfer.run()
            channel.waitclose()
            events.put((target, "finished", None))
        except BaseException as error:  # noqa: BLE001 - it is told where all are waited for
            target.error = error
        finally:
            events.put((target, "end", None))

    def _dispatch(self, target: Target, event: str, value: Any) -> None:
        if event == "report":
            self._report_send_file(target.gateway, value.path)
        elif event == "list" and self._callback:
            self._callback("list", value, target.channel)  # type: ignore[arg-type]
        elif event == "ack" and self._callback:
            self._callback("ack", value.size, target.channel)  # type: ignore[arg-type]
        elif event == "finished" and target.finished:
            target.finished()

    def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
        """Say that a file is being sent."""
        if self._verbose:
            print(f"{gateway} <= {modified_rel_path}")  # noqa: T201 - what verbose means
