"""``RSync``: what users hold. Names, defaults and callbacks are execnet's; what is new has to be named."""

from __future__ import annotations

import os

from xnet_rsync.errors import SyncError
from xnet_rsync.result import Plan, SyncResult
from xnet_rsync.run import Run, Target, check_receives
from xnet_rsync.walk import Walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway
    from xnet_rsync.entries import Entry
    from xnet_rsync.result import TargetResult


class RSync:
    """Copies a directory to directories on any number of gateways.

    The source is walked once and each file read once, however many targets there are; all are served at the
    same time, and one that fails does not hold up the others. Of files that are there already only what
    changed travels.

    Links that lead into the source by an absolute path lead into the copy there; others are copied as they
    are. What is neither file, directory nor link (sockets, pipes, devices) is left out; the result names it.

    Threads: one at a time; callbacks are called by the thread that calls ``send``.
    """

    def __init__(
        self,
        sourcedir: str | bytes | os.PathLike[str],
        callback: Callable[[str, int, Channel], object] | None = None,
        verbose: bool = True,
        *,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        checksum: bool = False,
        compress: bool | None = None,
        delta: bool | None = None,
        fsync: bool = False,
        setuid: bool = False,
        progress: Callable[[list[TargetResult]], object] | None = None,
        stall_timeout: float | None = 300.0,
        busy_timeout: float | None = 14_400.0,
    ) -> None:
        """Say what to copy.

        Args:
            sourcedir: A directory, or a single file. It is looked at by ``send``.
            callback: Called with ``"list"``, how many bytes a target needs, and its channel; then for each
                file that is there with ``"ack"``, its size, and the channel.
            verbose: Print a line for each file that is sent.
            include: Patterns in the syntax of ``.gitignore``: of files, only what matches one is sent.
            exclude: Patterns: what matches is left out, directories with all that is in them.
            checksum: Compare contents also where size and time are the same.
            compress: Whether to compress; by default for targets that are not on this machine.
            delta: Whether only what changed of a file travels; by default to targets that are not on this
                machine, since to others it is quicker to send all of it.
            fsync: Have files on the disk before they get their names.
            setuid: Keep the setuid and setgid bits of permissions, where a target's user (group) has the same
                number as that of the source; otherwise, and by default, they are left out.
            progress: Called several times a second with how far each target is, and at the end.
            stall_timeout: After how many seconds in which nothing is heard of a target it is given up;
                None: never.
            busy_timeout: After how many seconds in which a target says that it is at work, and nothing of
                what it has done, it is given up; None: never. One large file may take a while.

        Raises:
            ValueError: A pattern is not valid.
        """
        self._sourcedir = os.fsdecode(sourcedir)
        self._verbose = verbose
        self._callback = callback
        self._progress = progress
        self._compress = compress
        self._delta = delta
        self._stall_timeout_s = stall_timeout
        self._busy_timeout_s = busy_timeout
        self._setuid = setuid
        self._options = {"checksum": bool(checksum), "fsync": bool(fsync)}
        self._include = _maybe_patterns(include)
        self._exclude = _maybe_patterns(exclude)
        self._targets: list[Target] = []

    def filter(self, path: str) -> bool:
        """Return whether to copy what is at a path, and all below it; override it to leave things out.

        Args:
            path: In full: what was given as source, and below it.
        """
        return True

    def add_target(
        self,
        gateway: Gateway,
        destdir: str | os.PathLike[str],
        finishedcallback: Callable[[], object] | None = None,
        delete: bool = False,
    ) -> None:
        """Add a directory on a gateway.

        Args:
            gateway: Where.
            destdir: The directory there that becomes like the source; made if it is missing. A relative one
                is below the interpreter's working directory.
            finishedcallback: Called without arguments when this target is done.
            delete: Remove what the source does not have, and what is left out of it.

        Raises:
            ValueError: The gateway can receive no tree: its worker has no service for that, and does not
                execute Python.
        """
        check_receives(gateway)
        self._targets.append(Target(gateway, os.fsdecode(destdir), finishedcallback, delete))

    def send(self, raises: bool = True) -> SyncResult | None:
        """Copy the source to all targets that were added since the last time.

        Args:
            raises: Raise an error if there are none, rather than do nothing.

        Returns:
            How it went; None if there was nothing to do.

        Raises:
            OSError: There are no targets, or there is no source.
            SyncError: Something could not be done; it says what, for which target. All else was done.
        """
        if not self._targets:
            if raises:
                raise OSError("there are no targets: add_target() adds one, and each is served by one send()")
            return None
        targets, self._targets = self._targets, []
        result = self._run(targets, {}, self._dispatch)
        if result.errors:
            raise SyncError(result)
        return result

    def dry_run(self) -> Plan:
        """Find out what ``send`` would do; nothing is changed, and no callback is called.

        Raises:
            OSError: There is no source.
            SyncError: A target could not answer.
        """
        targets = [Target(one.gateway, one.destdir, None, one.delete) for one in self._targets]
        result = self._run(targets, {"dry_run": True}, lambda target, event, value: None)
        if result.errors:
            raise SyncError(result)
        return Plan(result.targets, result.skipped, result.unreadable, result.seconds)

    def _run(
        self,
        targets: Sequence[Target],
        options: dict[str, bool],
        dispatch: Callable[[Target, str, Any], object],
    ) -> SyncResult:
        walk = Walk(self._sourcedir, self.filter, self._include, self._exclude, self._setuid)
        reports = self._verbose or type(self)._report_send_file is not RSync._report_send_file
        run = Run(
            walk,
            targets,
            {**self._options, **options},
            self._compress,
            self._delta,
            self._stall_timeout_s,
            self._busy_timeout_s,
            reports or self._callback is not None,
        )
        return run.run(dispatch, None if options else self._progress)

    def _dispatch(self, target: Target, event: str, value: Any) -> None:
        if event == "sending":
            entry: Entry = value
            self._report_send_file(target.gateway, entry.path)
        elif event == "list" and self._callback is not None and target.channel is not None:
            self._callback("list", value, target.channel)
        elif event == "got" and self._callback is not None and target.channel is not None:
            self._callback("ack", value.size, target.channel)
        elif event == "finished" and target.finished is not None:
            target.finished()

    def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
        """Say that a file is being sent; programs override it."""
        if self._verbose:
            line = f"{gateway} <= {modified_rel_path}"
            try:
                print(line)  # noqa: T201 - what verbose means
            except UnicodeEncodeError:  # a name that is not text, or not in this terminal's encoding
                print(line.encode("ascii", "backslashreplace").decode())  # noqa: T201


def _maybe_patterns(lines: Iterable[str] | None) -> Any:
    if lines is None:
        return None
    from xnet_rsync.patterns import Patterns  # so that only syncs with patterns wait for the library

    return Patterns(lines)
