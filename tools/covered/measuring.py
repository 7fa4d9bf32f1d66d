"""Running the tests of one area under coverage.py, in every Python process that they start.

It measures and does not judge: tests of what a fresh process imports can fail here, because coverage.py is
imported there first. Whether tests pass, `dev.py test` says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from check.tests import everywhere
from covered.areas import Area

#: How coverage.py is set. `patch`: processes that a test starts, and those that end without further ado.
SETTINGS: Final = """\
[run]
branch = true
parallel = true
patch = subprocess, _exit
sigterm = true
source = {sources}
data_file = {folder}/data
disable_warnings = module-not-imported, no-data-collected
omit =
    */xnet_gateway/bare/worker/*
    */xnet_gateway/bare/relay_program.py
    */xnet_rsync/receiver/*
[report]
partial_also =
    if not TYPE_CHECKING:
exclude_also =
    class .*\\(Protocol\\):
"""
#: Properties are tried with few examples: what only many would find has a test of its own.
ENVIRONMENT: Final = {"XNET_HYPOTHESIS": "few"}


def measure(root: Path, area: Area, lines: int = 0) -> tuple[float, str]:
    """Run the tests of an area.

    Args:
        root: the folder of the checkout.
        area: what to measure, with what.
        lines: how many of pytest's last lines to return; 0 has them all go where ours go.

    Returns:
        What was executed, in percent; and a table of what was not, after those lines.
    """
    with tempfile.TemporaryDirectory(prefix="xnet-coverage-") as name:
        settings = Path(name) / "settings"
        settings.write_text(SETTINGS.format(sources=", ".join(area.sources), folder=name))
        pytest = [
            "-m",
            "pytest",
            "-q",
            "-m",
            "not slow",
            "-p",
            "no:cacheprovider",
            *everywhere(),
            *area.tests,
        ]
        said = _coverage(root, settings, "run", *pytest, shown=not lines)
        _coverage(root, settings, "combine", "--quiet")
        table = _coverage(root, settings, "report", "--skip-covered", "--show-missing")
        report = Path(name) / "report.json"
        _coverage(root, settings, "json", "--quiet", "-o", str(report))
        percent: float = json.loads(report.read_text())["totals"]["percent_covered"]
    return percent, "\n".join([*said.splitlines()[-lines:], table] if lines else [table])


def _coverage(root: Path, settings: Path, command: str, *arguments: str, shown: bool = False) -> str:
    words: Sequence[str] = [sys.executable, "-m", "coverage", command, f"--rcfile={settings}", *arguments]
    done = subprocess.run(
        words,
        cwd=root,
        env={**os.environ, **ENVIRONMENT},
        stdout=None if shown else subprocess.PIPE,
        stderr=None if shown else subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout or ""
