"""EXECNET_DEBUG and XNET_TRACE_JSON, seen from outside. Spec: TR-001 to TR-021."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from gateway_helpers import run_program
from xnet_wire.frames import NAMES

PROGRAM = """
gateway = make("popen//id=gw7//env:TOKEN=SECRET")
channel = gateway.remote_exec("for item in channel: channel.send(item)")
for item in (1, "SECRET" * 10, b"SECRET" * 100_000, [None] * 10):
    channel.send(item)
    channel.receive()
channel.send_many(range(100))
for _ in range(100):
    channel.receive()
other = gateway.newchannel()
channel.send(other)
assert channel.receive() is other
gateway.remote_status()
gateway._rinfo()
gateway.reconfigure()
failing = gateway.remote_exec("1/0")
try:
    failing.waitclose()
except failing.RemoteError:
    pass
channel.close()
print(os.getpid(), gateway.pid)
end(gateway)
"""

MESSAGE = re.compile(
    r"(?P<name>[!-~]+) (?P<dir>sent|received) <Message (?P<type>[A-Z_]+|TYPE_\d+)"
    r" channel=(?P<channel>\d+) lendata=(?P<length>\d+)>"
)
EVENT = re.compile(r"(?P<name>[!-~]+) (?!sent <|received <)(?P<text>.+)")

Frame = tuple[str, ...]


def run(environment: dict[str, str]) -> tuple[int, int, str]:
    """Return the process ids of initiator and worker, and what came on stderr."""
    done = run_program(PROGRAM, environment=environment)
    assert done.returncode == 0, done.stderr
    initiator, worker = map(int, done.stdout.split())
    return initiator, worker, done.stderr


def parse(lines: list[str]) -> dict[str, dict[str, list[Frame]]]:
    """Return side -> direction -> frames; fail on a line that the grammar does not have."""
    found: dict[str, dict[str, list[Frame]]] = {}
    for line in lines:
        message = MESSAGE.fullmatch(line)
        if message is None:
            assert EVENT.fullmatch(line), line
            continue
        assert message["type"] in NAMES.values() or message["type"].startswith("TYPE_")
        sides = found.setdefault(message["name"], {"sent": [], "received": []})
        sides[message["dir"]].append((message["type"], message["channel"], message["length"]))
    return found


def check_both_ways(initiator: dict[str, list[Frame]], worker: dict[str, list[Frame]]) -> None:
    """TR-010, up to the request to terminate.

    The worker need not read what comes after it: the CHANNEL_CLOSE of a channel
    that was collected at that moment.
    """
    asked = [frame[0] for frame in initiator["sent"]].index("GATEWAY_TERMINATE") + 1
    assert initiator["sent"][:asked] == worker["received"][:asked]
    assert {frame[0] for frame in initiator["sent"][asked:]} <= {"CHANNEL_CLOSE"}
    assert worker["sent"] == initiator["received"]


def check_frames(initiator: dict[str, list[Frame]], worker: dict[str, list[Frame]]) -> None:
    """TR-010: what one side sent is what the other received, in order."""
    check_both_ways(initiator, worker)
    assert initiator["sent"][0][0] == worker["sent"][0][0] == "HELLO"
    types = {frame[0] for frame in initiator["sent"] + worker["sent"]}
    assert types >= {
        "STATUS",
        "INFO",
        "RECONFIGURE",
        "CHANNEL_EXEC",
        "CHANNEL_DATA",
        "CHANNEL_PART",
        "CHANNEL_BATCH",
        "CHANNEL_CLOSE",
        "CHANNEL_CLOSE_ERROR",
        "CHANNEL_OPEN",
    }


def merge(sides: dict[str, dict[str, list[Frame]]], *names: str) -> dict[str, list[Frame]]:
    """The worker is called by another name until it has received its id."""
    result: dict[str, list[Frame]] = {"sent": [], "received": []}
    for name in names:
        for direction, frames in sides.pop(name, {}).items():
            result[direction] += frames
    return result


class TestText:
    def test_tr_001_1_writes_a_file_for_each_process(self, tmp_path: Path) -> None:
        initiator, worker, err = run({"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path)})
        assert err == ""
        paths = [tmp_path / f"execnet-debug-{pid}" for pid in (initiator, worker)]
        assert sorted(tmp_path.iterdir()) == sorted(paths)
        for path in paths:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600  # traces may name what is nobody's business
            assert path.read_bytes().endswith(b"\n")
        ours = parse(paths[0].read_text().splitlines())
        theirs = parse(paths[1].read_text().splitlines())
        check_frames(merge(ours, "gw7"), merge(theirs, "worker", "gw7-worker"))
        assert ours == theirs == {}

    def test_tr_001_2_writes_to_standard_error(self, tmp_path: Path) -> None:
        initiator, worker, err = run({"EXECNET_DEBUG": "2", "TMPDIR": str(tmp_path)})
        assert list(tmp_path.iterdir()) == []
        lines: dict[int, list[str]] = {initiator: [], worker: []}
        for line in err.splitlines():
            prefix = re.match(r"\[(\d+)\] ", line)
            assert prefix, line
            lines[int(prefix[1])].append(line[prefix.end() :])
        ours, theirs = parse(lines[initiator]), parse(lines[worker])
        check_frames(merge(ours, "gw7"), merge(theirs, "worker", "gw7-worker"))

    def test_tr_011_events_tell_of_begin_executions_and_end(self, tmp_path: Path) -> None:
        initiator, worker, _ = run({"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path)})
        ours = (tmp_path / f"execnet-debug-{initiator}").read_text()
        theirs = (tmp_path / f"execnet-debug-{worker}").read_text()
        assert "connecting to pid" in ours
        assert "asking to terminate" in ours
        assert "exited with status 0" in ours
        assert "started" in theirs
        assert theirs.count("exec on channel") == theirs.count("executed on channel") == 2
        assert "asked to terminate" in theirs
        assert "ended" in theirs.splitlines()[-1]

    @pytest.mark.parametrize("value", [None, "", "0", "3", "yes", "11"])
    def test_tr_002_anything_else_writes_nothing(self, tmp_path: Path, value: str | None) -> None:
        environment = {} if value is None else {"EXECNET_DEBUG": value}
        _, _, err = run({"TMPDIR": str(tmp_path), **environment})
        assert err == ""
        assert list(tmp_path.iterdir()) == []

    def test_tr_021_no_payload_is_in_a_trace(self, tmp_path: Path) -> None:
        prefix = tmp_path / "json"
        run({"EXECNET_DEBUG": "1", "XNET_TRACE_JSON": str(prefix), "TMPDIR": str(tmp_path)})
        for path in tmp_path.iterdir():
            assert b"SECRET" not in path.read_bytes()

    def test_tr_003_a_trace_that_cannot_be_written_disturbs_nothing(self, tmp_path: Path) -> None:
        run({"XNET_TRACE_JSON": "/nonexistent/trace"})
        run({"XNET_TRACE_JSON": "/dev/full"})
        done = run_program(
            "gateway = make()\nos.close(2)\n"
            "assert gateway.remote_exec('channel.send(1)').receive(200) == 1\nend(gateway)",
            environment={"EXECNET_DEBUG": "2"},
        )
        assert done.returncode == 0

    def test_a_link_in_the_temporary_directory_is_not_followed(self, tmp_path: Path) -> None:
        """The name can be guessed by other users of the machine."""
        victim = tmp_path / "victim"
        done = run_program(
            f"os.symlink({str(victim)!r}, os.environ['TMPDIR'] + '/execnet-debug-' + str(os.getpid()))\n"
            "end(make())",
            environment={"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path)},
        )
        assert done.returncode == 0
        assert not victim.exists()

    def test_tr_012_lines_of_many_threads_do_not_mix(self, tmp_path: Path) -> None:
        done = run_program(
            """
gateways = [make(f"popen//id=g{number}") for number in range(3)]
def work(gateway):
    channel = gateway.remote_exec("for item in channel: channel.send(item)")
    for number in range(200):
        channel.send(number)
        channel.receive()
threads = [threading.Thread(target=work, args=(gateway,)) for gateway in gateways * 3]
for thread in threads: thread.start()
for thread in threads: thread.join()
for gateway in gateways: end(gateway)
""",
            environment={"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
        sides: dict[str, dict[str, list[Frame]]] = {}
        for path in tmp_path.iterdir():
            sides.update(parse(path.read_text().splitlines()))
        for number in range(3):
            ours, theirs = sides[f"g{number}"], sides[f"g{number}-worker"]
            check_both_ways(ours, theirs)


class TestJson:
    def test_tr_020_one_object_for_each_frame(self, tmp_path: Path) -> None:
        prefix = tmp_path / "trace"
        initiator, worker, err = run({"XNET_TRACE_JSON": str(prefix), "TMPDIR": str(tmp_path)})
        assert err == ""
        sides: dict[int, dict[str, list[Frame]]] = {}
        for pid in (initiator, worker):
            path = tmp_path / f"trace-{pid}.jsonl"
            objects = [json.loads(line) for line in path.read_text().splitlines()]
            assert all(entry["pid"] == pid for entry in objects)
            times = [entry["ns"] for entry in objects]
            assert times == sorted(times)
            for entry in objects:
                assert set(entry) in (
                    {"ns", "pid", "side", "dir", "type", "channel", "length"},
                    {"ns", "pid", "side", "event"},
                )
            sides[pid] = {
                direction: [
                    (entry["type"], str(entry["channel"]), str(entry["length"]))
                    for entry in objects
                    if entry.get("dir") == direction
                ]
                for direction in ("sent", "received")
            }
        check_frames(sides[initiator], sides[worker])
        assert len(list(tmp_path.iterdir())) == 2

    def test_a_forked_child_traces_into_its_own_file(self, tmp_path: Path) -> None:
        done = run_program(
            """
end(make())
pid = os.fork()
if pid == 0:
    end(make("popen//id=inner"))
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
print(os.getpid(), pid)
""",
            environment={"XNET_TRACE_JSON": str(tmp_path / "t")},
        )
        assert done.returncode == 0, done.stderr
        outer, inner = done.stdout.split()
        assert "inner" not in (tmp_path / f"t-{outer}.jsonl").read_text()
        assert '"inner"' in (tmp_path / f"t-{inner}.jsonl").read_text()


def test_no_tracer_when_off(monkeypatch: pytest.MonkeyPatch) -> None:
    from xnet_gateway.tracing import maybe_tracer

    for name in ("EXECNET_DEBUG", "XNET_TRACE_JSON"):
        monkeypatch.delenv(name, raising=False)
    assert maybe_tracer() is None
    assert os.environ.get("EXECNET_DEBUG") is None
