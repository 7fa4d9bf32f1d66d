"""`python -m check [NAME...] [--skip NAME]`: run checks, print one line for each and every problem found."""

from __future__ import annotations

import argparse
import sys
import time

from check.registry import CHECKS, Check
from check.tree import ROOT


def main(argv: list[str]) -> int:
    """Run the checks asked for (all, if none was named); return 0 only if none found a problem."""
    names = [check.name for check in CHECKS]
    parser = argparse.ArgumentParser(prog="tools/dev.py check", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names)} (all by default)"
    )
    parser.add_argument(
        "--skip", action="append", default=[], choices=names, metavar="NAME", help="leave out this check"
    )
    parser.add_argument("--list", action="store_true", help="print the checks and their rules")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"unknown check {', '.join(unknown)}; the checks are {', '.join(names)}")
    if options.list:
        for check in CHECKS:
            print(f"{check.name:15}{check.rule}")
        return 0
    chosen = [c for c in CHECKS if c.name in (options.names or names) and c.name not in options.skip]
    failed = [check.name for check in chosen if not _passes(check)]
    print(f"checks: {len(chosen) - len(failed)} passed, {len(failed)} failed", end="")
    print(f" ({', '.join(failed)})" if failed else "")
    return 1 if failed else 0


def _passes(check: Check) -> bool:
    started = time.monotonic()
    problems = check.find_problems(ROOT)
    seconds = time.monotonic() - started
    print(f"{'FAILED' if problems else 'ok':7}{check.name:15}{seconds:6.1f} s   {check.rule}", flush=True)
    for problem in problems:
        print(f"       {problem}")
    return not problems


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
