"""Run every combination and write the result into the README."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from bare_helpers import WANTED
from devtool.project import ROOT
from matrix.greenlets import make_environments
from matrix.table import Outcomes, make_table, read_report, summary

#: Between these lines of the README is what this tool wrote last.
BEGIN = "<!-- matrix: written by tools/dev.py matrix -->"
END = "<!-- end of matrix -->"


def main(argv: list[str]) -> int:
    """Run, print, and write what was found; 0 if nothing failed, 1 if something did, 2 if it did not run."""
    parser = argparse.ArgumentParser(
        prog="matrix",
        description="Tries the behaviours of tools/matrix/tests in every way, on every interpreter, in every"
        " execution model that is on this machine. Takes about ten minutes.",
    )
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", help="(default: README.md)")
    parser.add_argument("--dry-run", action="store_true", help="print the table and write nothing")
    options = parser.parse_args(argv)
    make_environments()
    with tempfile.TemporaryDirectory(prefix="xnet-matrix-") as folder:
        report = Path(folder) / "report.xml"
        tests = ROOT / "tools" / "matrix" / "tests" / "test_behaviour.py"
        words = [
            sys.executable,
            "-m",
            "pytest",
            str(tests),
            "-q",
            f"--junitxml={report}",
            "-p",
            "no:cacheprovider",
        ]
        done = subprocess.run(words, cwd=ROOT, env={**os.environ, "XNET_MATRIX": "1"}, check=False)
        if done.returncode not in (0, 1):
            print(f"matrix: pytest ended with status {done.returncode}", file=sys.stderr)
            return 2
        outcomes = read_report(report)
    text = document(outcomes)
    print(text)
    if not options.dry_run:
        write(options.readme, text)
    return done.returncode


def document(outcomes: Outcomes) -> str:
    """Return the section of the README."""
    today = dt.datetime.now(tz=dt.timezone.utc).date()
    note = (
        f"{summary(outcomes)} Letters are execution models: t thread, m main_thread_only, g gevent,"
        " e eventlet. Not tried: a model that is not installed in an interpreter, an interpreter that a way"
        " cannot choose."
        f" {platform.system()} {platform.machine()}, {today:%Y-%m-%d}, `python3 tools/dev.py matrix`."
    )
    return "\n".join([*make_table(outcomes, WANTED), "", note])


def write(path: Path, text: str) -> None:
    """Put the text between the marks of a document.

    Raises:
        ValueError: The marks are not there.
    """
    content = path.read_text(encoding="utf-8")
    before, begin, rest = content.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} has no lines {BEGIN!r} and {END!r}")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
