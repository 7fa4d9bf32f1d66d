"""Each package passes its tests with only what it declares: an import it forgot to declare fails here.

For every package a wheel is built, and an environment is made with that wheel, the wheels of the packages
below it, their declared dependencies and the package's own dependency group `test`; nothing else, so neither
the packages above it nor the other tools of this repository. The environments are kept in `.isolated/` until
a pyproject.toml changes; the wheels are built anew each time, which takes a fraction of a second.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from check.commands import run, run_module
from check.tests import MOST_PROCESSES, to_repeat
from check.tree import Package, members
from devtool.project import read_string_array

# The whole suite runs in the ordinary environment. Here every test has to be imported and run once, with few
# random examples each: they look for missing dependencies.
_PYTEST = ("-m", "pytest", "--quiet", "--quiet", "-m", "not slow", "--tb=short")

# Where the name ends in a requirement such as "xnet-wire==0.1.*" or "attrs>=23.2".
_NAME_END = re.compile(r"[^A-Za-z0-9._-]")
# What builds the wheel of a package.
_BACKEND = re.compile(r'^build-backend = "(.+)"$', re.MULTILINE)
# What the root pyproject.toml's settings of pytest need, whatever a package declares.
_RUNNER = ("pytest", "pytest-timeout")
# Where pytest writes what failed, in the package's environment.
_CACHE = "pytest-cache"
# The last lines of pytest's output that are shown: its summary, and the tracebacks before it.
_SHOWN_LINES = 80


def find_problems(root: Path) -> list[str]:
    """Build all wheels, then run each package's tests in its own environment."""
    with tempfile.TemporaryDirectory(prefix="xnet-wheels-") as wheels:
        problems = [line for package in members(root) for line in _build(package, Path(wheels))]
        if problems:
            return problems
        with ThreadPoolExecutor(MOST_PROCESSES) as pool:
            running = [
                (package, pool.submit(_check, root, package, Path(wheels))) for package in members(root)
            ]
        for package, check in running:
            left = _repeat(root, package, check.result()) if check.result() else []
            problems += [f"{package.name}: {line}" for line in left[-_SHOWN_LINES:]]
    return problems


def _build(package: Package, wheels: Path) -> list[str]:
    text = (package.folder / "pyproject.toml").read_text(encoding="utf-8")
    backend = _BACKEND.search(text)[1]  # type: ignore[index]
    program = f"import sys, {backend} as backend; backend.build_wheel(sys.argv[1])"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    return run([sys.executable, "-c", program, str(wheels)], package.folder, {"PATH": path})


def _check(root: Path, package: Package, wheels: Path) -> list[str]:
    if not any(package.tests.rglob("test_*.py")):
        return ["has no tests"]
    environment = root / ".isolated" / package.name
    shutil.rmtree(environment / _CACHE, ignore_errors=True)
    return _prepare(root, package, environment, wheels) or _pytest(root, package, [str(package.tests)])


def _repeat(root: Path, package: Package, found: list[str]) -> list[str]:
    """Run again, alone, the tests that failed if they are few; return the remaining problems (ADR 0020)."""
    failed = to_repeat(root / ".isolated" / package.name / _CACHE)
    if not failed:
        return found
    print(f"{package.name}: failed, now run again alone:", *failed, sep="\n  ", flush=True)
    return _pytest(root, package, failed)


def _pytest(root: Path, package: Package, what: list[str]) -> list[str]:
    environment = root / ".isolated" / package.name
    command = [
        str(environment / "bin" / "python"),
        *_PYTEST,
        *("--config-file", str(root / "pyproject.toml"), "--rootdir", str(root)),
        *("--override-ini", f"pythonpath={' '.join(map(str, _helpers(root, package)))}"),
        *("--override-ini", f"cache_dir={environment / _CACHE}"),
    ]
    return run([*command, *what], root, {"XNET_HYPOTHESIS": "few"})


def _helpers(root: Path, package: Package) -> list[Path]:
    """Return where a package's tests find their helpers: beside them, and at those of packages below."""
    by_name = {other.name: other for other in members(root)}
    return [by_name[name].tests for name in with_packages_below(root, package)]


def _prepare(root: Path, package: Package, environment: Path, wheels: Path) -> list[str]:
    """Make or reuse the environment of a package and install the wheels of today in it."""
    stamp = environment / "made-from"
    wanted = _fingerprint(root)
    # By the path of the file: by name, pip would take what an index has under that name, if it is newer.
    ours = [_wheel(wheels, name) for name in with_packages_below(root, package)]
    if stamp.exists() and stamp.read_text() == wanted:
        return _pip(environment, ["--no-index", "--no-deps", "--force-reinstall", *ours])
    shutil.rmtree(environment, ignore_errors=True)
    problems = run_module(["venv", "--without-pip", str(environment)], root)
    if not problems:
        test = read_string_array((package.folder / "pyproject.toml").read_text(encoding="utf-8"), "test")
        problems = _pip(environment, [*_constraints(root, environment), *ours, *_RUNNER, *test])
    if not problems:
        stamp.write_text(wanted)
    return problems


def with_packages_below(root: Path, package: Package) -> list[str]:
    """Return the names of a package and of all packages of ours that it declares, directly or not."""
    by_name = {other.name: other for other in members(root)}
    found: list[str] = []
    waiting = [package.name]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.append(name)
        text = (by_name[name].folder / "pyproject.toml").read_text(encoding="utf-8")
        declared = [_NAME_END.split(line)[0] for line in read_string_array(text, "dependencies")]
        waiting += [dependency for dependency in declared if dependency in by_name]
    return found


def _wheel(wheels: Path, name: str) -> str:
    (wheel,) = wheels.glob(f"{name.replace('-', '_')}-*.whl")
    return str(wheel)


def _pip(environment: Path, arguments: Sequence[str]) -> list[str]:
    """Install something in an environment that has no pip of its own, which saves three seconds each."""
    python = environment / "bin" / "python"
    return run_module(["pip", "--python", str(python), "install", "--quiet", *arguments], environment)


def _constraints(root: Path, environment: Path) -> list[str]:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    file = environment / "constraints.txt"
    file.write_text("\n".join(read_string_array(text, "constraint-dependencies")) + "\n")
    return ["--constraint", str(file)]


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256(f"{sys.version}|{root}".encode())
    for file in [root / "pyproject.toml", *(package.folder / "pyproject.toml" for package in members(root))]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
