"""``matrix`` and ``export`` as a user types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from xnet_conformance.case_files import load_cases
from xnet_conformance.matrix import Column, write_matrix


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_matrix_is_shown_again(tmp_path: Path) -> None:
    file = tmp_path / "matrix.json"
    one = Column("one", "worker", "1.0-worker", 1.0, "", {"wire.frames": {"frames.ping.echo": "pass"}})
    file.write_text(write_matrix([one]))
    done = command("matrix", "--from", str(file), "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "| one | 1.0-worker | 1 of 1 |" in done.stdout
    assert (tmp_path / "out" / "matrix.json").read_text() == file.read_text()
    assert "frames.ping.echo" in (tmp_path / "out" / "matrix.html").read_text()


def test_a_testee_that_does_not_start_is_shown_and_is_not_green(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("name: broken\ncommand: /bin/false\n")
    done = command("matrix", "-t", str(file))
    assert done.returncode == 5, done.stderr
    assert "| broken | 1.0-worker | did not start" in done.stdout


def test_nobody_to_judge_is_a_mistake() -> None:
    done = command("matrix")
    assert done.returncode == 2
    assert "matrix needs testees" in done.stderr


def test_the_bundle_has_everything(tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    assert command("export", "-o", str(file)).returncode == 0
    bundle = json.loads(file.read_text())
    assert [case["id"] for case in bundle["cases"]] == [case.id for case in load_cases()]
    python, javascript = (set(bundle["fixtures"][language]) for language in ("python", "javascript"))
    assert (javascript - python, python - javascript) == ({"alike"}, {"catches"})
    assert {row["id"] for row in bundle["specification"]["requirements"]} >= {"FR-001", "GR-008"}
