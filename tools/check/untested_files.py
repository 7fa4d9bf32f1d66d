"""Every source file has a test file of its name, so that one knows where to look and what is missing.

`src/xnet_channel/core/halves.py` is tested by `tests/test_halves.py` or `tests/core/test_halves.py`; where
two folders have a file of one name, by `tests/core/test_errors.py` or `tests/test_core_errors.py`. More test
files, by behaviour, are welcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from check.allowed import WITHOUT_TEST_FILE
from check.tree import Package, files, members, relative

# An __init__ re-exports; what it exports is tested where it is defined.
_NOT_A_SUBJECT = {"__init__.py", "__main__.py"}


def find_problems(root: Path, allowed: Mapping[str, str] = WITHOUT_TEST_FILE) -> list[str]:
    """Return a sentence for each source file without a test file, and for each needless exception."""
    untested = {
        relative(root, source): package
        for package in members(root)
        for source in _sources(root, package)
        if not _has_test(package, source)
    }
    problems = [
        f"{name} has no {package.tests.relative_to(root).as_posix()}/**/test_{Path(name).stem}.py"
        for name, package in untested.items()
        if not _is_allowed(name, allowed)
    ]
    problems += [
        f"{name} is listed in tools/check/allowed.py as having no test file, but it has one or does not exist"
        for name in sorted(allowed)
        if not any(_is_allowed(source, {name: ""}) for source in untested)
    ]
    return problems


def _is_allowed(name: str, allowed: Mapping[str, str]) -> bool:
    """Say whether a file is listed, or a folder that it is in (with a slash at its end)."""
    return name in allowed or any(one.endswith("/") and name.startswith(one) for one in allowed)


def _sources(root: Path, package: Package) -> list[Path]:
    return [
        path
        for path in files(root, ".py")
        if path.is_relative_to(package.source) and path.name not in _NOT_A_SUBJECT
    ]


def _has_test(package: Package, source: Path) -> bool:
    names = {f"test_{source.stem}.py"}
    twins = [path for path in package.source.rglob(source.name) if path != source]
    folder = source.parent
    qualified = f"test_{folder.name}_{source.stem}.py"
    if twins and folder != package.source:
        # test_errors.py alone would not say whose errors: the folder has to be in the path or in the name
        return any(package.tests.rglob(qualified)) or any(
            package.tests.rglob(f"{folder.name}/test_{source.stem}.py")
        )
    names.add(qualified)
    return any(True for name in names for _ in package.tests.rglob(name))
