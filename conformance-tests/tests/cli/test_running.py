"""``run`` and ``smoke`` as a user types them: exit statuses, reports, what is printed."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from program_helpers import ZOO_WORKER
from xnet_conformance.cli import group
from xnet_conformance.errors import CannotStart, UsageError


def command(*words: str) -> Result:
    return CliRunner().invoke(group, words, catch_exceptions=False)


def zoo(habit: str) -> list[str]:
    return ["-t", shlex.join([sys.executable, "-S", str(ZOO_WORKER), habit])]


def test_a_run_writes_its_reports_and_says_where(tmp_path: Path) -> None:
    reports = [word for name in ("json", "junit", "html") for word in ("--report", name)]
    done = command("run", *zoo("good"), "--case", "frames.ping.echo", *reports, "-o", str(tmp_path / "out"))
    assert done.exit_code == 0, done.output
    assert "wire.frames  ok        1 of 1 passed" in done.output
    for name in ("results.jsonl", "junit.xml", "report.html"):
        assert f"written: {tmp_path / 'out' / name}" in done.output
    rows = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    assert [row.get("outcome") for row in rows] == [None, "pass", None]
    assert ET.parse(tmp_path / "out" / "junit.xml").getroot()[0].get("failures") == "0"


def test_controls_run_with_what_was_asked_for() -> None:
    done = command("run", *zoo("good"), "--case", "frames.unknown.18")
    assert (done.exit_code, "2 of 2 passed" in done.output) == (0, True), done.output


def test_what_fails_is_red_and_can_be_repeated() -> None:
    done = command("run", *zoo("wrong-code"), "--case", "frames.unknown.18", "--trace")
    assert done.exit_code == 1
    assert "FAIL frames.unknown.18" in done.output
    assert (
        f'again:    xnet-conformance run -t "{shlex.join(shlex.split(zoo("wrong-code")[1]))}"' in done.output
    )
    assert "ms --> TYPE_18" in done.output


def test_nothing_evaluated_is_not_green() -> None:
    done = command("run", *zoo("good"), "--case", "trace.file")
    assert (done.exit_code, "not evaluated" in done.output) == (5, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--case", "no.such"], "no case matches 'no.such'"),
        (["--layer", "cellar"], "unknown layer 'cellar'"),
        (["--profile", "9.9"], "unknown profile '9.9'"),
    ],
)
def test_what_there_is_not_is_not_taken_for_green(words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        command("run", *zoo("good"), *words)


def test_a_testee_that_does_not_start_is_not_judged() -> None:
    with pytest.raises(CannotStart, match="it cannot work like this"):
        command("run", *zoo("dies-at-start"))
    with pytest.raises(CannotStart):
        command("smoke", *zoo("dies-at-start"))


def test_the_smallest_that_fails_alike_is_shown() -> None:
    done = command("run", *zoo("wrong-code"), "--case", "frames.unknown.18", "--shrink")
    assert "the smallest conversation that fails like frames.unknown.18: 2 of " in done.output
    assert '  - {"goaway": "FRAME_UNKNOWN_TYPE"}' in done.output


def without_exec(folder: Path) -> list[str]:
    """A worker that refuses CHANNEL_EXEC."""
    path = folder / "worker.py"
    path.write_text(ZOO_WORKER.read_text().replace("elif kind > 16", "elif kind == 3 or kind > 16"))
    return ["-t", shlex.join([sys.executable, "-S", str(path), "good"])]


def test_what_needs_a_case_of_smoke_that_did_not_pass_is_blocked_and_not_run(tmp_path: Path) -> None:
    done = command(
        "run", *without_exec(tmp_path), "--layer", "channel", "--report", "json", "-o", str(tmp_path)
    )
    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if line.startswith(("FAIL", "TIME", "CRASH"))] == [
        "FAIL smoke.echo"
    ]
    assert '  -> A worker is given the fixture echo in its language, with "call": "run"' in done.output
    rows = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    blocked = [row for row in rows if row.get("outcome") == "blocked"]
    assert {row["message"] for row in blocked} == {"blocked by smoke.echo"}
    assert len(blocked) > 50
    assert f"  {len(blocked):4} cases: blocked by smoke.echo" in done.output


def test_what_is_asked_for_by_name_is_run_all_the_same(tmp_path: Path) -> None:
    done = command("run", *without_exec(tmp_path), "--case", "channel.close.by-runner")
    assert "FAIL channel.close.by-runner" in done.output
    assert "blocked" not in done.output


def test_what_is_unsupported_is_listed_by_the_feature_that_is_missing() -> None:
    done = command("run", *zoo("good"), "--case", "trace.*", "--case", "gateway.python.inspect")
    assert "not tested:" in done.output
    assert "cases: the testee does not declare trace\n" in done.output


def test_a_run_says_why_a_testee_cannot_be_judged(tmp_path: Path) -> None:
    path = tmp_path / "worker.py"
    path.write_text("print('hello')")
    done = CliRunner().invoke(group, ["run", "-t", f"{sys.executable} {path}"])
    assert isinstance(done.exception, CannotStart)
    assert "is standard output in binary mode?" in done.output


def test_smoke_shows_what_was_on_the_wire(tmp_path: Path) -> None:
    done = command("smoke", *without_exec(tmp_path))
    assert done.exit_code == 1
    assert "FAIL smoke.echo" in done.output
    assert "--> CHANNEL_EXEC" in done.output
    assert "2 of 3 passed (1 fail)" in done.output
