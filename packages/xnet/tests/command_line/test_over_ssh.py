"""The commands through a real sshd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xnet_programs import run

if TYPE_CHECKING:
    from sshd_helpers import Sshd

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    helpers = pytest.importorskip("sshd_helpers", reason="needs the tests of xnet-gateway beside these")
    one = helpers.Sshd(tmp_path_factory.mktemp("sshd"))
    yield one
    one.stop()


def spec(sshd: Sshd, more: str = "") -> str:
    return f"ssh=here//ssh_config={sshd.config}//id=far{more}"


def test_exec(sshd: Sshd) -> None:
    done = run(
        "-m",
        "xnet",
        "exec",
        spec(sshd),
        "--",
        "import os; print(1); os.system('echo 2'); exit(5)",
    )
    assert (done.stdout, done.returncode) == ("far: 1\nfar: 2\n", 5)
    assert done.stderr == "Authorized use only.\n"  # sshd's banner


def test_status(sshd: Sshd) -> None:
    done = run("-m", "xnet", "status", "--json", spec(sshd))
    assert json.loads(done.stdout)[0]["error"] is None
    assert done.returncode == 0


def test_doctor_says_that_all_is_well(sshd: Sshd) -> None:
    done = run("-m", "xnet", "doctor", "--json", spec(sshd))
    (found,) = json.loads(done.stdout)
    steps = [
        "specification",
        "program",
        "host",
        "start",
        "noise",
        "python",
        "version",
        "handshake",
        "interpreter",
    ]
    assert [step["step"] for step in found["steps"]] == [*steps, "round trip", "speed"]
    texts = {step["step"]: step["text"] for step in found["steps"]}
    assert f"127.0.0.1 port {sshd.port} is reached, SSH-2.0-" in texts["host"]
    assert "Authorized use only." in texts["noise"]
    assert found["failed"] is None


def test_doctor_says_why_ssh_lets_nobody_in(sshd: Sshd) -> None:
    config = sshd.write_config("stranger")
    done = run("-m", "xnet", "doctor", f"ssh=here//ssh_config={config}")
    assert done.returncode == 3
    assert "what to do     The machine refused the login for this user" in done.stdout
    assert "FAILED  login          ssh -o" in done.stdout
    assert "Permission denied (publickey" in done.stdout


def test_doctor_says_that_there_is_no_such_python(sshd: Sshd) -> None:
    done = run("-m", "xnet", "doctor", spec(sshd, "//python=python9"))
    assert done.returncode == 3
    assert "FAILED  python " in done.stdout
    assert "//python=/path/to/python3" in done.stdout.splitlines()[-1]


def test_doctor_finds_a_host_where_nobody_listens(sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host here\n HostName 127.0.0.1\n Port 1\n")
    done = run("-m", "xnet", "doctor", f"ssh=here//ssh_config={config}")
    assert "FAILED  host           127.0.0.1 port 1 cannot be reached: Connection refused\n" in done.stdout
    assert done.returncode == 3


def test_doctor_finds_noise_of_a_shell(sshd: Sshd, tmp_path: Path) -> None:
    """As a .bashrc that greets writes it."""
    program = tmp_path / "greets"
    program.write_text('#!/bin/sh\necho "Welcome to this machine"\nexec "$@"\n')
    program.chmod(0o755)
    done = run("-m", "xnet", "doctor", spec(sshd, f"//python={program} python3"))
    assert done.returncode == 0
    assert "Welcome to this machine" in done.stdout


def test_doctor_goes_through_a_jump_host(sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "config"
    text = sshd.config.read_text()
    proxy = f"ssh -F {sshd.config} -W 127.0.0.1:{sshd.port} here"
    options = text.partition("\n")[2]
    config.write_text(f"{text}\nHost inner\n ProxyCommand {proxy}\n{options}")
    done = run("-m", "xnet", "doctor", f"ssh=inner//ssh_config={config}")
    assert "-       host           ssh goes through another program or host" in done.stdout
    assert done.returncode == 0
