"""The contracts of layers.toml are broken by a bad import; that our tree keeps them is the check itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from check.commands import program, run
from check.tree import ROOT, members

COPY_OF = ("tools/check/layers.toml",)


def lint_imports(root: Path) -> list[str]:
    paths = ":".join(str(package.folder / "src") for package in members(root))
    command = [program("lint-imports"), "--config", "tools/check/layers.toml", "--no-cache"]
    return run(command, root, {"PYTHONPATH": paths})


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    for package in members(ROOT):
        shutil.copytree(package.folder / "src", tmp_path / package.folder.relative_to(ROOT) / "src")
        shutil.copy(package.folder / "pyproject.toml", tmp_path / package.folder.relative_to(ROOT))
    for name in COPY_OF:
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("xnet-wire/src/xnet_wire/frames.py", "import socket", "sans-IO layers"),
        ("xnet-wire/src/xnet_wire/frames.py", "import xnet_channel", "only the packages below it"),
        ("xnet-channel/src/xnet_channel/core/connection.py", "import threading", "sans-IO layers"),
        (
            "xnet-channel/src/xnet_channel/core/connection.py",
            "import xnet_channel.threads",
            "the threads drive",
        ),
        ("xnet-group/src/xnet_group/__init__.py", "import xnet", "only the packages below it"),
        ("../conformance-tests/src/xnet_conformance/frames.py", "import xnet_wire", "shares no code"),
        ("../conformance-tests/src/xnet_conformance/values.py", "import xnet_conformance.link", "the suite:"),
    ],
)
def test_an_import_from_above_breaks_a_contract(
    copied_tree: Path, module: str, statement: str, contract: str
) -> None:
    with (copied_tree / "packages" / module).open("a") as source:
        source.write(f"\n{statement}\n")
    (broken,) = [line for line in lint_imports(copied_tree) if contract in line and "BROKEN" in line] or [""]
    assert broken


def test_a_module_that_nobody_placed_breaks_a_contract(copied_tree: Path) -> None:
    (copied_tree / "packages/xnet-channel/src/xnet_channel/misplaced.py").touch()
    assert any("misplaced" in line for line in lint_imports(copied_tree))
