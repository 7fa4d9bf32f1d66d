"""What ``xnet as-execnet`` says without running a program; ``test_program_start`` has the rest."""

from __future__ import annotations

import pytest

from xnet_programs import run


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no program to run: expected SCRIPT or -m MODULE"),
        (("-m",), "Option '-m' requires an argument"),
        (("--loud", "x.py"), "No such option"),
    ],
)
def test_a_wrong_command_line_gets_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = run("-m", "xnet", "as-execnet", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
