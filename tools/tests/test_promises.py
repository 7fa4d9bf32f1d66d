from __future__ import annotations

from pathlib import Path

import pytest

from check.promises import find_problems
from check.tree import ROOT
from tree_builder import write_tree

TESTS = """
def test_one(): ...
class TestMore:
    def test_two(self): ...
    def helper(self): ...
"""
PAGE = """# Security

A heading is none. <!-- no promise -->
It holds
over lines. <!-- promise: one -->

- An item; `x. y` is code, [a link](http://a.b). <!-- promise: two -->
- Another. <!-- no promise --> With two. <!-- no promise -->

| attack | what stands against it |
|---|---|
| a row | has one <!-- promise: three --> |

```
No sentence. Nor this.
```
"""
LISTED = """
one: [packages/a/tests/test_a.py::test_one]
two: [packages/a/tests/test_a.py::TestMore::test_two, packages/a/tests/test_a.py::test_one]
three: [packages/a/tests/test_a.py::test_one]
"""


def problems(tmp_path: Path, page: str = PAGE, listed: str = LISTED) -> list[str]:
    texts = {
        "docs/security.md": page,
        "docs/security-tests.yaml": listed,
        "packages/a/tests/test_a.py": TESTS,
    }
    return find_problems(write_tree(tmp_path, texts))


def test_promises_that_are_tested(tmp_path: Path) -> None:
    assert problems(tmp_path) == []
    assert find_problems(tmp_path / "empty") == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("over lines. <!-- promise: one -->", "over lines.", "docs/security.md:3: is this a promise?"),
        ("three --> |", "three --> and more |", "docs/security.md:12: is this a promise?"),
        (
            "Another. <!-- no promise --> With",
            "Another. With",
            "two sentences before one comment: - Anoth",
        ),
        ("no promise --> With", "nothing --> With", "the comment 'nothing' is neither"),
        ("promise: two", "promise: one", "has the promise 'one' twice"),
        ("promise: two", "promise: four", "the promise 'four' has no test in docs/security-tests.yaml"),
        ("promise: two", "promise: four", "docs/security-tests.yaml: docs/security.md has no promise 'two'"),
        ("\n```\nNo sentence. Nor this.\n```", "\nNo sentence.", "is this a promise?"),
    ],
)
def test_what_the_page_lacks(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in PAGE
    found = problems(tmp_path, page=PAGE.replace(old, new, 1))
    assert any(words in one for one in found), found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("one: [packages/a/tests/test_a.py::test_one]", "one: []", "the promise 'one' has no test"),
        ("one: [packages/a/tests/test_a.py::test_one]", "", "the promise 'one' has no test in"),
        (
            "TestMore::test_two",
            "TestMore::test_three",
            "there is no test packages/a/tests/test_a.py::TestMore::tes",
        ),
        (
            "TestMore::test_two",
            "TestMore::helper",
            "there is no test packages/a/tests/test_a.py::TestMore::helper",
        ),
        (
            "TestMore::test_two",
            "test_two",
            "there is no test packages/a/tests/test_a.py::test_two, which 'two' nam",
        ),
        (
            "tests/test_a.py::TestMore",
            "tests/test_b.py::TestMore",
            "there is no test packages/a/tests/test_b.py",
        ),
    ],
)
def test_tests_that_are_not_there(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in LISTED
    (problem,) = problems(tmp_path, listed=LISTED.replace(old, new, 1))
    assert words in problem


def test_the_page_has_them() -> None:
    """So that the check has something to check: it holds for an empty page, too."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert page.count("<!-- promise: ") > 40
