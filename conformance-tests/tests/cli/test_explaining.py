"""``explain`` and ``list``: what there is to know without running anything."""

from __future__ import annotations

import subprocess
import sys


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def test_a_requirement_has_sentence_cases_and_mutants() -> None:
    done = command("explain", "FR-020")
    assert done.returncode == 0, done.stderr
    assert "FR-020 MUST for initiator and worker, since 1.0, 20-frames.md" in done.stdout
    assert "frames.ping.echo" in done.stdout
    assert "wire.pong-dropped" in done.stdout


def test_mutants_that_are_patches_are_shown_without_the_patches() -> None:
    done = command("explain", "CH-010")
    assert done.returncode == 0, done.stderr
    assert "stack.reference-unborn" in done.stdout
    assert "killed by channel.reference.unborn (stack.yaml)" in done.stdout


def test_a_case_has_sentences_steps_and_mutants() -> None:
    done = command("explain", "frames.unknown.18")
    assert done.returncode == 0, done.stderr
    assert "FR-010: " in done.stdout
    assert "control: frames.ping.echo" in done.stdout
    assert "- {'goaway': 'FRAME_UNKNOWN_TYPE'}" in done.stdout
    assert "wire.goaway-swallowed" in done.stdout


def test_what_there_is_not_is_a_mistake() -> None:
    done = command("explain", "XX-001")
    assert done.returncode == 2
    assert "'XX-001' is neither a requirement nor a case" in done.stderr


def test_a_list_can_be_narrowed() -> None:
    done = command("list", "--layer", "trace", "--as", "worker", "trace.off*")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        "trace.off",
        "trace.off.zero",
        "trace.off.three",
    ]
