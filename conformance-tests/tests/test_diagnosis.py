"""What is wrong with a testee, from its start on."""

from __future__ import annotations

from pathlib import Path

import pytest

from program_helpers import ZOO_WORKER, program, python, skeleton
from xnet_conformance.diagnosis import Finding, diagnose
from xnet_conformance.frames import PREAMBLE, frame
from xnet_conformance.testee import from_command

NOISY = f"import os; os.write(1, b'hi' + bytes.fromhex('{PREAMBLE.hex()}'))"
BAD_HELLO = f"import os; os.write(1, bytes.fromhex('{(PREAMBLE + frame('HELLO', 0, b'1').encode()).hex()}'))"


def last(found: list[Finding]) -> Finding:
    """Return the last finding; those before it are good."""
    assert all(one.good for one in found[:-1]), found
    assert not found[-1].good
    return found[-1]


def test_the_way_of_a_connection_is_gone_to_the_first_answers(tmp_path: Path) -> None:
    """A worker that refuses CHANNEL_EXEC."""
    path = tmp_path / "worker.py"
    path.write_text(ZOO_WORKER.read_text().replace("elif kind > 16", "elif kind == 3 or kind > 16"))
    found = list(diagnose(python(str(path), "good")))
    assert [one.step for one in found[:4]] == [
        "the program starts",
        "its first bytes",
        "its HELLO",
        "first contact",
    ]
    assert "exec.python" in found[3].seen
    assert {"PING is answered", "preamble and HELLO come, and the handshake completes"} <= {
        one.step for one in found if one.good
    }
    wrong = [one for one in found if not one.good]
    assert [one.step for one in wrong] == ["an item comes back"]
    assert wrong[0].advice.endswith("xnet-conformance explain smoke.echo")
    assert "the fixture echo in its language" in wrong[0].advice


@pytest.mark.parametrize(
    ("source", "step", "seen", "advice"),
    [
        (
            "raise SystemExit('no such thing')",
            "its first bytes",
            "it ended\nstandard error:\nno such thing",
            "unasked",
        ),
        ("import time; time.sleep(100)", "its first bytes", "it has written nothing", "Does it flush"),
        ("print('hello')", "its first bytes", r"b'hello\n', expected b'\x89XNET", "binary mode"),
        (NOISY, "its first bytes", "the preamble, after 2 other bytes: b'hi'", "writes nothing before"),
        (BAD_HELLO, "its HELLO", "HELLO", "HS-010"),
    ],
)
def test_the_first_step_that_fails_is_the_last(source: str, step: str, seen: str, advice: str) -> None:
    scale = 0.05 if "sleep" in source else 1.0
    finding = last(list(diagnose(python("-c", source), scale)))
    assert finding.step == step
    assert seen in finding.seen
    assert advice in finding.advice


def test_a_program_that_is_not_there() -> None:
    finding = last(list(diagnose(from_command("/nonexistent/worker"))))
    assert (finding.step, "executable?" in finding.advice) == ("the program starts", True)


def test_other_roles_begin_with_their_conversation(tmp_path: Path) -> None:
    found = list(diagnose(skeleton("adapter")))
    assert found[0].step == "first contact"
    assert found[0].good
    bad = program(tmp_path, start="sys.exit('oh')", role="initiator")
    finding = last(list(diagnose(bad)))
    assert (finding.step, "oh" in finding.seen) == ("first contact", True)


def test_nothing_runs_on_when_nobody_wants_to_know_the_rest() -> None:
    """What is left would be said as a ResourceWarning, which is an error here."""
    findings = diagnose(python("-c", "import time; time.sleep(1000)"))
    assert next(findings).good
    findings.close()
