"""Change one expectation of a case after the other: a good testee has to fail each.

``python conformance-tests/tools/alter_cases.py TESTEE.yaml [PATTERN...] [--jobs N] [--every N]``; the exit
status is 1 if a changed case passes: then it proves nothing about what was changed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xnet_conformance.case import Case
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.connecting import START_S, Workers
from xnet_conformance.initiating import Initiators
from xnet_conformance.mutation.case_changes import altered_cases
from xnet_conformance.role_runners import probe
from xnet_conformance.testee import Testee, read_testee

#: What a changed case waits for never comes.
SCALE = 0.1


def vacuous(testee: Testee, cases: list[Case], jobs: int = 1, every: int = 1) -> tuple[int, list[str]]:
    """Return how many changed cases there were, and a line for each that passes all the same."""
    with tempfile.TemporaryDirectory() as scratch:
        features = probe(testee, scratch, 1.0)
        chosen = [case for case in cases if testee.role in case.roles and features.issuperset(case.needs)]
        changed = [other for case in chosen for other in altered_cases(case)][::every]

        def judge(part: list[Case]) -> list[str]:
            kind = Initiators if testee.role == "initiator" else Workers
            connections = kind(testee, scratch, SCALE)
            connections.start_s = START_S
            runner = ConnectionRunner(connections)
            try:
                results = [runner.run(case) for case in part]
            finally:
                runner.close()
            return [
                f"{result.case.id}, {result.case.title}: {result.outcome} {result.message}"
                for result in results
                if result.outcome in ("pass", "harness-error", "untestable")
            ]

        with ThreadPoolExecutor(jobs) as pool:
            found = pool.map(judge, [changed[number::jobs] for number in range(jobs)])
            return len(changed), [line for lines in found for line in lines]


def main() -> int:
    """Read the command line, print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("testee", type=Path)
    parser.add_argument("patterns", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    cases = select(load_cases(), options.patterns)
    count, found = vacuous(read_testee(options.testee), cases, options.jobs, options.every)
    print("\n".join(found))
    print(f"{count - len(found)} of {count} changed cases fail, as they have to")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
