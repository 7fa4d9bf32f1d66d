"""Paths in and around a specification begin where the program is, and not in ``chdir=``: as with execnet."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways, children
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec

WHERE = "import os, sys; channel.send((sys.executable, os.getcwd(), sys.path))"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an environment of its own, in which the program is."""
    (tmp_path / "venv/bin").mkdir(parents=True)
    (tmp_path / "venv/bin/mypython").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def where(gateways: Gateways, text: str) -> tuple[str, str, list[str]]:
    found: tuple[str, str, list[str]] = gateways(text).remote_exec(WHERE).receive(PATIENCE_S)
    return found


@pytest.mark.parametrize("directory", ["work", "{here}/work"])
@pytest.mark.parametrize(
    "python", ["venv/bin/mypython", "./venv/bin/mypython", "env A=b venv/bin/mypython -s"]
)
def test_python(gateways: Gateways, here: Path, python: str, directory: str) -> None:
    executable, cwd, _ = where(gateways, f"popen//python={python}//chdir={directory.format(here=here)}")
    assert Path(cwd) == here / "work"
    # The link in the environment, not what it leads to: by that an interpreter finds its environment.
    assert Path(executable).name == "mypython"


def test_python_of_another_gateway(gateways: Gateways, here: Path) -> None:
    """There, relative to where that one is."""
    (here / "far").mkdir()
    master = gateways("popen//id=far//chdir=far")
    (here / "far/py").symlink_to(sys.executable)
    for text in ("popen//via=far//id=a//python=./py//chdir=work", "popen//via=far//id=b//chdir=work"):
        channel = gateways(text, master).remote_exec(WHERE)
        assert Path(channel.receive(PATIENCE_S)[1]) == here / "far/work"


def test_a_relative_folder_in_path(gateways: Gateways, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "venv/bin", prepend=":")
    executable, cwd, _ = where(gateways, "popen//python=mypython//chdir=work")
    assert (Path(executable).name, Path(cwd)) == ("mypython", here / "work")


@pytest.mark.parametrize("text", ["popen", "popen//python=venv/bin/mypython"])
def test_a_relative_folder_in_pythonpath(
    gateways: Gateways, here: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", "lib", prepend=":")
    _, cwd, path = where(gateways, f"{text}//chdir=work")
    assert Path(cwd) == here / "work"
    assert str(here / "lib") in path


def test_a_shim_looks_for_the_version_of_the_project(gateways: Gateways, here: Path) -> None:
    """As those of pyenv do, which go by a file in the current directory."""
    shim = here / "shim"
    shim.write_text(f'#!/bin/sh\n[ -f .version ] || exit 3\nexec {sys.executable} "$@"\n')
    shim.chmod(0o755)
    (here / ".version").write_text("3")
    assert Path(where(gateways, f"popen//python={shim}//chdir=work")[1]) == here / "work"


def test_nothing_behind_a_key_is_as_if_it_were_not_there(gateways: Gateways, here: Path) -> None:
    empty = "chdir=//nice=//via=//installvia=//dont_write_bytecode="
    for text in (f"popen//python=//{empty}", f"command=env//python={sys.executable}//{empty}"):
        gateway = gateways(text)
        source = "import os; channel.send((os.getcwd(), os.nice(0)))"
        assert gateway.remote_exec(source).receive(PATIENCE_S) == (str(here), os.nice(0))
    assert gateways.started[0].runs_full_worker


@pytest.mark.parametrize(
    "text",
    ["popen//chdir=a\udcff", "popen//id=a\udcff", "command=env//env:A=a\udcff", "ssh=h//chdir=a\udcff"],
)
def test_what_no_worker_can_be_told_starts_nothing(text: str) -> None:
    before = children()
    with pytest.raises(ValueError, match=r"surrogate \(character \d+\)"):
        begin(XSpec(text))
    assert children() == before
