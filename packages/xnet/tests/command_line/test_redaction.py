from __future__ import annotations

import pytest

from xnet.command_line.redaction import hide_in_message, hide_in_spec
from xnet_programs import run


def test_values_of_variables_are_left_out_and_nothing_else() -> None:
    spec = "popen//env:A=b=c//id=b//env:EMPTY=//env:X"
    assert hide_in_spec(spec) == "popen//env:A=...//id=b//env:EMPTY=//env:X"
    assert hide_in_message(f"no {spec!r}: b", spec) == f"no {hide_in_spec(spec)!r}: b"
    assert hide_in_message(repr("env:A='\n"), "env:A='\n") == '"env:A=..."'


@pytest.mark.parametrize("command", ["exec", "status", "doctor"])
@pytest.mark.parametrize(
    "rest",
    ["fly", "popen//fly//popen", "popen//via=nobody", "popen//python=/no/such", "command=sh -c 'exit 1'"],
)
def test_errors_do_not_have_them(command: str, rest: str) -> None:
    done = run(
        "-m", "xnet", command, f"{rest}//env:TOKEN=hunter2", *(["--", "1"] if command == "exec" else [])
    )
    assert done.returncode in (2, 3)
    assert "hunter2" not in done.stdout + done.stderr
