"""Puts the measured table into a document, between two marks, and leaves the rest of it alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BEGIN: Final = "<!-- figures: begin -->"
END: Final = "<!-- figures: end -->"


class DocumentError(Exception):
    """The document does not have exactly one place for the figures; put the marks back."""


def replace_between_marks(text: str, figures: str) -> str:
    """Return the document with `figures` where the old ones were.

    Raises:
        DocumentError: a mark is missing, comes twice, or they are in the wrong order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise DocumentError(
            f"the document needs one line {BEGIN} and after it one line {END}; it has "
            f"{text.count(BEGIN)} and {text.count(END)} of them, or they are in the wrong order"
        )
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{figures.strip()}\n{END}{after}"


def update(path: Path, figures: str) -> None:
    """Rewrite the figures of a document.

    Raises:
        DocumentError: see `replace_between_marks`.
        OSError: it cannot be read or written.
    """
    text = path.read_text(encoding="utf-8")
    path.write_text(replace_between_marks(text, figures), encoding="utf-8")
