"""The list of all checks, the quick ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from check import (
    captured,
    changelog,
    circles,
    documents,
    file_sizes,
    isolated,
    layers,
    machine_names,
    promises,
    spec,
    start_up,
    style,
    tests,
    typing_rules,
    versions,
)


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        name: what one types to run it alone.
        rule: the rule it enforces, as a sentence.
        find_problems: takes the root folder, returns one sentence per problem.
    """

    name: str
    rule: str
    find_problems: Callable[[Path], list[str]]


CHECKS: Final = (
    Check("format", "every file is formatted", style.find_format_problems),
    Check("lint", "ruff finds nothing", style.find_lint_problems),
    Check("sizes", "no Python file has more than 400 lines", file_sizes.find_problems),
    Check(
        "machine-names", "no path of one machine and no package index is named", machine_names.find_problems
    ),
    Check("documents", "links and paths in documents lead somewhere", documents.find_problems),
    Check("promises", "each promise of docs/security.md is tested", promises.find_problems),
    Check("changelog", "fragments of the changelog can be read by towncrier", changelog.find_problems),
    Check("versions", "all packages have one version", versions.find_problems),
    Check("layers", "no module imports from a layer above its own", layers.find_problems),
    Check(
        "circles", "no files of a package import each other in a circle, types counted", circles.find_problems
    ),
    Check("captured", "nothing that waits is what other libraries replace", captured.find_problems),
    Check("start-up", "the worker imports nothing slow", start_up.find_problems),
    Check("types", "mypy --strict finds nothing in sources, tests and tools", typing_rules.find_problems),
    Check("spec", "the specification agrees with itself", spec.find_problems),
    Check("isolated", "each package passes its tests with only what it declares", isolated.find_problems),
    Check("tests", "every test passes", tests.find_problems),
)
