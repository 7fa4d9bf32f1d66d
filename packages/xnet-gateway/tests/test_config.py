"""What HELLO asks of a worker, applied by a real one over a connection of our own. Spec: HS-020 to HS-022."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_helpers import PATIENCE_S
from xnet_channel.threads.session import Session
from xnet_gateway.transports.popen import worker_command
from xnet_gateway.xspec import XSpec
from xnet_wire import frames, messages


class Worker:
    """A worker process and a session with it that asks for a configuration."""

    def __init__(self, config: dict[str, Any], cwd: Path) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                worker_command(XSpec("popen//id=before"), theirs.fileno()),
                pass_fds=(theirs.fileno(),),
                cwd=cwd,
                env={**os.environ, "XNET_REMOVED": "1"},
                stdin=subprocess.DEVNULL,
            )
        hello = messages.Hello("test", config=config)
        self.session = Session(ours.detach(), role="initiator", name="test", hello=hello)

    def ask(self, source: str) -> Any:
        request = messages.encode_exec(messages.ExecRequest(source))
        channel = self.session.request(frames.CHANNEL_EXEC, request)
        answer = channel.receive(PATIENCE_S)
        channel.waitclose(PATIENCE_S)  # so that nothing of it is on its way any more
        return answer

    def end(self) -> int:
        self.session.close()
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Any]:
    made: list[Worker] = []

    def make(config: dict[str, Any]) -> Worker:
        made.append(Worker(config, tmp_path))
        made[-1].session.wait_hello(PATIENCE_S)
        return made[-1]

    yield make
    for worker in made:
        worker.session.close(flush_s=0.0)
        worker.process.kill()
        worker.process.wait(PATIENCE_S)


def test_hs_020_every_key(workers: Any, tmp_path: Path) -> None:
    worker = workers(
        {
            "id": "after",
            "execmodel": "main_thread_only",
            "env": {"XNET_SET": "\u00fc=1", "XNET_REMOVED": None, "XNET_NEVER": None},
            "chdir": "made",
            "nice": 2,
            "dont_write_bytecode": True,
            "alias": False,
        }
    )
    answer = worker.ask("""if 1:
        import os, sys
        channel.send((channel.gateway.id, channel.gateway._pool.execmodel, os.environ["XNET_SET"],
                      "XNET_REMOVED" in os.environ, os.getcwd(), os.nice(0), sys.dont_write_bytecode))
    """)
    made = str(tmp_path / "made")  # HS-021: against the directory in which it was started
    assert answer == ("after-worker", "main_thread_only", "\u00fc=1", False, made, os.nice(0) + 2, True)
    assert worker.end() == 0


def test_hs_020_more_niceness_than_there_is(workers: Any) -> None:
    """Spec: HS-020. execnet's documentation has nice=20 and nice=50."""
    for increment in (20, 50, 10**30):
        worker = workers({"nice": increment})
        assert worker.ask("import os; channel.send(os.nice(0))") == 19
        assert worker.end() == 0


def test_hs_012_unknown_keys_are_ignored(workers: Any) -> None:
    worker = workers({"colour": "blue", "priority": [1, {}]})
    assert worker.ask("channel.send(channel.gateway.id)") == "before-worker"
    assert worker.end() == 0


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"chdir": "a/b/c"}, ["chdir", "'a/b/c'", "No such file"]),
        ({"chdir": "x\0y"}, ["chdir", "null"]),
        ({"execmodel": "fibers"}, ["execmodel", "'fibers'", "main_thread_only, gevent, eventlet"]),
        ({"env": {"A=B": "1"}}, ["env", "A=B"]),
        ({"stdout": "relative/path"}, ["stdout", "'relative/path'", "absolute"]),
        ({"stdout": "/no/such/folder/file"}, ["stdout", "No such file"]),
        ({"keepalive": 0}, ["keepalive", "0", "from 1 to 86400000"]),
        ({"keepalive": -(10**30)}, ["keepalive", "from 1 to 86400000"]),
        ({"keepalive": "soon"}, ["keepalive", "'soon'", "a number"]),
        # HS-013: of the wrong type
        ({"env": {"A": 1}}, ["env", "'A'", "int", "texts or null"]),
        ({"nice": True}, ["nice", "True", "a number"]),
        ({"nice": "3"}, ["nice", "'3'", "a number"]),
        ({"id": 3}, ["id", "3", "a text"]),
        ({"env": ["A"]}, ["env", "list", "a map"]),
    ],
)
def test_hs_022_a_refusal_names_key_and_value_and_the_worker_exits(
    workers: Any, config: dict[str, Any], words: list[str]
) -> None:
    worker = workers(config)
    assert worker.session.wait_finished(PATIENCE_S)
    text = str(worker.session.end_error)
    for word in words:
        assert word in text
    assert worker.process.wait(PATIENCE_S) is not None


def test_tr_004_tr_010_a_trace_asked_for_by_env_has_all_frames(workers: Any, tmp_path: Path) -> None:
    prefix = str(tmp_path / "trace")
    environment = {"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path), "XNET_TRACE_JSON": prefix}
    worker = workers({"id": "after", "env": environment})
    assert worker.ask("channel.send(7)") == 7
    assert worker.end() == 0
    pid = worker.process.pid
    lines = (tmp_path / f"execnet-debug-{pid}").read_text().splitlines()
    shown = [line.split() for line in lines if "<Message" in line]
    assert {words[0] for words in shown} == {"after-worker"}
    # What the initiator says at the end may come or not.
    assert [(words[1], words[3]) for words in shown][:5] == [
        ("sent", "HELLO"),
        ("received", "HELLO"),
        ("received", "CHANNEL_EXEC"),
        ("sent", "CHANNEL_DATA"),
        ("sent", "CHANNEL_CLOSE"),
    ]
    assert all(int(words[5].split("=")[1].rstrip(">")) > 40 for words in shown[:3])  # lendata
    objects = [json.loads(line) for line in (tmp_path / f"trace-{pid}.jsonl").read_text().splitlines()]
    assert len(objects) == len(lines)
