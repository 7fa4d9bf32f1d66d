"""Check that the specification agrees with itself.

``python protocol-spec/tools/lint.py``: exit code 1 and one line for each problem, or 0.
``--write`` adds new ids to schema/ids.txt and brings schema/untested.yaml up to date first.
``--coverage`` prints where each requirement is tested, and checks nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import coverage_checks
import examples
import model_check
import prose_checks
import registry_checks
import state_checks
from spec_schema import read_schema
from spec_text import read_prose

SPEC: Final = Path(__file__).resolve().parent.parent


def find_problems(spec: Path = SPEC, root: Path | None = None) -> list[str]:
    """Return a sentence for each problem of the specification in folder ``spec``.

    Args:
        spec: Folder of the specification.
        root: Root of the repository with the tests; by default the parent of ``spec``.
    """
    documents = read_prose(spec)
    schema = read_schema(spec)
    version = (spec / "VERSION").read_text(encoding="utf-8").strip()
    ids = [requirement.id for requirement in prose_checks.requirements(documents)]
    return [
        *prose_checks.find_block_problems(documents, version),
        *prose_checks.find_id_problems(documents, spec),
        *prose_checks.find_reference_problems(documents),
        *registry_checks.find_problems(documents, schema),
        *state_checks.find_problems(documents, schema),
        *coverage_checks.find_problems(ids, spec, root or spec.parent),
        *examples.find_problems(spec),
        *model_check.find_problems(spec),
    ]


def main(arguments: list[str]) -> int:
    """Run as a command; return the exit code."""
    documents = read_prose(SPEC)
    ids = [requirement.id for requirement in prose_checks.requirements(documents)]
    if "--coverage" in arguments:
        sys.stdout.write(coverage_checks.format_coverage(ids, SPEC, SPEC.parent))
        return 0
    if "--write" in arguments:
        prose_checks.write_ids(documents, SPEC)
        coverage_checks.write_reasons(ids, SPEC, SPEC.parent)
    problems = find_problems()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
