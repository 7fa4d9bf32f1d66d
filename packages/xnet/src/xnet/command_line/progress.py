"""Bars on a terminal, one for each target and one for all, while a sync runs."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from xnet.command_line.output import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Final

    from rich.progress import TaskID
    from typing_extensions import Self

    from xnet_rsync.result import TargetResult

#: Lines of the terminal that are not for targets.
OTHER_LINES: Final = 4
#: Names are shortened to this.
NAME_WIDTH: Final = 40


class Bars:
    """Used in a ``with`` statement, as long as they are to be seen. Threads: one at a time."""

    def __init__(self, names: Sequence[str]) -> None:
        """Prepare.

        Args:
            names: Of the targets. Those that do not fit on the terminal are in the last bar only.
        """
        console = Console(file=sys.stdout)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[files]}", markup=False),
            console=console,
            auto_refresh=False,
        )
        fitting = max(1, console.height - OTHER_LINES)
        self._bars: list[TaskID] = [self._add(_short(name)) for name in names[:fitting]]
        self._all = self._add(f"all {len(names)}") if len(names) > 1 else None

    def _add(self, name: str) -> TaskID:
        return self._progress.add_task(name, total=None, files="")

    def update(self, results: Sequence[TargetResult]) -> None:
        """Show how far they are."""
        for bar, result in zip(self._bars, results, strict=False):
            self._set(bar, [result])
        if self._all is not None:
            self._set(self._all, results)
        self._progress.refresh()

    def _set(self, bar: TaskID, results: Sequence[TargetResult]) -> None:
        needed = sum(result.bytes_needed for result in results)
        done = sum(result.bytes_done for result in results)
        files_done = sum(result.files_done for result in results)
        files = f"{files_done}/{sum(result.files_needed for result in results)} files"
        over = all(result.finished for result in results)
        # A target that needs nothing is not 0 % done, and an unknown total has no share.
        total = max(needed, 1) if over or needed else None
        completed = (total or 0) if over else min(done, needed)
        self._progress.update(bar, total=total, completed=completed, files=files)

    def say(self, text: str) -> None:
        """Write a line above the bars."""
        self._progress.console.print(Text(printable(text)), soft_wrap=True)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= NAME_WIDTH else f"...{name[3 - NAME_WIDTH :]}"
