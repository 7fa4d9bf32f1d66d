"""pytest over everything: packages, specification, tools. `python3 tools/dev.py test` runs this module."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from check.tree import ROOT

#: Everything at once is run by several processes, file by file; most tests wait for other processes.
MOST_PROCESSES = 4


def run_tests(root: Path, arguments: list[str]) -> int:
    """Run pytest with `arguments`, its output going where ours goes, and return its exit status."""
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if not arguments and processes > 1:
        arguments = ["-n", str(processes), "--dist", "loadfile"]
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, check=False).returncode


def find_problems(root: Path) -> list[str]:
    """Run all tests; what failed has been printed by pytest."""
    status = run_tests(root, [])
    return [f"pytest ended with exit status {status}; its output is above"] if status else []


if __name__ == "__main__":
    sys.exit(run_tests(ROOT, sys.argv[1:]))
