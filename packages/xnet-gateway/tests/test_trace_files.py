"""What is there already in place of a trace: a link, a pipe, a file of somebody else. Spec: TR-005."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bare_helpers import command
from gateway_helpers import PATIENCE_S, start_program
from xnet_channel.threads.session import Session
from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.transports.popen import worker_command
from xnet_gateway.xspec import XSpec
from xnet_wire import frames, messages

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a file made by another user")
WORKERS = ["full", "2.7", "3.13"]


def make_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def make_link(path: Path) -> None:
    path.symlink_to(path.with_name("victim"))


def make_folder(path: Path) -> None:
    path.mkdir(0o700)


def make_second_name(path: Path) -> None:
    victim = path.with_name(f"victim-{path.name}")
    victim.write_text("content\n")
    victim.chmod(0o600)
    path.hardlink_to(victim)


def make_open_to_all(path: Path) -> None:
    path.write_text("content\n")
    path.chmod(0o666)


def make_readable(path: Path) -> None:
    path.write_text("content\n")
    path.chmod(0o644)


def as_nobody(code: str, path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os, sys; os.setgid({NOBODY}); os.setuid({NOBODY})\n{code}",
            str(path),
        ],
        check=True,
        timeout=PATIENCE_S,
    )


def make_others_file(path: Path) -> None:
    as_nobody("os.umask(0)\nwith open(sys.argv[1], 'w') as file: file.write('content\\n')", path)


def make_others_private_file(path: Path) -> None:
    as_nobody("os.umask(0o77)\nwith open(sys.argv[1], 'w') as file: file.write('content\\n')", path)


def make_others_pipe(path: Path) -> None:
    as_nobody("os.umask(0)\nos.mkfifo(sys.argv[1], 0o666)", path)


PLANTED = [
    make_pipe,
    make_link,
    make_folder,
    make_second_name,
    make_open_to_all,
    make_readable,
    pytest.param(make_others_file, marks=AS_ROOT),
    pytest.param(make_others_private_file, marks=AS_ROOT),
    pytest.param(make_others_pipe, marks=AS_ROOT),
]
Planting = Callable[[Path], None]


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A directory in which everybody may make files; not sticky, so that no kernel helps."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def seen(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Return what is in a folder: of each its kind with permissions, its owner, and its content."""
    return {
        path.name: (
            path.lstat().st_mode,
            path.lstat().st_uid,
            path.read_text() if stat.S_ISREG(path.lstat().st_mode) else "",
        )
        for path in folder.iterdir()
    }


class Worker:
    """A worker that has been started and told nothing yet, so that its number is known."""

    def __init__(self, kind: str) -> None:
        self.end, theirs = socket.socketpair()
        with theirs:
            if kind == "full":
                self.process = subprocess.Popen(
                    worker_command(XSpec("popen//id=traced"), theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                )
            else:
                self.process = subprocess.Popen(
                    command(kind), stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=subprocess.PIPE
                )
                self.end.sendall(first_bytes())

    def run(self, environment: dict[str, str]) -> str:
        """Have it execute something with this environment and end; return what it wrote to standard error."""
        hello = messages.Hello("test", config={"id": "traced", "env": environment})
        session = Session(self.end.detach(), role="initiator", name="test", hello=hello)
        try:
            session.wait_hello(PATIENCE_S)
            request = messages.encode_exec(messages.ExecRequest("channel.send(7)"))
            assert session.request(frames.CHANNEL_EXEC, request).receive(PATIENCE_S) == 7
        finally:
            session.close()
        return self.process.communicate(timeout=PATIENCE_S)[1].decode()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)
        self.end.close()


@pytest.fixture
def start() -> Iterator[Callable[[str], Worker]]:
    started: list[Worker] = []

    def start(kind: str) -> Worker:
        started.append(Worker(kind))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


def names(folder: Path, pid: int) -> list[Path]:
    return [folder / f"execnet-debug-{pid}", folder / f"trace-{pid}.jsonl"]


def environment(folder: Path) -> dict[str, str]:
    return {"EXECNET_DEBUG": "1", "TMPDIR": str(folder), "XNET_TRACE_JSON": f"{folder}/trace"}


@pytest.mark.parametrize("plant", PLANTED)
@pytest.mark.parametrize("kind", WORKERS)
def test_tr_005_a_worker_leaves_alone_what_is_not_its_own(
    everybodys: Path, start: Callable[[str], Worker], kind: str, plant: Planting
) -> None:
    worker = start(kind)
    planted = names(everybodys, worker.process.pid)
    for path in planted:
        plant(path)
    before = seen(everybodys)
    said = worker.run(environment(everybodys))
    assert seen(everybodys) == before
    for path in planted:
        assert f"cannot write the trace file {path}, going on without it: " in said


@pytest.mark.parametrize("kind", WORKERS)
def test_tr_001_a_worker_appends_to_the_private_file_of_an_earlier_process_of_its_number(
    everybodys: Path, start: Callable[[str], Worker], kind: str
) -> None:
    worker = start(kind)
    text, objects = names(everybodys, worker.process.pid)
    for path in (text, objects):
        path.write_text("earlier\n")
        path.chmod(0o600)
    assert worker.run(environment(everybodys)) == ""
    assert text.read_text().startswith("earlier\ntraced-worker sent <Message HELLO ")
    assert objects.read_text().startswith('earlier\n{"ns": ')


@pytest.mark.parametrize("plant", PLANTED)
def test_tr_005_an_initiator_leaves_alone_what_is_not_its_own(everybodys: Path, plant: Planting) -> None:
    program = start_program(
        "print(os.getpid(), flush=True)\n"
        "sys.stdin.readline()\n"
        "gateway = make('popen//env:EXECNET_DEBUG=0//env:XNET_TRACE_JSON=')\n"
        "assert gateway.remote_exec('channel.send(7)').receive(200) == 7\n"
        "end(gateway)\n",
        environment=environment(everybodys),
    )
    with program:
        assert program.stdout is not None
        planted = names(everybodys, int(program.stdout.readline()))
        for path in planted:
            plant(path)
        before = seen(everybodys)
        said = program.communicate("planted\n", timeout=PATIENCE_S)[1]
    assert program.returncode == 0, said
    assert seen(everybodys) == before
    assert len(said.splitlines()) == len(planted)
    for path in planted:
        assert f"cannot write the trace file {path}, going on without it: " in said
