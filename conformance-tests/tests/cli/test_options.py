"""The options that name a testee."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from xnet_conformance.cli import options
from xnet_conformance.cli.options import make_testee
from xnet_conformance.errors import UsageError


def test_a_command_is_a_worker_until_somebody_says_something_else(tmp_path: Path) -> None:
    testee = make_testee(f"{sys.executable} -u x", None, (), None, None)
    assert (testee.command, testee.role, testee.stdio) == (f"{sys.executable} -u x", "worker", "pipes")
    testee = make_testee("worker", "adapter", ("trace",), "socket", tmp_path)
    assert (testee.role, testee.features, testee.stdio, testee.fixtures) == (
        "adapter",
        ("trace",),
        "socket",
        (tmp_path,),
    )


def test_what_is_typed_goes_before_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("command: worker\nrole: initiator\nstdio: socket\nfeatures: [trace]\nfixtures: own\n")
    testee = make_testee(str(file), None, (), None, None)
    assert (testee.role, testee.stdio, testee.features) == ("initiator", "socket", ("trace",))
    testee = make_testee(str(file), "adapter", ("processes",), "pipes", tmp_path)
    assert (testee.role, testee.stdio, testee.features) == ("adapter", "pipes", ("trace", "processes"))
    assert testee.fixtures == (tmp_path, tmp_path / "own")


def test_a_file_that_is_not_there() -> None:
    for name in ("nothing.yaml", "nothing.yml"):
        with pytest.raises(UsageError, match=f"no such file: {name}"):
            make_testee(name, None, (), None, None)


def test_the_options_are_those_of_the_guide() -> None:
    @click.command()
    @options.testee_options
    def probe(**given: object) -> None:
        click.echo(repr(sorted(given)))

    done = CliRunner().invoke(probe, ["-t", "x", "--feature", "a", "--feature", "b", "--timeout-scale", "2"])
    assert done.output == "['features', 'fixtures', 'role', 'scale', 'stdio', 'testee']\n"
    for wrong in (
        [],
        ["-t", "x", "--as", "wizard"],
        ["-t", "x", "--stdio", "tape"],
        ["-t", "x", "--fixtures", "/none"],
    ):
        assert CliRunner().invoke(probe, wrong).exit_code == 2
