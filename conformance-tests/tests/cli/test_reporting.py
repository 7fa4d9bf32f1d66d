"""``report`` as a user types it: what a run has written is shown again, and nothing else is."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from program_helpers import ZOO_WORKER
from xnet_conformance.cli import group

FORMATS = ("json", "junit", "html")


def command(*words: str) -> Result:
    return CliRunner().invoke(group, words, catch_exceptions=False)


def test_reports_that_are_made_later_are_those_of_the_run(tmp_path: Path) -> None:
    then, now = tmp_path / "then", tmp_path / "now"
    testee = shlex.join([sys.executable, "-S", str(ZOO_WORKER), "wrong-code"])
    cases = [word for name in ("frames.unknown.18", "frames.ping.e*") for word in ("--case", name)]
    wanted = [word for name in FORMATS for word in ("--report", name)]
    ran = command("run", "-t", testee, *cases, *wanted, "-o", str(then))
    assert ran.exit_code == 1
    done = command("report", str(then / "results.jsonl"), *(f"--{name}" for name in FORMATS), "-o", str(now))
    assert done.exit_code == 1
    assert done.output.count("written: ") == 3
    for name in ("results.jsonl", "junit.xml", "report.html"):
        assert (now / name).read_text() == (then / name).read_text()
    shown = command("report", str(then / "results.jsonl"))
    assert shown.exit_code == 1
    assert shown.output == "".join(ran.output.splitlines(keepends=True)[:-3])
    traced = command("report", str(then / "results.jsonl"), "--trace")
    assert "ms --> TYPE_18" in traced.output


@pytest.mark.parametrize(
    ("outcome", "words", "status"),
    [
        ("pass", [], 0),
        ("nonstrict", [], 0),
        ("nonstrict", ["--strict"], 1),
        ("fail", [], 1),
        ("harness-error", [], 3),
        ("unsupported", [], 5),
    ],
)
def test_the_status_is_that_of_the_run(outcome: str, words: list[str], status: int, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    header: dict[str, object] = {
        "kind": "header",
        "testee": "t",
        "command": "c",
        "role": "worker",
        "profile": "1.0-worker",
    }
    case: dict[str, object] = {"kind": "case", "id": "frames.ping.echo", "outcome": outcome}
    rows: list[dict[str, object]] = [header, case, {"kind": "footer", "counts": {outcome: 1}, "seconds": 1}]
    file.write_text("".join(json.dumps({"stdio": "pipes", **row}) + "\n" for row in rows))
    assert command("report", str(file), *words).exit_code == status


def test_a_file_that_is_none_gets_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    file.write_text("no lines of JSON")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "xnet_conformance",
            "report",
            str(file),
            "--html",
            "-o",
            str(tmp_path / "out"),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"xnet-conformance: {file}, line 1 is not a JSON object: b'no lines of JSON'\n"
    assert not (tmp_path / "out").exists()
