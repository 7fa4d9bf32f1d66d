"""Which requirement is tested where: every id is named by a test or a case, or says why not.

A test names an id by writing it: in its name (``test_gw_011_...``), a comment, a docstring, a field of
a case. Reasons
for the others are in ``schema/untested.yaml``. A test overrides the plain reason "no case yet";
any other reason says that there can be no test, so having both is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from prose_checks import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UNTESTED_FILE: Final = "schema/untested.yaml"
#: Where tests and cases are, from the root of the repository.
TEST_GLOBS: Final = (
    "packages/*/tests/**/*.py",
    "conformance-tests/src/xnet_conformance/suite/cases/**/*.yaml",
    "conformance-tests/src/xnet_conformance/generation/*.py",
    "conformance-tests/tests/**/*.py",
    "conformance-tests/testees/*/tests/**/*.mjs",
)
_ANY_ID: Final = re.compile(r"\b(?:" + "|".join(PREFIXES.values()) + r")-\d{3}\b")
_IN_A_NAME: Final = re.compile(r"_(" + "|".join(PREFIXES.values()).lower() + r")_(\d{3})(?=[_(])")
_HEADER: Final = (
    "# Requirements that no test or case names yet, with the reason. See tools/coverage_checks.py.\n"
)
_NEW: Final = "no case yet"


def find_tests(root: Path) -> dict[str, list[str]]:
    """Return the files that name each id, from the root of the repository."""
    found: dict[str, list[str]] = {}
    for pattern in TEST_GLOBS:
        for path in sorted(root.glob(pattern)):
            for id_ in _named_in(path.read_text(encoding="utf-8", errors="replace")):
                found.setdefault(id_, []).append(path.relative_to(root).as_posix())
    return found


def _named_in(text: str) -> set[str]:
    names = {f"{prefix.upper()}-{number}" for prefix, number in _IN_A_NAME.findall(text)}
    return names | set(_ANY_ID.findall(text))


def read_reasons(spec: Path) -> dict[str, str]:
    """Return why ids are not tested."""
    path = spec / UNTESTED_FILE
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def find_problems(ids: Iterable[str], spec: Path, root: Path) -> list[str]:
    """Return a sentence for each id without test and reason, and for each needless or empty reason.

    Args:
        ids: All ids in use.
        spec: Folder of the specification.
        root: Root of the repository.
    """
    ids = list(ids)
    tests = find_tests(root)
    reasons = read_reasons(spec)
    problems = []
    for id_ in ids:
        if id_ not in tests and not str(reasons.get(id_) or "").strip():
            problems.append(f"{id_} is named by no test; name it in one, or say why not in {UNTESTED_FILE}")
        if id_ in tests and reasons.get(id_, _NEW) != _NEW:
            problems.append(
                f"{id_} is tested by {tests[id_][0]}, but {UNTESTED_FILE} has a reason why it is not; "
                "lint.py --write takes it out"
            )
    problems += [f"{UNTESTED_FILE}: there is no {id_}" for id_ in reasons if id_ not in ids]
    problems += [
        f"{files[0]} names {id_}, which does not exist"
        for id_, files in sorted(tests.items())
        if id_ not in ids
    ]
    return problems


def write_reasons(ids: Iterable[str], spec: Path, root: Path) -> None:
    """Bring the list of reasons up to date: new ids get a plain one, tested ids lose theirs."""
    tests = find_tests(root)
    old = read_reasons(spec)
    lines = [f'{id_}: "{old.get(id_, _NEW)}"\n' for id_ in ids if id_ not in tests]
    (spec / UNTESTED_FILE).write_text(_HEADER + "".join(lines), encoding="utf-8")


def format_coverage(ids: Iterable[str], spec: Path, root: Path) -> str:
    """Return the table of all ids: where each is tested, or why not."""
    tests = find_tests(root)
    reasons = read_reasons(spec)
    return "".join(
        f"{id_}  {', '.join(tests[id_])}\n" if id_ in tests else f"{id_}  untested: {reasons.get(id_, '?')}\n"
        for id_ in ids
    )
