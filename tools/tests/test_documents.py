from __future__ import annotations

from pathlib import Path

import pytest

from check.documents import find_problems
from tree_builder import write_tree

OTHER = "# A title: `code` & more\n\n## Twice\n\n## Twice\n\n```\n# not a heading\n```\n"


@pytest.mark.parametrize(
    "text",
    [
        "[a](other.md)",
        "[a](other.md#a-title-code--more)",
        "[a](other.md#twice-1)",
        "[a](#here)\n# Here",
        "[a](https://example.org/nowhere)",
        "```\n[a](missing.md)\n```",
        "`[a](missing.md)`",
        "`docs/other.md` and `docs/` and `docs/<name>.md`",
        "`tools/lint.py` beside this document",
    ],
)
def test_links_and_paths_that_lead_somewhere(tmp_path: Path, text: str) -> None:
    write_tree(tmp_path, {"docs/other.md": OTHER, "docs/tools/lint.py": "", "docs/a.md": text})
    assert find_problems(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a](missing.md)", "the link to missing.md leads to no file"),
        ("[a](other.md#nothing)", "the link to other.md#nothing names no heading of that file"),
        ("[a](other.md#not-a-heading)", "the link to other.md#not-a-heading names no heading of that file"),
        ("[a](../..)", "the link to ../.. leads out of the repository"),
        ("`tools/missing.py`", "there is no tools/missing.py in this repository"),
    ],
)
def test_links_and_paths_that_lead_nowhere(tmp_path: Path, text: str, problem: str) -> None:
    write_tree(tmp_path, {"docs/other.md": OTHER, "docs/a.md": f"\n\n{text}"})
    assert find_problems(tmp_path) == [f"docs/a.md:3: {problem}"]


def test_installing_ours_by_name_is_a_problem(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.md": "```\npip install pytest xnet-wire\n```\n"})
    (problem,) = find_problems(tmp_path)
    assert problem.startswith("a.md:2: pip would install 'xnet-wire' from an index")


def test_installing_ours_by_path_and_others_by_name_is_fine(tmp_path: Path) -> None:
    text = "`pip install ./packages/xnet-wire ./packages/xnet`\n\n`pip install attrs # and xnet by path`\n"
    write_tree(tmp_path, {"a.md": text})
    assert find_problems(tmp_path) == []
