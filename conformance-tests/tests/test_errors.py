"""Whose fault something is decides what is said about it: each error has an outcome or an exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest

from xnet_conformance import errors
from xnet_conformance.errors import CheckFailed


def test_a_failed_check_keeps_what_it_knows() -> None:
    error = CheckFailed("it is wrong", check="c", expected="5", actual="6", req="FR-001")
    assert (str(error), error.check, error.expected, error.actual, error.req) == (
        "it is wrong", "c", "5", "6", "FR-001",
    )  # fmt: skip
    assert (CheckFailed("w").check, CheckFailed("w").req) == ("", "")


def test_no_error_is_taken_for_another() -> None:
    found = [
        one for one in vars(errors).values() if isinstance(one, type) and one.__module__ == errors.__name__
    ]
    assert len(found) == 7
    assert {one.__bases__ for one in found} == {(Exception,)}
    assert all(one.__doc__ for one in found)


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["explain", "XX-999"], 2, "'XX-999' is neither a requirement nor a case"),
        (["run", "--no-such-option"], 2, "No such option"),
        (
            ["run", "-t", "/nonexistent/worker"],
            4,
            "the testee did not start: the command '/nonexistent/worker'",
        ),
    ],
)
def test_the_command_line_has_a_status_for_each_fault(words: list[str], status: int, sentence: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == status
    assert done.stdout == "" or done.stdout.startswith("WRONG  the program starts\n")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
