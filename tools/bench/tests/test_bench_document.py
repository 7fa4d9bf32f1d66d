from __future__ import annotations

from pathlib import Path

import pytest

from bench.document import BEGIN, END, DocumentError, replace_between_marks, update


def test_only_what_is_between_the_marks_changes(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Title\n{BEGIN}\nold\n{END}\ntail\n")
    update(document, "new\n")
    assert document.read_text() == f"# Title\n{BEGIN}\nnew\n{END}\ntail\n"


def test_writing_twice_is_writing_once() -> None:
    once = replace_between_marks(f"a\n{BEGIN}\n{END}\n", "table")
    assert replace_between_marks(once, "table") == once


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_document_without_one_place_for_the_figures_is_refused(text: str) -> None:
    with pytest.raises(DocumentError, match="needs one line"):
        replace_between_marks(text, "table")
