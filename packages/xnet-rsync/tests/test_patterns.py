"""Patterns have the syntax and the meaning of .gitignore."""

from __future__ import annotations

import pytest

from xnet_rsync.patterns import Patterns


@pytest.mark.parametrize(
    ("pattern", "path", "is_directory", "matches"),
    [
        ("*.pyc", "a/b.pyc", False, True),
        ("*.pyc", "a/b.py", False, False),
        ("build/", "a/build", True, True),
        ("build/", "a/build", False, False),
        ("/top", "top", False, True),
        ("/top", "a/top", False, False),
        ("a/*.txt", "a/b.txt", False, True),
        ("a/*.txt", "a/c/b.txt", False, False),
        ("a/**/b", "a/c/d/b", False, True),
        ("# a comment", "# a comment", False, False),
        ("na\udcffme", "na\udcffme", False, True),
    ],
)
def test_a_pattern(pattern: str, path: str, is_directory: bool, matches: bool) -> None:
    assert Patterns([pattern]).match(path, is_directory) is matches


def test_a_later_pattern_excepts_what_an_earlier_one_matched() -> None:
    patterns = Patterns(["*.txt", "!keep.txt"])
    assert patterns.match("a/b.txt", False)
    assert not patterns.match("a/keep.txt", False)


def test_what_is_no_pattern_is_refused_with_its_words() -> None:
    with pytest.raises(ValueError, match=r"\['!'\] is not in the syntax"):
        Patterns(["!"])


def test_a_text_is_one_pattern() -> None:
    assert Patterns("*.pyc").match("a.pyc", False)
