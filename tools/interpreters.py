"""Install the interpreters that tests want and this machine lacks, by whatever can install them here.

Each missing one is tried with uv, then pyenv, then apt (as root). It is not an error if one cannot be
installed: its tests are skipped, and say so.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packages" / "xnet-gateway" / "tests"))

from bare_helpers import WANTED, find_interpreter

#: How long one installation may take, in seconds: pyenv compiles.
PATIENCE_S = 1800


def commands(version: str) -> Iterator[list[str]]:
    """Yield what could install a version here, the quickest first."""
    pypy = version.startswith("pypy")
    if shutil.which("uv") and version != "2.7":
        yield ["uv", "python", "install", "pypy3" if pypy else version]
    if shutil.which("pyenv"):
        yield ["pyenv", "install", "--skip-existing", "pypy3.11" if pypy else version]
    if shutil.which("apt-get") and os.geteuid() == 0:
        package = "pypy3" if pypy else f"python{version}"
        yield ["apt-get", "install", "--yes", "--no-install-recommends", package]


def install(version: str, *, dry_run: bool) -> str:
    """Install one version; return what became of it, in words."""
    path = find_interpreter(version)
    if path is not None:
        return f"is here: {path}"
    tried = []
    for command in commands(version):
        if dry_run:
            return f"would be tried: {' '.join(command)}"
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            tried.append(f"{command[0]} took more than {PATIENCE_S} seconds")
            continue
        path = find_interpreter(version)
        if path is not None:
            return f"installed by {command[0]}: {path}"
        words = (done.stderr or done.stdout).strip().splitlines()
        tried.append(f"{command[0]}: {words[-1] if words else f'status {done.returncode}'}")
    return f"cannot be installed here ({'; '.join(tried) or 'no uv, pyenv or apt as root'})"


def main(argv: list[str]) -> int:
    """Install missing interpreters; return 0 in any case, since tests say themselves what they lack."""
    parser = argparse.ArgumentParser(prog="interpreters", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("versions", nargs="*", default=list(WANTED), metavar="VERSION", help="(default: all)")
    options = parser.parse_args(argv)
    for version in options.versions:
        print(f"{version:>6}  {install(version, dry_run=options.dry_run)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
