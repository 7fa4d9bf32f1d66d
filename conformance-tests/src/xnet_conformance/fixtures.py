"""Sources that a worker is given to execute, by task and language. See `suite/fixtures/README.md`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.errors import MissingFixture
from xnet_conformance.specification import SUITE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A file with this line counts as none: `new-testee` writes such.
NOT_WRITTEN: Final = "This task is not written yet. As long as this line is here, the file counts as missing."
_SUFFIXES: Final = {"python": ".py", "javascript": ".mjs"}


class Fixtures:
    """The fixtures of one language.

    Args:
        language: What the testee executes, or what tells it when a source is wanted: a case may begin
            before HELLO.
        folders: Where to look first, for a language that the suite has no fixtures for.
    """

    def __init__(self, language: str | Callable[[], str], folders: tuple[Path, ...] = ()) -> None:
        self._language = language
        self._folders = folders
        self._texts: dict[str, str] = {}

    def names(self) -> set[str]:
        """Return the names of the tasks."""
        return {path.name.split(".")[0] for path in self._files("*")}

    def source(self, name: str) -> str:
        """Return the source of a task.

        Raises:
            MissingFixture: No fixture exists for this language.
        """
        if name not in self._texts:
            found = self._files(name)
            if not found:
                raise MissingFixture(
                    f"no fixture {name!r} for the language {self.language!r}: write one as "
                    f"`xnet-conformance fixtures {name}` says, and name its folder with --fixtures"
                )
            self._texts[name] = found[0].read_text(encoding="utf-8")
        return self._texts[name]

    @property
    def language(self) -> str:
        """What the testee executes."""
        return self._language if isinstance(self._language, str) else self._language()

    def has(self, name: str) -> bool:
        """Say whether there is a source of a task."""
        return bool(self._files(name))

    def _files(self, name: str) -> list[Path]:
        """Return the files with the source of a task in this language; the first one counts."""
        suffix = _SUFFIXES.get(self.language, ".*")
        folders = (*self._folders, SUITE / "fixtures" / self.language)
        found = [path for folder in folders for path in sorted(folder.glob(name + suffix))]
        return [path for path in found if _is_written(path)]


def _is_written(path: Path) -> bool:
    return path.is_file() and NOT_WRITTEN not in path.read_text(encoding="utf-8", errors="replace")
