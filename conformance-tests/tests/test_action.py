"""The action for build servers: its script is run here as such a server runs it, up to the reports."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from program_helpers import ZOO_WORKER

ACTION = yaml.safe_load((Path(__file__).resolve().parents[1] / "action.yml").read_text(encoding="utf-8"))
STEP = next(step for step in ACTION["runs"]["steps"] if step.get("id") == "judge")


@pytest.mark.parametrize(("habit", "status", "color"), [("good", 0, "brightgreen"), ("wrong-code", 1, "red")])
def test_the_script_of_the_action_leaves_reports_and_the_status(
    habit: str, status: int, color: str, tmp_path: Path
) -> None:
    inputs = {name: fields.get("default", "") for name, fields in ACTION["inputs"].items()}
    inputs["testee"] = shlex.join([sys.executable, "-S", str(ZOO_WORKER), habit])
    inputs["arguments"] = "--case frames.unknown.18 --case frames.ping.echo"
    environ = {
        name: text.removeprefix("${{ inputs.").removesuffix(" }}") for name, text in STEP["env"].items()
    }
    script = tmp_path / "script.sh"
    script.write_text(STEP["run"], encoding="utf-8")
    summary = tmp_path / "summary.md"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", str(script)],
        cwd=tmp_path,
        env={
            **os.environ,
            **{name: inputs[text] for name, text in environ.items()},
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(summary),
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "profile 1.0-worker" in summary.read_text(encoding="utf-8")
    out = tmp_path / inputs["out"]
    assert {path.name for path in out.iterdir()} == {
        "results.jsonl",
        "junit.xml",
        "report.html",
        "badge.json",
    }
    assert json.loads((out / "badge.json").read_text(encoding="utf-8"))["color"] == color


def test_what_it_takes_is_what_the_script_reads() -> None:
    read = {text.removeprefix("${{ inputs.").removesuffix(" }}") for text in STEP["env"].values()}
    assert read == set(ACTION["inputs"])
