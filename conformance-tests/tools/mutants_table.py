"""Write the table of mutants and the cases that kill them: `docs/conformance-mutants.md`.

The second file is `patched.json` of the suite, from which `explain` knows the mutants that are patches of our
sources: those themselves are no part of the distribution.

``python conformance-tests/tools/mutants_table.py [--check]``; with ``--check`` nothing is written, and the
exit status is 1 if a file is not what the files of mutants say now. ``--coverage`` says which requirements
have no mutant.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Final

import attrs

from xnet_conformance.case import LAYERS
from xnet_conformance.case_files import load_cases
from xnet_conformance.mutation.mutant import (
    PATCHED,
    WIRE_MUTANTS,
    Known,
    Mutant,
    MutantFile,
    read_mutants,
)
from xnet_conformance.specification import requirements

ROOT: Final = Path(__file__).resolve().parents[2]
TARGET: Final = ROOT / "docs" / "conformance-mutants.md"
FILES: Final = {
    WIRE_MUTANTS: (
        "Frames changed on their way",
        (
            "What a mutating proxy does between the runner and any worker or initiator, whatever its "
            "language: `xnet-conformance mutants -t TESTEE`."
        ),
    ),
    ROOT / "conformance-tests/mutants/bare.yaml": (
        "The worker that is sent, changed",
        (
            "Rules that only the inside of a worker can break: "
            "`xnet-conformance mutants --file conformance-tests/mutants/bare.yaml`."
        ),
    ),
    ROOT / "conformance-tests/mutants/bare-near.yaml": (
        "Near misses of the same worker",
        (
            "One byte, one state or one key beside the rule: "
            "`xnet-conformance mutants --file conformance-tests/mutants/bare-near.yaml`."
        ),
    ),
    ROOT / "conformance-tests/mutants/stack.yaml": (
        "The full stack, changed",
        (
            "One rule or more in each layer of our own packages: "
            "`xnet-conformance mutants --file conformance-tests/mutants/stack.yaml`."
        ),
    ),
    ROOT / "conformance-tests/mutants/initiator.yaml": (
        "The full stack as an initiator, changed",
        (
            "Rules of the other role, and those that both obey: "
            "`xnet-conformance mutants --file conformance-tests/mutants/initiator.yaml`."
        ),
    ),
    ROOT / "conformance-tests/mutants/small.yaml": (
        "An initiator that announces small limits",
        "With `xnet-conformance mutants --file conformance-tests/mutants/small.yaml`.",
    ),
    ROOT / "conformance-tests/mutants/rsync.yaml": (
        "The receiver of trees, changed",
        "`xnet-conformance mutants --file conformance-tests/mutants/rsync.yaml`.",
    ),
    ROOT / "conformance-tests/mutants/rsync-sender.yaml": (
        "The sender of trees, changed",
        "`xnet-conformance mutants --file conformance-tests/mutants/rsync-sender.yaml`.",
    ),
    ROOT / "conformance-tests/mutants/node.yaml": (
        "The Node worker, changed",
        (
            "Rules for workers that execute JavaScript: "
            "`xnet-conformance mutants --file conformance-tests/mutants/node.yaml`."
        ),
    ),
}
_BEGIN: Final = """\
# Mutants of the conformance suite

A suite that cannot fail proves nothing. So each of these is a worker or an initiator that is wrong in one
known way, and names the case that has to fail with it; the same program without the change passes that case.
A mutant that survives is an error of the suite. This page is generated:
`python conformance-tests/tools/mutants_table.py`.

A mutant marked with ~ breaks a SHOULD: its case then has the outcome `nonstrict`.

Two more things prove the suite: a zoo of broken workers, `conformance-tests/testees/zoo/`, with one exact
outcome each, and `python conformance-tests/tools/alter_cases.py TESTEE.yaml`, which changes one expectation
after the other: a good worker has to fail each changed case. The tests of this repository run some of
all these, and check that no MUST with a case is without a mutant; the commands run all.
"""


def text() -> str:
    """Return the page."""
    found = {path: read_mutants(path) for path in FILES}
    parts = [_BEGIN, coverage() + ".\n", _summary([m for file in found.values() for m in file.mutants])]
    for path, (title, words) in FILES.items():
        parts.append(f"## {title}\n\n{words}\n\n{_table(found[path])}")
    return "\n".join(parts)


def patched() -> str:
    """Return what the suite has to know of the mutants that are patches."""
    rows = [
        attrs.asdict(Known.of(mutant, path))
        for path in FILES
        if path != WIRE_MUTANTS
        for mutant in read_mutants(path).mutants
    ]
    return "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n"


def _summary(mutants: list[Mutant]) -> str:
    counts = Counter(mutant.layer for mutant in mutants)
    rows = [f"| {layer} | {counts[layer]} |" for layer in LAYERS]
    return "| layer | mutants |\n| --- | --- |\n" + "\n".join(rows) + f"\n| all | {len(mutants)} |\n"


def coverage() -> str:
    """Return which MUSTs have a case and no mutant."""
    must = {id_ for id_, row in requirements().items() if row.level.startswith("MUST")}
    with_case = {id_ for case in load_cases() for id_ in case.req} & must
    broken = {
        id_ for path in FILES for mutant in read_mutants(path).mutants for id_ in mutant.breaks
    } & with_case
    missing = ", ".join(sorted(with_case - broken)) or "none"
    return f"{len(with_case)} MUSTs have a case, {len(broken)} of them a mutant. Those without: {missing}"


def _table(file: MutantFile) -> str:
    rows = [
        f"| `{mutant.id}`{' ~' if mutant.should else ''} | {mutant.title} | {', '.join(mutant.breaks)} "
        f"| `{mutant.killed_by}` |"
        for mutant in sorted(file.mutants, key=lambda mutant: LAYERS.index(mutant.layer))
    ]
    return (
        "| mutant | what is wrong | breaks | killed by |\n| --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n"
    )


def main(arguments: list[str]) -> int:
    """Write the page, or compare it."""
    if "--coverage" in arguments:
        print(coverage())
        return 0
    status = 0
    for path, content in ((TARGET, text()), (PATCHED, patched())):
        if "--check" not in arguments:
            path.write_text(content, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != content:
            print(f"{path.relative_to(ROOT)} is not what the files of mutants say: run {Path(__file__).name}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
