"""Going routes from here: what is left behind, and what programs get."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS
from gateway_helpers import PATIENCE_S, Gateways, children, descriptors, eventually
from xnet_channel.platform.reactor import get_reactor
from xnet_gateway.errors import HostNotFound
from xnet_gateway.transports import local
from xnet_gateway.transports.base import THIS_PYTHON, Command
from xnet_gateway.xspec import XSpec


def test_a_command_that_cannot_be_started_leaves_nothing() -> None:
    get_reactor()  # it has descriptors of its own
    before = descriptors(), children()
    for argv in (["/no/such/program"], [str(Path(__file__))]):
        with pytest.raises(HostNotFound, match="cannot start"):
            local.connect(Command(argv, "here"), XSpec("command=x"))
    assert (descriptors(), children()) == before


def test_this_python_environment_and_directory(tmp_path: Path) -> None:
    program = (
        "import os,sys; os.write(1, ('%s %s %s' % (sys.executable, os.environ['A'], os.getcwd())).encode())"
    )
    place = tmp_path / "made"
    connected = local.connect(
        Command([THIS_PYTHON, "-c", program], "here", env={"A": "b"}, cwd=str(place)), XSpec("popen")
    )
    assert os.read(connected.read_fd, 4096).decode() == f"{sys.executable} b {place}"
    assert connected.process.wait(PATIENCE_S) == 0
    os.close(connected.read_fd)
    os.close(connected.write_fd)


@pytest.mark.parametrize("version", INTERPRETERS)
def test_every_interpreter_by_its_path(gateways: Gateways, version: str, tmp_path: Path) -> None:
    path = INTERPRETERS[version]
    if path is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    link = tmp_path / "with blanks" / "python"
    link.parent.mkdir()
    link.write_text(f'#!/bin/sh\nexec "{path}" "$@"\n')
    link.chmod(0o755)
    gateway = gateways(f"popen//python='{link}'//env:SEEN=yes")
    channel = gateway.remote_exec("import os; channel.send(os.environ['SEEN'])")
    assert channel.receive(PATIENCE_S) == "yes"
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0


def test_a_killed_one_says_so(gateways: Gateways) -> None:
    gateway = gateways(f"command=env//python={sys.executable}")
    channel = gateway.remote_exec("import os; os.kill(os.getpid(), 9)")
    with pytest.raises(EOFError, match="SIGKILL"):
        channel.receive(PATIENCE_S)
    assert eventually(lambda: gateway.returncode == -9)
    assert gateway._wait_ended(time.monotonic() + PATIENCE_S)
