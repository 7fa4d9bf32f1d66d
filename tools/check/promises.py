"""What docs/security.md promises is tested: each sentence says so, and the tests that it names are there.

Behind each sentence of the page is a comment that readers do not see: `<!-- promise: words -->`, or
`<!-- no promise -->` for advice, warnings and reasons. In a table the row is the sentence. For each promise
docs/security-tests.yaml has the tests that fail when it is broken.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

PAGE: Final = "docs/security.md"
TESTS: Final = "docs/security-tests.yaml"

_COMMENT: Final = re.compile(r"<!--\s*(.*?)\s*-->")
_PROMISE: Final = re.compile(r"promise: ([a-z0-9-]+)")
_NO_PROMISE: Final = "no promise"
_FENCE: Final = re.compile(r"^```.*?^```\s*$", re.MULTILINE | re.DOTALL)
_NOT_PROSE: Final = re.compile(r"`[^`]*`|\]\([^)]*\)")
_END_OF_SENTENCE: Final = re.compile(r"[.!?](?=\s+\S)")
_ITEM: Final = re.compile(r"\s*(?:[-*]|\d+\.) ")


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each promise without a test, and each sentence that does not say what it is."""
    page = root / PAGE
    if not page.exists():
        return []
    problems: list[str] = []
    promises: Counter[str] = Counter()
    for number, text in _blocks(page.read_text(encoding="utf-8")):
        place = f"{PAGE}:{number}"
        pieces = _COMMENT.split(text)
        for sentence, mark in zip(pieces[::2], pieces[1::2], strict=False):
            if _END_OF_SENTENCE.search(_NOT_PROSE.sub("", sentence)):
                problems.append(f"{place}: two sentences before one comment: {_shown(sentence)}")
            found = _PROMISE.fullmatch(mark)
            if found is not None:
                promises[found.group(1)] += 1
            elif mark != _NO_PROMISE:
                problems.append(f"{place}: the comment {mark!r} is neither 'promise: words' nor 'no promise'")
        if pieces[-1].strip(" |"):
            problems.append(
                f"{place}: is this a promise? Say so after it, with <!-- promise: words --> and its tests in"
                f" {TESTS}, or <!-- no promise -->: {_shown(pieces[-1])}"
            )
    problems += [f"{PAGE} has the promise {name!r} twice" for name, count in promises.items() if count > 1]
    return problems + _test_problems(root, set(promises))


def _blocks(page: str) -> Iterator[tuple[int, str]]:
    """Yield paragraphs, list items and rows of tables: the number of their first line, and their text."""
    page = _FENCE.sub(lambda found: "\n" * found.group().count("\n"), page)
    begun, lines = 0, list[str]()
    rows = 0
    for number, line in enumerate([*page.splitlines(), ""], 1):
        is_row = line.startswith("|")
        rows = rows + 1 if is_row else 0
        if (is_row or not line.strip() or line.startswith("#") or _ITEM.match(line)) and lines:
            yield begun, " ".join(lines)
            lines = []
        if is_row:
            if rows > 2:  # the first two say what the columns are
                yield number, line
        elif line.strip() and not line.startswith("#"):
            begun = begun if lines else number
            lines.append(line.strip())


def _test_problems(root: Path, promises: set[str]) -> list[str]:
    listed = root / TESTS
    tests: dict[str, list[str]] = {}
    if listed.exists():
        tests = yaml.safe_load(listed.read_text(encoding="utf-8")) or {}
    problems = [
        f"{PAGE}: the promise {name!r} has no test in {TESTS}" for name in sorted(promises - set(tests))
    ]
    problems += [f"{TESTS}: {PAGE} has no promise {name!r}" for name in sorted(set(tests) - promises)]
    known: dict[str, set[str]] = {}
    for name, names in tests.items():
        if not names:
            problems.append(f"{TESTS}: the promise {name!r} has no test")
        for one in names or []:
            path, _, test = one.partition("::")
            if path not in known:
                known[path] = _tests_of(root / path)
            if test not in known[path]:
                problems.append(f"{TESTS}: there is no test {one}, which {name!r} names")
    return problems


def _tests_of(path: Path) -> set[str]:
    """Return the names of the tests in a file, in a class as `Class::test`; none without the file."""
    if not path.is_file():
        return set()
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)
            )
    return {name for name in found if name.rpartition("::")[2].startswith("test")}


def _shown(text: str) -> str:
    text = " ".join(text.strip(" |").split())
    return text if len(text) <= 80 else f"{text[:77]}..."
