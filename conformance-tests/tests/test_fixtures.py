"""The tasks: each in every language the suite has, and each in the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from xnet_conformance.errors import MissingFixture
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.specification import SUITE

FOLDER = SUITE / "fixtures"
#: What a testee brings along itself.
OWN = {"rsync-receiver"}
#: What not every language has.
OPTIONAL = {"alike", "catches", "drop", "exits", "interrupted", "leave", "place"}


def test_every_language_has_every_task() -> None:
    languages = [folder for folder in FOLDER.iterdir() if folder.is_dir()]
    tasks = [{path.stem for path in folder.iterdir() if path.is_file()} for folder in languages]
    assert len(languages) == 2
    assert tasks[0] ^ tasks[1] == {"alike", "catches"}  # what Python cannot make, and JavaScript cannot catch


def test_the_readme_has_every_task_in_order() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert described == sorted({path.stem for path in FOLDER.glob("*/*.*")} | OWN)


def test_the_worker_in_rust_has_every_task() -> None:
    """It has their code in src/tasks of conformance-tests/testees/rust, and files that name it."""
    ours = Path(__file__).resolve().parents[1] / "testees" / "rust" / "fixtures"
    tasks = {path.stem for path in (FOLDER / "python").iterdir() if path.is_file()}
    assert {path.stem for path in ours.iterdir()} - OWN | OPTIONAL == tasks | OPTIONAL


def test_somebodys_own_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text("another", encoding="utf-8")
    fixtures = Fixtures("python", (tmp_path,))
    assert fixtures.source("echo") == "another"
    assert "def run(channel" in fixtures.source("wait")
    assert {"echo", "wait"} <= fixtures.names()


def test_a_task_in_another_language(tmp_path: Path) -> None:
    (tmp_path / "echo.rb").write_text("def run(channel)", encoding="utf-8")
    fixtures = Fixtures("ruby", (tmp_path,))
    assert fixtures.source("echo") == "def run(channel)"
    assert fixtures.names() == {"echo"}
    with pytest.raises(MissingFixture, match="'wait' for the language 'ruby'"):
        fixtures.source("wait")


def test_the_language_may_become_known_later() -> None:
    said: list[str] = []
    fixtures = Fixtures(lambda: said[-1])
    said.append("javascript")
    assert "async function run" in fixtures.source("echo")
