from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xnet_conformance.errors import UsageError
from xnet_conformance.testee import absolute, from_command, read_testee


def write(folder: Path, text: str) -> Path:
    path = folder / "t.yaml"
    path.write_text(text)
    return path


def test_a_file_has_its_folder_and_the_interpreter(tmp_path: Path) -> None:
    text = "command: '{python} {here}/w.py'\nfeatures: [trace]\nfixtures: mine\nenviron: {A: '{here}/x'}\n"
    testee = read_testee(write(tmp_path, text))
    assert testee.command == f"{sys.executable} {tmp_path}/w.py"
    assert (testee.name, testee.role, testee.features) == ("t", "worker", ("trace",))
    assert testee.fixtures == (tmp_path / "mine",)
    assert testee.environ == {"A": f"{tmp_path}/x"}


def test_expectations_are_by_pattern(tmp_path: Path) -> None:
    text = "command: x\nexpectations:\n  flow.*: {expect: fail, reason: not yet, issue: '#5'}\n"
    testee = read_testee(write(tmp_path, text))
    expectation = testee.expectation("flow.credit.one")
    assert expectation is not None
    assert (expectation.expect, expectation.reason, expectation.issue) == ("fail", "not yet", "#5")
    assert testee.expectation("channel.a") is None


@pytest.mark.parametrize(
    "text",
    [
        "[]", "name: x", "command: x\nunknown: 1", "command: x\nrole: king", "{",
        "command: x\nexpectations: {a: {expect: fail}}",
        "command: x\nexpectations: {a: {expect: maybe, reason: r}}",
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_a_mistake_of_who_wrote_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read_testee(write(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml cannot be read"):
        read_testee(tmp_path / "none.yaml")


def test_files_in_a_command_are_found_from_other_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.py").touch()
    monkeypatch.chdir(tmp_path)
    assert absolute("python w.py other.py 'a b'") == f"python {tmp_path}/w.py other.py 'a b'"
    assert from_command("python w.py").name == "python w.py"
    for command in ("", "'"):
        with pytest.raises(UsageError):
            absolute(command)
