"""Patterns that say what is sent, in the syntax of ``.gitignore`` files."""

from __future__ import annotations

import pathspec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Patterns:
    """What matches.

    A pattern without a slash is about names at any depth, one with a slash about paths from the root on;
    ``*`` and ``?`` stop at slashes, ``**`` does not; a slash at the end means directories only; ``!`` in
    front excepts what an earlier pattern matched.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """Read patterns.

        Args:
            lines: One pattern each; empty ones and those that begin with ``#`` mean nothing.

        Raises:
            ValueError: One is not a valid pattern.
        """
        lines = [lines] if isinstance(lines, str) else list(lines)
        try:
            self._spec = pathspec.GitIgnoreSpec.from_lines(lines)
        except Exception as error:
            raise ValueError(
                f"one of the patterns {lines!r} is not in the syntax of .gitignore: {error}"
            ) from error

    def match(self, path: str, is_directory: bool) -> bool:
        """Return whether a path below the root is meant."""
        return bool(self._spec.match_file(f"{path}/" if is_directory else path))
