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
        folders: Where to look first: somebody with another language has a folder of their own.
    """

    def __init__(self, language: str | Callable[[], str], folders: tuple[Path, ...] = ()) -> None:
        self._language = language
        self._folders = folders
        self._texts: dict[str, str] = {}

    def names(self) -> set[str]:
        """Return the tasks that there are."""
        suffix, folders = self._places()
        found = [path for folder in folders for path in folder.glob("*" + suffix) if _is_written(path)]
        return {path.name.split(".")[0] for path in found}

    def source(self, name: str) -> str:
        """Return the source of a task.

        Raises:
            MissingFixture: There is none for this language.
        """
        if name not in self._texts:
            suffix, folders = self._places()
            found = [path for folder in folders for path in sorted(folder.glob(f"{name}{suffix}"))]
            found = [path for path in found if _is_written(path)]
            if not found:
                raise MissingFixture(
                    f"there is no fixture {name!r} for the language {self.language!r}: write one as "
                    f"`xnet-conformance fixtures {name}` says, and name its folder with --fixtures"
                )
            self._texts[name] = found[0].read_text(encoding="utf-8")
        return self._texts[name]

    @property
    def language(self) -> str:
        """What the testee executes."""
        return self._language if isinstance(self._language, str) else self._language()

    def _places(self) -> tuple[str, tuple[Path, ...]]:
        """Return the suffix of sources in this language, and the folders in which they are."""
        return _SUFFIXES.get(self.language, ".*"), (*self._folders, SUITE / "fixtures" / self.language)


def _is_written(path: Path) -> bool:
    return path.is_file() and NOT_WRITTEN not in path.read_text(encoding="utf-8", errors="replace")
