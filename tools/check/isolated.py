"""Each package passes its tests with only what it declares: an import it forgot to declare fails here.

For every package a wheel is built, and an environment is made with that wheel, the wheels of the packages
below it, their declared dependencies and the package's own dependency group `test`; nothing else, so neither
the packages above it nor the other tools of this repository. The environments are kept in `.isolated/` until
a pyproject.toml changes; the wheels are built anew each time, which takes a fraction of a second.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from check.commands import run, run_module
from check.tree import Package, packages
from devtool.project import read_string_array

# The whole suite runs in the ordinary environment. Here every test has to be imported and run once, with few
# random examples each: what is looked for is a missing dependency.
_PYTEST = ("-m", "pytest", "--quiet", "--quiet", "-m", "not slow", "--tb=short", "-p", "no:cacheprovider")

# What the root pyproject.toml's settings of pytest need, whatever a package declares.
_RUNNER = ("pytest", "pytest-timeout")
# The last lines of pytest's output that are shown: its summary, and the tracebacks before it.
_SHOWN_LINES = 80


def find_problems(root: Path) -> list[str]:
    """Build all wheels, then run each package's tests in its own environment."""
    with tempfile.TemporaryDirectory(prefix="xnet-wheels-") as wheels:
        problems = [line for package in packages(root) for line in _build(package, Path(wheels))]
        if problems:
            return problems
        for package in packages(root):
            found = _check(root, package, Path(wheels))
            problems += [f"{package.name}: {line}" for line in found[-_SHOWN_LINES:]]
    return problems


def _build(package: Package, wheels: Path) -> list[str]:
    program = "import sys, uv_build; uv_build.build_wheel(sys.argv[1])"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return run([sys.executable, "-c", program, str(wheels)], package.folder, {"PATH": path})


def _check(root: Path, package: Package, wheels: Path) -> list[str]:
    if not any(package.tests.rglob("test_*.py")):
        return ["has no tests"]
    environment = root / ".isolated" / package.name
    python = environment / "bin" / "python"
    problems = _prepare(root, package, environment, wheels)
    if problems:
        return problems
    return run(
        [
            str(python),
            *_PYTEST,
            *("--config-file", str(root / "pyproject.toml"), "--rootdir", str(root)),
            *("--override-ini", f"pythonpath={package.tests}"),
            str(package.tests),
        ],
        root,
        {"XNET_HYPOTHESIS": "few"},
    )


def _prepare(root: Path, package: Package, environment: Path, wheels: Path) -> list[str]:
    """Make or reuse the environment of a package and install the wheels of today in it."""
    everything = packages(root)
    stamp = environment / "made-from"
    wanted = _fingerprint(root, everything)
    find = ("--find-links", str(wheels))
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(environment, ignore_errors=True)
        problems = run_module(["venv", "--without-pip", str(environment)], root)
        problems = problems or _pip(environment, [*find, *_constraints(root, environment), package.name])
        if not problems:
            test = read_string_array((package.folder / "pyproject.toml").read_text(encoding="utf-8"), "test")
            problems = _pip(environment, [*_constraints(root, environment), *_RUNNER, *test])
        if problems:
            return problems
        stamp.write_text(wanted)
        return []
    installed = [p.name for p in everything if any(environment.glob(f"lib/*/site-packages/{p.import_name}"))]
    return _pip(environment, [*find, "--no-index", "--no-deps", "--force-reinstall", *installed])


def _pip(environment: Path, arguments: Sequence[str]) -> list[str]:
    """Install something in an environment that has no pip of its own, which saves three seconds each."""
    python = environment / "bin" / "python"
    return run_module(["pip", "--python", str(python), "install", "--quiet", *arguments], environment)


def _constraints(root: Path, environment: Path) -> list[str]:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    file = environment / "constraints.txt"
    file.write_text("\n".join(read_string_array(text, "constraint-dependencies")) + "\n")
    return ["--constraint", str(file)]


def _fingerprint(root: Path, everything: Sequence[Package]) -> str:
    digest = hashlib.sha256(f"{sys.version}|{root}".encode())
    for file in [root / "pyproject.toml", *(package.folder / "pyproject.toml" for package in everything)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
