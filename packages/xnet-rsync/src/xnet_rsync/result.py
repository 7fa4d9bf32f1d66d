"""What a sync, or a dry run, has come to."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar, Final

    from xnet_rsync.entries import Entry

#: How many errors of a target are kept; the others are counted. A receiver may tell of any number.
MOST_ERRORS: Final = 1000
#: Longer ones are shortened to about so many characters: the beginning, and the end with the reason.
LONGEST_ERROR: Final = 1000
#: How much of the paths that a receiver has removed is kept, in bytes, and what each takes besides.
KEPT_REMOVED_BYTES: Final = 33_554_432
PATH_BYTES: Final = 64


class PlannedAction:
    """What a dry run would do with one entry.

    Attributes:
        action: ``"make"``, ``"replace"`` (its content, or what a link says), ``"adjust"`` (permissions or
            time), ``"convert"`` (something of another kind is in its place).
        path: Of the entry, below the root.
        size: Of a file; else 0.
    """

    #: Spec: RS-080.
    NAMES: ClassVar[dict[int, str]] = {1: "make", 2: "replace", 3: "adjust", 4: "convert"}

    __slots__ = ("action", "path", "size")

    def __init__(self, action: int, entry: Entry) -> None:
        self.action: Final = self.NAMES[action]
        self.path: Final = entry.path
        self.size: Final = entry.size

    def __repr__(self) -> str:
        return f"{self.action} {self.path or '.'}"


class TargetResult:
    """How the sync of one target went, or how far it is.

    Attributes:
        gateway: Id of the gateway.
        destdir: Where on it.
        files_needed, bytes_needed: What had to be brought up to date, as it is in the source.
        files_done, bytes_done: How much of that is.
        bytes_sent: What was sent for it, with the index, without the frames around it.
        removed: What the source does not have and ``delete`` removed; below the destination. What is more
            than 32 MiB of paths is counted only.
        removed_count: How many that are.
        vanished: Files of the source that were gone when they were to be sent.
        planned: In a dry run, what would be done.
        errors: What could not be done, as sentences; empty if all was. Behind a thousand of them, a sentence
            says how many more there are. Why a target was given up comes last.
        seconds: How long it took.
        finished: Whether the receiver said that it has done what it could.
    """

    def __init__(self, gateway: str, destdir: str) -> None:
        self.gateway = gateway
        self.destdir = destdir
        self.files_needed = 0
        self.bytes_needed = 0
        self.files_done = 0
        self.bytes_done = 0
        self.bytes_sent = 0
        self.removed: list[str] = []
        self.removed_count = 0
        self.vanished: list[str] = []
        self.planned: list[PlannedAction] = []
        self.errors: list[str] = []
        self.seconds = 0.0
        self.finished = False
        self._more_errors = 0
        self._removed_bytes = 0

    def add_error(self, text: str) -> None:
        """Add an error, shortened if it is long, or count it if there are many. Spec: RS-009."""
        if len(self.errors) < MOST_ERRORS:
            if len(text) > LONGEST_ERROR:
                text = f"{text[: LONGEST_ERROR // 4]} ... {text[-3 * LONGEST_ERROR // 4 :]}"
            self.errors.append(text)
            return
        self._more_errors += 1
        del self.errors[MOST_ERRORS:]
        self.errors.append(f"{self._more_errors} more errors, which are not listed")

    def add_removed(self, paths: list[bytes]) -> None:
        """Add what was removed, or count it if it is much. Spec: RS-009."""
        self.removed_count += len(paths)
        for path in paths:
            self._removed_bytes += len(path) + PATH_BYTES
            if self._removed_bytes > KEPT_REMOVED_BYTES:
                return
            self.removed.append(path.decode("utf-8", "surrogateescape"))

    @property
    def bytes_saved(self) -> int:
        """How much less was sent than sending all files in full would have been; never negative."""
        return max(0, self.bytes_done - self.bytes_sent)

    @property
    def name(self) -> str:
        """Where it is, as errors and progress say it."""
        return f"{self.gateway}:{self.destdir}"

    def __repr__(self) -> str:
        state = "finished" if self.finished and not self.errors else f"{len(self.errors)} errors"
        return (
            f"<TargetResult {self.name} {state}: {self.files_done} of {self.files_needed} files,"
            f" {self.bytes_sent} bytes sent>"
        )


class SyncResult:
    """How a sync went.

    Attributes:
        targets: In the order in which they were added.
        skipped: What of the source is neither file, directory nor link, and was left out.
        unreadable: What of the source could not be looked at, and why.
        seconds: How long all of it took.
    """

    def __init__(
        self, targets: list[TargetResult], skipped: list[str], unreadable: list[str], seconds: float
    ) -> None:
        self.targets = targets
        self.skipped = skipped
        self.unreadable = unreadable
        self.seconds = seconds

    @property
    def errors(self) -> list[str]:
        """All errors, with the target in front."""
        errors = [f"the source: {error}" for error in self.unreadable]
        return errors + [f"{target.name}: {error}" for target in self.targets for error in target.errors]

    def __repr__(self) -> str:
        return f"<SyncResult of {len(self.targets)} targets, {len(self.errors)} errors, {self.seconds:.2f} s>"


class Plan(SyncResult):
    """What a sync would do now: ``planned`` and ``removed`` of each target."""

    def __str__(self) -> str:
        lines = []
        for target in self.targets:
            lines += [f"{target.name}: {action!r}" for action in target.planned]
            lines += [f"{target.name}: remove {path}" for path in target.removed]
            if target.removed_count > len(target.removed):
                lines.append(f"{target.name}: remove {target.removed_count - len(target.removed)} more")
        return "\n".join(lines)
