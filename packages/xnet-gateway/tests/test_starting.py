"""Gateways that cannot be started: a sentence with the reason, soon, and nothing left behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways, children, descriptors, eventually
from xnet_gateway import starting
from xnet_gateway.errors import HostNotFound
from xnet_gateway.resolved import resolve
from xnet_gateway.starting import begin
from xnet_gateway.transports import popen
from xnet_gateway.xspec import XSpec


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = descriptors(), children()
    yield
    # The reactor may have been started meanwhile; it has two descriptors of its own.
    assert eventually(lambda: children() <= before[1], 5.0), children() - before[1]
    left = {entry for entry in descriptors() - before[0] if "anon_inode" not in entry}
    assert not left


@pytest.fixture
def as_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A script that is run as the interpreter of popen gateways; it gets the descriptor as FD."""
    script = tmp_path / "interpreter"

    def command(spec: XSpec, fd: int) -> list[str]:
        return [sys.executable, "-S", "-c", f"FD = {fd}\n" + script.read_text()]

    monkeypatch.setattr(popen, "worker_command", command)
    return script  # type: ignore[return-value]


def failure(text: str = "popen") -> str:
    spec = XSpec(text)
    spec.id = "gw0"
    with pytest.raises(HostNotFound) as caught:
        begin(spec).finish()
    return str(caught.value)


@pytest.mark.usefixtures("nothing_left")
class TestFails:
    def test_the_interpreter_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nonexistent/python")
        text = failure()
        assert "/nonexistent/python" in text
        assert "No such file" in text

    def test_the_directory_cannot_be_made(self, tmp_path: Path) -> None:
        text = failure(f"popen//chdir={tmp_path}/a/b/c")
        assert f"{tmp_path}/a/b/c" in text
        assert "No such file" in text

    def test_the_directory_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        assert f"{tmp_path}/file" in failure(f"popen//chdir={tmp_path}/file")

    def test_the_stdout_file_cannot_be_opened(self, tmp_path: Path) -> None:
        assert f"{tmp_path}/a/b" in failure(f"popen//stdout={tmp_path}/a/b")

    @pytest.mark.parametrize("text", ["popen", f"popen//python={sys.executable}"])
    def test_nobody_reads_the_pipe_that_stdout_names(self, tmp_path: Path, text: str) -> None:
        os.mkfifo(tmp_path / "pipe")
        assert f"{tmp_path}/pipe" in failure(f"{text}//stdout={tmp_path}/pipe")

    @pytest.mark.parametrize("text", ["popen", f"popen//python={sys.executable}"])
    def test_somebody_reads_the_pipe_that_stdout_names(self, tmp_path: Path, text: str) -> None:
        """More than fits into it, so that who writes has to wait."""
        os.mkfifo(tmp_path / "pipe")
        reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        spec = XSpec(f"{text}//stdout={tmp_path}/pipe")
        spec.id = "gw0"
        gateway = begin(spec).finish()
        os.set_blocking(reading, True)
        channel = gateway.remote_exec("print('x' * 299_999, flush=True)")
        with open(reading, encoding="ascii") as file:
            assert file.readline() == "x" * 299_999 + "\n"
        channel.waitclose(PATIENCE_S)
        gateway.exit()
        assert gateway._wait_ended(time.monotonic() + PATIENCE_S)

    def test_niceness_is_refused(self) -> None:
        if os.getuid() == 0:
            pytest.skip("needs a user who may not lower niceness; root may")
        assert "nice" in failure("popen//nice=-5")

    def test_hs_004_it_exits_at_once(self, as_worker: Path) -> None:
        as_worker.write_text("import sys; sys.exit('no such module: xnet')")
        text = failure()
        assert "exited with status 1" in text
        assert "no such module: xnet" in text
        assert "'popen'" in text

    def test_hs_004_it_exits_with_success(self, as_worker: Path) -> None:
        as_worker.write_text("pass")
        assert "exited with status 0" in failure()

    def test_it_is_killed(self, as_worker: Path) -> None:
        as_worker.write_text("import os; os.kill(os.getpid(), 9)")
        assert "SIGKILL" in failure()

    def test_hs_004_it_speaks_noise_and_exits(self, as_worker: Path) -> None:
        as_worker.write_text("import os; os.write(FD, b'Welcome to host 7'); os._exit(2)")
        text = failure()
        assert "Welcome to host 7" in text
        assert "exited with status 2" in text

    def test_hs_004_it_speaks_noise_for_ever(self, as_worker: Path) -> None:
        as_worker.write_text("import os\nwhile True: os.write(FD, b'noise ' * 1000)")
        text = failure()
        assert "noise noise" in text
        assert len(text) < 200_000

    def test_it_never_speaks(self, as_worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(starting, "HANDSHAKE_S", 0.3)
        as_worker.write_text("import sys; sys.stdin.close()\nimport threading; threading.Event().wait()")
        assert "no handshake within 0.3 s" in failure()

    def test_it_speaks_slowly_and_never_to_the_end(
        self, as_worker: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(starting, "HANDSHAKE_S", 0.3)
        as_worker.write_text("import os, time\nwhile True: os.write(FD, b'.'); time.sleep(0.01)")
        assert "no handshake within 0.3 s" in failure()

    def test_hs_015_another_version(self, as_worker: Path) -> None:
        # HELLO {"version": [2, 0]}
        as_worker.write_text(
            "import os, threading\n"
            r"os.write(FD, b'\x89XNET\r\n\x1a\n' + b'\x08' + bytes(4) + (12).to_bytes(4, 'big')"
            r" + b'\xa1gversion\x82\x02\x00')" + "\nthreading.Event().wait()"
        )
        text = failure()
        assert "2.0" in text
        assert "1.0" in text

    def test_begin_then_abandon(self) -> None:
        spec = XSpec("popen//id=gw0")
        begin(spec).abandon()


def test_hs_003_noise_before_the_preamble_does_no_harm(
    monkeypatch: pytest.MonkeyPatch, gateways: Gateways
) -> None:
    real = popen.worker_command

    def noisy(spec: XSpec, fd: int) -> list[str]:
        command = real(spec, fd)
        command[-1] = f"import os; os.write({fd}, b'x' * 60_000); {command[-1]}"
        return command

    monkeypatch.setattr(popen, "worker_command", noisy)
    assert gateways().remote_exec("channel.send(1)").receive(200) == 1


def test_hs_020_what_was_asked_for_is_applied(gateways: Gateways, tmp_path: Path) -> None:
    gateway = gateways(f"popen//id=x//nice=3//env:XNET_A=b=c//chdir={tmp_path}/made//dont_write_bytecode")
    source = """
        import os, sys
        name = channel.gateway.id
        channel.send((os.nice(0), os.environ["XNET_A"], os.getcwd(), sys.dont_write_bytecode, name))
    """
    expected = (os.nice(0) + 3, "b=c", str(tmp_path / "made"), True, "x-worker")
    assert gateway.remote_exec(source).receive(200) == expected


def test_the_environment_is_set_before_the_interpreter_starts(gateways: Gateways) -> None:
    gateway = gateways("popen//env:PYTHONHASHSEED=0//env:PYTHONDONTWRITEBYTECODE=1")
    source = "import sys\nchannel.send((sys.flags.hash_randomization, sys.dont_write_bytecode))"
    assert gateway.remote_exec(source).receive(200) == (0, True)


@pytest.mark.parametrize("text", ["popen//python=python3", "popen//via=gw0", "ssh=host", "socket=host:1"])
def test_what_is_not_ours_cannot_be_inherited(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"stdout=inherit in .*only for popen without python=, worker= and via="
    ):
        resolve(XSpec(f"{text}//stdout=inherit"))
