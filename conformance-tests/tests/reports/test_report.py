"""What every report has: the command that runs a case again."""

from __future__ import annotations

import shlex
from typing import Any

import attrs
import pytest

from report_helpers import report


def test_who_has_a_file_is_named_by_it() -> None:
    """The command alone would lose the fixtures."""
    one = report("fail")
    one = attrs.evolve(one, testee=attrs.evolve(one.testee, file="my testees/it.yaml"))
    words = ["run", "-t", "my testees/it.yaml", "--case", one.results[0].case.id, "--trace"]
    assert shlex.split(one.repeat_command(one.results[0])) == ["xnet-conformance", *words]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, []),
        ({"role": "adapter"}, ["--as", "adapter"]),
        ({"stdio": "socket"}, ["--stdio", "socket"]),
        ({"role": "initiator", "stdio": "socket"}, ["--as", "initiator", "--stdio", "socket"]),
    ],
)
@pytest.mark.parametrize("command", ["node worker.js", "sh -c 'echo \"hi\"'", 'run "it" now'])
def test_the_command_can_be_typed(command: str, fields: dict[str, Any], words: list[str]) -> None:
    one = report("fail")
    one = attrs.evolve(one, testee=attrs.evolve(one.testee, command=command, **fields))
    again = shlex.split(one.repeat_command(one.results[0]))
    assert again == [
        "xnet-conformance",
        "run",
        "-t",
        command,
        *words,
        "--case",
        one.results[0].case.id,
        "--trace",
    ]
