"""``python -m xnet serve`` as a program: what it prints, whom it serves, how it ends."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xnet.command_line import serve
from xnet_channel.threads.session import Session
from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.tls import TlsOptions
from xnet_programs import ENVIRONMENT, run
from xnet_wire import frames, messages

PATIENCE_S = 200.0
SECRET = b"the secret of these tests"


#: All that were started by a test, so that none outlives it.
RUNNING: list[Served] = []


class Served:
    """A running server."""

    def __init__(self, *arguments: str, secret: bytes | None = SECRET, cwd: Path | None = None) -> None:
        environment = {**ENVIRONMENT, **({"XNET_SECRET": secret.decode()} if secret else {})}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xnet", "serve", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment,
            text=True,
        )
        RUNNING.append(self)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), self.process.communicate(timeout=PATIENCE_S)
        self.address = line.removeprefix("listening on ").rstrip("\n")

    def reach(self, secret: bytes | None = SECRET, tls: TlsOptions | None = None) -> Session:
        fd = dial(self.address, secret=secret, tls=tls, timeout_s=PATIENCE_S)
        session = Session(fd, role="initiator", name="reached", first_bytes=first_bytes())
        session.wait_hello(PATIENCE_S)
        return session

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Return its exit status and what it wrote to stderr; it wrote nothing more to stdout."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        stdout, stderr = self.process.communicate(timeout=PATIENCE_S)
        assert stdout == ""
        assert "Traceback" not in stderr
        return self.process.returncode, stderr

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def ask(session: Session, expression: str) -> object:
    source = f"import os, sys; channel.send({expression})"
    request = messages.encode_exec(messages.ExecRequest(source))
    return session.request(frames.CHANNEL_EXEC, request).receive(PATIENCE_S)


def is_gone(pid: int) -> bool:
    """Wait for the end of somebody else's child."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([fd], [], [], PATIENCE_S)[0])
    finally:
        os.close(fd)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    yield
    while RUNNING:
        RUNNING.pop().kill()


@pytest.fixture
def served() -> Served:
    return Served()


class TestServing:
    def test_it_says_where_and_serves(self, served: Served) -> None:
        host, _, port = served.address.rpartition(":")
        assert (host, port.isdigit()) == ("127.0.0.1", True)
        session = served.reach()
        assert ask(session, "os.getppid()") == served.process.pid
        session.close()
        status, stderr = served.end()
        assert status == serve.EXIT_DONE
        assert "connected, served by process" in stderr

    def test_what_an_interpreter_prints_goes_to_stderr(self, served: Served) -> None:
        session = served.reach()
        ask(session, "sys.stdout.write('to stdout\\n') and sys.stderr.write('to stderr\\n')")
        session.close()
        _, stderr = served.end()
        assert "to stdout\n" in stderr
        assert "to stderr\n" in stderr

    def test_the_secret_is_nowhere(self, served: Served) -> None:
        session = served.reach()
        assert ask(session, "os.environ.get('XNET_SECRET')") is None
        with pytest.raises(HostNotFound):
            served.reach(b"another secret that is wrong")
        arguments = Path(f"/proc/{served.process.pid}/cmdline").read_bytes()
        assert SECRET not in arguments
        session.close()
        status, stderr = served.end()
        assert status == 0
        assert "127.0.0.1:" in stderr
        assert "the client's secret is wrong" in stderr
        assert SECRET.decode() not in stderr

    def test_once(self) -> None:
        server = Served("--once")
        with pytest.raises(HostNotFound):
            server.reach(b"another secret that is wrong")
        session = server.reach()
        assert ask(session, "1") == 1
        session.close()
        assert server.wait()[0] == serve.EXIT_DONE

    def test_a_unix_socket(self, tmp_path: Path) -> None:
        server = Served("--unix", "socket", secret=None, cwd=tmp_path)
        path = tmp_path / "socket"
        assert server.address == str(path)
        assert path.stat().st_mode & 0o777 == 0o600
        session = server.reach(None)
        assert ask(session, "1") == 1
        session.close()
        status, stderr = server.end()
        assert (status, path.exists()) == (0, False)
        assert "no secret" not in stderr

    def test_tls(self, tmp_path: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("needs the program openssl to make certificates, which is not on this machine")
        certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
            timeout=PATIENCE_S,
        )
        server = Served("--tls-cert", certificate, "--tls-key", key, "--tls-client-ca", certificate)
        with pytest.raises(HostNotFound, match="TLS"):
            server.reach(tls=TlsOptions(certificate))
        session = server.reach(tls=TlsOptions(certificate, certificate, key))
        assert ask(session, "6 * 7") == 42
        session.close()
        assert server.end()[0] == 0

    def test_nobody_reads_its_stderr(self, served: Served) -> None:
        """Anybody can make it write a line; that must not stop it, nor keep it from ending."""
        assert served.process.stderr is not None
        fcntl.fcntl(served.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(100):
            with socket.socket() as sock:
                sock.connect(("127.0.0.1", int(served.address.rpartition(":")[2])))
        session = served.reach()
        assert ask(session, "1") == 1
        session.close()
        served.process.terminate()
        assert served.process.wait(PATIENCE_S) == 0


class TestTheEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_a_signal_ends_it_and_all_interpreters(self, number: signal.Signals) -> None:
        server = Served()
        sessions = [server.reach(), server.reach()]
        pids = [int(str(ask(session, "os.getpid()"))) for session in sessions]
        status, stderr = server.end(number)
        assert status == serve.EXIT_DONE
        assert "stopping; ending 2 that are still running: process" in stderr
        assert all(map(is_gone, pids))
        for session in sessions:
            session.close()
        with pytest.raises(HostNotFound, match="refused"):
            server.reach()

    def test_an_ignored_signal_stays_ignored(self) -> None:
        """As with nohup."""
        program = (
            "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); os.execv(sys.executable, "
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program + "[sys.executable, '-m', 'xnet', 'serve'])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline().startswith("listening on ")
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        masks = {line[:6]: int(line[8:], 16) for line in lines if line.startswith(("SigIgn", "SigCgt"))}
        assert masks["SigIgn"] >> (signal.SIGHUP - 1) & 1
        assert masks["SigCgt"] >> (signal.SIGTERM - 1) & 1
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
        process.communicate(timeout=PATIENCE_S)

    def test_nobody_wants_to_know_where(self) -> None:
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [sys.executable, "-m", "xnet", "serve"],
            stdout=write,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        os.close(write)
        assert "Traceback" not in done.stderr


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "status", "sentence"),
        [
            (["--bind", "0.0.0.0:0"], 2, "listening on 0.0.0.0:0 needs a secret"),
            (["--bind", "nowhere"], 2, "the address 'nowhere' is not HOST:PORT"),
            (["--bind", "192.0.2.1:80", "--secret-file", "SECRET"], 1, "cannot listen on 192.0.2.1:80: "),
            (["--secret-file", "missing"], 2, "cannot read the secret file 'missing'"),
            (["--secret-file", "OPEN"], 2, "so others can read or change it"),
            (["--tls-cert", "missing"], 2, "cannot use the certificate 'missing'"),
            (["--tls-key", "x"], 2, "need --tls-cert"),
            (["--unix", "OPEN"], 2, "it exists and is not a socket"),
            (["--unix", "no/such/folder"], 1, "No such file or directory"),
            (["--bind", "localhost:0", "--unix", "x"], 2, "not allowed with"),
            (["--secret", "x"], 2, "No such option"),
            (["--on"], 2, "No such option"),
        ],
    )
    def test_they_get_a_sentence_and_a_status(
        self, arguments: list[str], status: int, sentence: str, tmp_path: Path
    ) -> None:
        for name, mode in (("SECRET", 0o600), ("OPEN", 0o644)):
            (tmp_path / name).write_bytes(SECRET)
            (tmp_path / name).chmod(mode)
        done = run("-m", "xnet", "serve", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (status, ""), done.stderr
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
        assert SECRET.decode() not in done.stderr

    def test_an_address_that_is_taken(self, served: Served) -> None:
        done = run("-m", "xnet", "serve", "--bind", served.address)
        assert done.returncode == serve.EXIT_CANNOT
        assert f"cannot listen on {served.address}: Address already in use" in done.stderr

    def test_what_is_not_safe_everywhere_is_said(self, tmp_path: Path) -> None:
        _, stderr = Served(secret=None).end()
        assert "every user of this machine can run code as you" in stderr
        assert "TLS" not in stderr
        _, stderr = Served("--bind", "*:0").end()
        assert "no TLS: anyone on the network path" in stderr
        _, stderr = Served("--bind", "localhost:0").end()
        assert stderr == ""

    def test_help(self) -> None:
        done = run("-m", "xnet", "serve", "--help")
        assert (done.returncode, done.stderr) == (0, "")
        for word in ("--bind", "--unix", "--once", "--secret-file", "XNET_SECRET", "exit status"):
            assert word in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 112
