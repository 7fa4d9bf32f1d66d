"""``xnet trace``, as a user runs it, on traces that real processes have written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfetto_format import check_format
from trace_files import Process
from xnet_programs import ENVIRONMENT, run

pytestmark = pytest.mark.slow
CODE = "print('traced')"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traces of one run, in both forms: its own process, a full worker and a bare one."""
    made = tmp_path_factory.mktemp("traces")
    done = subprocess.run(
        [sys.executable, "-m", "xnet", "exec", "popen", "command=env//id=bare", "--", CODE],
        env={**ENVIRONMENT, "XNET_TRACE_JSON": str(made / "t"), "EXECNET_DEBUG": "2"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert sorted(done.stdout.splitlines()) == ["bare: traced", "gw0: traced"]
    (made / "log").write_text(f"noise\n{done.stderr}")
    return made


def files(folder: Path) -> list[str]:
    found = sorted(str(path) for path in folder.glob("t-*.jsonl"))
    assert len(found) == 3
    return found


def test_one_timeline(folder: Path) -> None:
    done = run("-m", "xnet", "trace", *files(folder))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    times = [float(line.split()[0]) for line in lines]
    assert times[0] == 0
    order = [" ".join(line.split()[2:]) for line in lines]
    before = order.index("bare -> HELLO 160 bytes") if "bare -> HELLO 160 bytes" in order else -1
    exec_sent = next(i for i, line in enumerate(order) if line.startswith("bare -> CHANNEL_EXEC channel 1, "))
    exec_got = next(
        i for i, line in enumerate(order) if line.startswith("bare-worker <- CHANNEL_EXEC channel 1, ")
    )
    assert before < exec_sent < exec_got


def test_text_of_several_processes_in_one_file(folder: Path) -> None:
    done = run("-m", "xnet", "trace", str(folder / "log"))
    assert done.returncode == 0
    assert done.stderr == f"xnet: left out of {str(folder / 'log')!r} because it is not a trace: 1 line\n"
    from_json = run("-m", "xnet", "trace", *files(folder)).stdout
    assert len(done.stdout.splitlines()) == len(from_json.splitlines())
    by_pipe = subprocess.run(
        [sys.executable, "-m", "xnet", "trace", "-"],
        env=ENVIRONMENT,
        input=(folder / "log").read_text(),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert by_pipe.stdout == done.stdout


def test_only_some_of_it(folder: Path) -> None:
    done = run("-m", "xnet", "trace", "--json", "--gateway", "bare", "--channel", "1", *files(folder))
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert {entry["side"] for entry in entries} == {"bare", "bare-worker"}
    assert {entry["channel"] for entry in entries} == {1}
    everything = run("-m", "xnet", "trace", "--json", *files(folder)).stdout.splitlines()
    assert len(everything) > len(entries)
    assert all(set(json.loads(line)) >= {"ns", "pid", "side"} for line in everything)


def test_a_file_for_perfetto(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    done = run("-m", "xnet", "trace", "--perfetto", str(path), *files(folder))
    assert (done.returncode, done.stdout) == (0, "")
    assert f"entries written to {path}: open it at ui.perfetto.dev" in done.stderr
    events = json.loads(path.read_text())["traceEvents"]
    check_format(events)
    assert {event["ph"] for event in events} == set("MXisfbe")
    assert run("-m", "xnet", "trace", "--perfetto", "-", *files(folder)).stdout == path.read_text()


def test_truncated_traces(folder: Path, tmp_path: Path) -> None:
    cut = []
    for number, name in enumerate(files(folder)):
        data = Path(name).read_bytes()
        path = tmp_path / Path(name).name
        path.write_bytes(
            data[data.index(b"\n", len(data) // 3) + 6 :]
            if number == 0
            else data[: data.rindex(b"\n", 0, -100) + 9]
        )
        cut.append(str(path))
    done = run("-m", "xnet", "trace", *cut)
    assert done.returncode == 0
    assert "because it is not a trace: 1 line" in done.stderr
    assert done.stderr.count("ends in the middle of a line: its process was killed, or is still writing") == 2
    assert len(done.stdout.splitlines()) > 10


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("/no/such",), 1, "xnet: cannot read the trace '/no/such': No such file or directory"),
        (("/",), 1, "xnet: cannot read the trace '/': Is a directory"),
        (("/dev/null",), 1, "xnet: '/dev/null' has no trace"),
        (("/etc/passwd",), 1, "xnet: '/etc/passwd' has no trace, only "),
        (("x", "--perfetto", "y", "--json"), 2, "--perfetto writes everything"),
        ((), 2, "Missing argument 'FILE...'"),
    ],
)
def test_what_cannot_be_read(arguments: tuple[str, ...], status: int, words: str) -> None:
    done = run("-m", "xnet", "trace", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_many_entries_and_a_reader_that_leaves(tmp_path: Path) -> None:
    one = Process(tmp_path, 5)
    rest = '"pid": 5, "side": "gw0", "dir": "sent", "type": "CHANNEL_DATA", "channel": 1, "length": 1}\n'
    one.json.write_text("".join(f'{{"ns": {number}, {rest}' for number in range(100_000)))
    done = subprocess.run(
        [
            "bash",
            "-c",
            '"$0" -m xnet trace "$1" | head -n 1; echo "${PIPESTATUS[0]}"',
            sys.executable,
            str(one.json),
        ],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout == "    0.000000        5  gw0  -> CHANNEL_DATA channel 1, 1 bytes\n141\n"
    assert done.stderr == ""
