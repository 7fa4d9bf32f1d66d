"""``doctor`` and ``new-testee``: what is written runs at once, and what is wrong is said with what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from program_helpers import ZOO_WORKER
from xnet_conformance.stubs import DOCUMENT, tasks

BARE = Path(__file__).resolve().parents[2] / "testees" / "bare" / "bare_worker.py"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xnet_conformance", *words],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize(
    ("role", "language", "patterns"),
    [
        (
            "worker",
            "python",
            [
                "frames.ping.e*",
                "frames.ping.64-bytes",
                "frames.unknown.*",
                "frames.ignorable.*",
                "gateway.hello.split",
            ],
        ),
        (
            "worker",
            "javascript",
            ["frames.ping.e*", "frames.ping.64-bytes", "frames.unknown.*", "frames.ignorable.*"],
        ),
        ("initiator", "python", ["frames.ping.e*", "frames.ping.64-bytes"]),
        ("adapter", "python", ["frames.stream.*", "smoke.decode"]),
    ],
)
def test_a_skeleton_passes_what_it_says_it_does(
    role: str, language: str, patterns: list[str], tmp_path: Path
) -> None:
    if language == "javascript" and shutil.which("node") is None:
        pytest.skip("needs node")
    folder = tmp_path / "mine"
    done = command("new-testee", str(folder), "--as", role, "--language", language)
    assert done.returncode == 0, done.stderr
    patterns = [word for pattern in patterns for word in ("--case", pattern)]
    done = command("run", "-t", str(folder / "testee.yaml"), *patterns)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_doctor_says_where_it_ends(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert command("new-testee", str(folder)).returncode == 0
    done = command("doctor", "-t", str(folder / "testee.yaml"), "--timeout-scale", "0.1")
    assert done.returncode == 1
    assert "ok     PING is answered" in done.stdout
    assert "WRONG  an item comes back" in done.stdout
    assert "explain smoke.echo" in done.stdout


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import time; time.sleep(100)", "Does it flush what it writes?"),
        ("print('hello')", "is standard output in binary mode?"),
        ("raise SystemExit('no such thing')", "no such thing"),
        (
            "import os; os.write(1, b'hi' + bytes.fromhex('89584e45540d0a1a0a'))",
            "writes nothing before it",
        ),
    ],
)
def test_the_doctor_says_what_to_do(program: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "worker.py"
    path.write_text(program)
    done = command("doctor", "-t", f"{sys.executable} {path}", "--timeout-scale", "0.1")
    assert done.returncode == 1
    assert words in done.stdout


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "worker.py").write_text("precious")
    done = command("new-testee", str(tmp_path / "mine"))
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert (tmp_path / "mine" / "worker.py").read_text() == "precious"
    done = command("new-testee", str(tmp_path / "other"), "--as", "adapter", "--language", "javascript")
    assert done.returncode == 2
    assert "no skeleton of this kind; there are: adapter in python" in done.stderr


def test_a_language_of_ones_own_begins_with_stubs_that_count_as_missing(tmp_path: Path) -> None:
    """The zoo's worker is made one that executes Ruby: nothing of what it would be given is written."""
    folder = tmp_path / "mine"
    done = command("new-testee", str(folder), "--language", "other", "--suffix", "rb", "--comment", "##")
    assert done.returncode == 0, done.stderr
    echo = (folder / "fixtures" / "echo.rb").read_text()
    assert "## echo: send each item back, until the end" in echo
    assert all(line.startswith("##") for line in echo.splitlines())
    assert "| `echo` |" in (folder / "FIXTURES.md").read_text()
    assert len(list((folder / "fixtures").iterdir())) == len(tasks())
    worker = ZOO_WORKER.read_text().replace('["exec.python"] if habit == "lies" else []', '["exec.ruby"]')
    worker = worker.replace("main(sys.argv[1])", "main('good')")
    (folder / "worker").write_text(f"#!{sys.executable} -S\n{worker}")
    (folder / "worker").chmod(0o755)
    done = command("run", "-t", str(folder / "testee.yaml"), "--case", "smoke.*", "--case", "channel.drop.*")
    assert "UNTESTABLE smoke.echo" in done.stdout
    assert "no fixture 'echo' for the language 'ruby'" in done.stdout
    assert " cases: the testee does not declare fixture.drop" in done.stdout
    (folder / "fixtures" / "echo.rb").write_text("channel.each { |item| channel.send(item) }")
    done = command("run", "-t", str(folder / "testee.yaml"), "--case", "smoke.*", "--timeout-scale", "0.1")
    assert "TIMEOUT smoke.echo" in done.stdout


def test_tasks_are_told() -> None:
    done = command("fixtures")
    assert done.stdout == DOCUMENT.read_text()
    done = command("fixtures", "sum", "alone")
    assert "sum: receive numbers until the end" in done.stdout
    assert "        total += item" in done.stdout
    done = command("fixtures", "nothing")
    assert (
        done.returncode,
        "unknown task 'nothing'; there are: alike, alone, blocked" in done.stderr,
    ) == (
        2,
        True,
    )


def test_the_raw_client_talks_to_a_worker(tmp_path: Path) -> None:
    client = tmp_path / "raw_client.py"
    client.write_text(command("raw-client").stdout)
    call = {"source": "def f(channel, x): channel.send(x)", "call": "f", "kwargs": {"x": [1, -2, 1.5, None]}}
    lines = [
        "PING 0 616263",
        'CHANNEL_EXEC 1 ={"source": "not_defined"}',
        "until CHANNEL_CLOSE_ERROR 1",
        f"CHANNEL_EXEC 3 ={json.dumps(call)}",
        "until CHANNEL_CLOSE 3",
    ]
    done = subprocess.run(
        [sys.executable, str(client), sys.executable, "-S", str(BARE)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    came = [line.split(None, 3)[1:] for line in done.stdout.splitlines()]
    assert [one[:2] for one in came] == [
        ["HELLO", "0"],
        ["PONG", "0"],
        ["CHANNEL_CLOSE_ERROR", "1"],
        ["CHANNEL_DATA", "3"],
        ["CHANNEL_CLOSE", "3"],
    ]
    assert came[1][2] == "616263 'abc'"
    assert "not_defined" in came[2][2]
    assert came[3][2].startswith("840121")
    assert came[3][2].split()[0].endswith("f6")
