"""What has to be built before it is started."""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import pytest

from xnet_conformance.building import build
from xnet_conformance.errors import CannotStart
from xnet_conformance.testee import from_command, read_testee

TESTEE = from_command("there-is-no-such-program")


def test_the_command_of_the_file_is_run(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_text("open(__file__ + '.built', 'w').close()")
    (tmp_path / "t.yaml").write_text("command: x\nbuild: '{python} {here}/b.py'\n")
    build(read_testee(tmp_path / "t.yaml"))
    assert (tmp_path / "b.py.built").exists()


def test_what_need_not_be_built_is_not() -> None:
    build(TESTEE)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("there-is-no-such-compiler", "cannot be built by 'there-is-no-such-compiler'"),
        (f"{sys.executable} -c 'print(\"line 7 is wrong\"); exit(3)'", "ended with 3\nline 7 is wrong"),
    ],
)
def test_a_build_that_fails_says_why(command: str, said: str) -> None:
    with pytest.raises(CannotStart) as raised:
        build(attrs.evolve(TESTEE, build=command))
    assert said in str(raised.value)
