"""Trees to sync, the same in every run, and the changes made to them between two syncs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

#: Times of files: as they are made, and later by so much with each change, so that no clock decides.
MADE_S = 1_600_000_000
LATER_S = 100
#: How much of a large file is made at a time.
PIECE_BYTES = 1_000_000


@frozen
class Tree:
    """A tree that is made anew for each measurement.

    Attributes:
        name: Row of the table.
        files: How many.
        size: Of each, in bytes; small ones have up to twice as many.
        stretches: In how many places each file is changed; 0: one file in a hundred becomes another.
    """

    name: str
    files: int
    size: int
    stretches: int

    def make(self, folder: Path) -> None:
        """Write all files: bytes without any pattern, so that compressing them gains nothing."""
        numbers = random.Random(self.name)
        for number in range(self.files):
            path = folder / self._path(number)
            path.parent.mkdir(parents=True, exist_ok=True)
            size = numbers.randrange(2 * self.size) if not self.stretches else self.size
            with path.open("wb") as file:
                for at in range(0, size, PIECE_BYTES):
                    file.write(numbers.randbytes(min(PIECE_BYTES, size - at)))
            _set_time(path, MADE_S)

    def change(self, folder: Path) -> None:
        """Change one percent: of the bytes of each file, in several places; or of the files, if small."""
        numbers = random.Random(self.name + " changed")
        for number in range(0, self.files, 1 if self.stretches else 100):
            path = folder / self._path(number)
            if not self.stretches:
                path.write_bytes(numbers.randbytes(len(path.read_bytes())))
            else:
                size = self.size // 100 // self.stretches
                with path.open("r+b") as file:
                    for _ in range(self.stretches):
                        file.seek(numbers.randrange(self.size - size))
                        file.write(numbers.randbytes(size))
            _set_time(path, MADE_S + LATER_S)

    def insert(self, folder: Path) -> None:
        """Insert one byte at the front of each file."""
        for number in range(self.files):
            path = folder / self._path(number)
            inserted = path.with_name(path.name + ".inserted")
            with path.open("rb") as old, inserted.open("wb") as new:
                new.write(b"!")
                while data := old.read(PIECE_BYTES):
                    new.write(data)
            inserted.replace(path)
            _set_time(path, MADE_S + 2 * LATER_S)

    def steps(self) -> list[tuple[str, Callable[[Path], None] | None]]:
        """Return the syncs to measure, and the change to the source before each."""
        steps: list[tuple[str, Callable[[Path], None] | None]] = [
            ("new", None),
            ("unchanged", None),
            ("1 % changed", self.change),
        ]
        return [*steps, ("byte in front", self.insert)] if self.stretches else steps

    def _path(self, number: int) -> str:
        return f"{number // 100:03}/{number:05}" if self.files > 1 else "file"


def _set_time(path: Path, when_s: int) -> None:
    os.utime(path, (when_s, when_s))


def choose(scale: float) -> dict[str, Tree]:
    """Return the trees by name; a scale below 1 makes them smaller."""
    trees = [
        Tree("small", max(int(10_000 * scale), 100), 2_000, 0),
        Tree("medium", max(int(500 * scale), 2), 1_000_000, 10),
        Tree("large", 1, max(int(1_000_000_000 * scale), PIECE_BYTES), 100),
    ]
    return {tree.name: tree for tree in trees}
