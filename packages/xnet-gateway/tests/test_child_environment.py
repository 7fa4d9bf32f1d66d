"""The secret of servers is in the environment of the program that needs it, and of no worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS
from gateway_helpers import PATIENCE_S, Gateways
from socket_helpers import SECRET, Serving
from sshd_helpers import Sshd
from xnet_gateway import tracing
from xnet_gateway.child_environment import SECRETS, child_environment
from xnet_gateway.gateway import Gateway
from xnet_gateway.sockets.listening import listen_unix

#: What a worker finds: names that it sees, whether its process was started with one, whether its child was.
LOOK = """
import os, subprocess
try:
    with open("/proc/self/environ", "rb") as file:
        began_with = b"XNET_SECRET" in file.read()
except EnvironmentError:
    began_with = False
seen = sorted(name for name in os.environ if "XNET_SECRET" in name)
child = subprocess.Popen(["env"], stdout=subprocess.PIPE)
channel.send((seen, began_with, b"XNET_SECRET" in child.communicate()[0]))
"""
NOTHING: tuple[list[str], bool, bool] = ([], False, False)
SAME = f"popen//python={sys.executable} -s"


def look(gateway: Gateway) -> object:
    return gateway.remote_exec(LOOK).receive(PATIENCE_S)


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_SECRET", SECRET.decode())
    monkeypatch.delenv("XNET_SECRET_FILE", raising=False)


def test_it_is_taken_out_of_what_programs_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XNET_SECRET_FILE", "somewhere")
    monkeypatch.setenv("XNET_OTHER", "stays")
    found = [child_environment() or {}, child_environment({"A": 1, "XNET_SECRET": "given"}) or {}]
    for environment in found:
        assert environment["XNET_OTHER"] == "stays"
        assert not {"XNET_SECRET", "XNET_SECRET_FILE"} & set(environment)
    assert found[1]["A"] == "1"
    assert os.environ["XNET_SECRET"] == SECRET.decode()  # which this program may need again
    for name in SECRETS:
        monkeypatch.delenv(name)
    assert child_environment() is None


def test_workers_know_the_same_names() -> None:
    """Each by itself: one does not import ours, the others cannot."""
    for path in (
        "worker/main.py",
        "bare/worker/start.py",
        "bare/relay_program.py",
        "sockets/one_shot_server.py",
    ):
        source = (Path(child_environment.__code__.co_filename).parent / path).read_text(encoding="utf-8")
        for name in SECRETS:
            assert source.count(f'"{name}"') == 1, (path, name)


@pytest.mark.parametrize(
    "text", ["popen", "popen//env:A=b", SAME, f"{SAME}//env:A=b", "command=env", "command=nice"]
)
def test_a_process_of_ours(gateways: Gateways, text: str) -> None:
    assert look(gateways(text)) == NOTHING


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13", "pypy3"])
def test_another_interpreter(gateways: Gateways, version: str) -> None:
    if INTERPRETERS[version] is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    assert look(gateways(f"popen//python={INTERPRETERS[version]}")) == NOTHING


@pytest.mark.parametrize("text", ["popen", SAME])
@pytest.mark.parametrize("master", ["popen//id=m", f"{SAME}//id=m"])
def test_a_process_of_a_worker(gateways: Gateways, master: str, text: str) -> None:
    """Whatever code there has put into its own environment."""
    between = gateways(master)
    between.remote_exec("import os; os.environ['XNET_SECRET'] = 'x' * 32").waitclose(PATIENCE_S)
    for more in ("", "//env:A=b"):
        assert look(gateways(f"{text}//via=m{more}", between)) == NOTHING


@pytest.mark.parametrize("master", ["popen//id=m", f"{SAME}//id=m"])
def test_a_server_in_a_worker(gateways: Gateways, master: str) -> None:
    between = gateways(master)
    between.remote_exec("import os; os.environ['XNET_SECRET'] = 'x' * 32").waitclose(PATIENCE_S)
    assert look(gateways("socket//installvia=m", between)) == NOTHING


def test_a_server(gateways: Gateways) -> None:
    with Serving() as server:
        assert look(gateways(f"socket={server.address}")) == NOTHING


def test_a_server_of_this_user(gateways: Gateways, tmp_path: Path) -> None:
    with Serving(listener=listen_unix(str(tmp_path / "socket")), secret=None) as server:
        assert look(gateways(f"unix={server.address}")) == NOTHING


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"), "AcceptEnv XNET_*")
    yield server
    server.stop()


def test_ssh_has_nothing_to_send(gateways: Gateways, sshd: Sshd) -> None:
    config = sshd.folder / "sends"
    config.write_text(f"SendEnv XNET_*\n{sshd.config.read_text()}")
    assert look(gateways(f"ssh=here//ssh_config={config}//python={sys.executable}")) == NOTHING


def test_a_worker_drops_what_its_account_has(gateways: Gateways, sshd: Sshd) -> None:
    """Its process begins with it, which we cannot help; what it starts does not."""
    config = sshd.folder / "sets"
    config.write_text(f"{sshd.config.read_text()}\n  SetEnv XNET_SECRET=of-that-account\n")
    assert look(gateways(f"ssh=here//ssh_config={config}//python={sys.executable}")) == ([], True, False)


@pytest.mark.parametrize("text", ["popen", SAME, "command=env", "popen//via=m", f"{SAME}//via=m"])
def test_who_names_it_for_a_worker_is_obeyed_without_telling_the_system(
    gateways: Gateways, text: str
) -> None:
    """For one that connects to servers itself. Its process was not started with it."""
    master = gateways("popen//id=m") if "via" in text else None
    assert look(gateways(f"{text}//env:XNET_SECRET=for-you", master)) == (["XNET_SECRET"], False, True)


def test_no_command_line_and_no_trace_has_it(
    gateways: Gateways, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXECNET_DEBUG", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("XNET_TRACE_JSON", f"{tmp_path}/trace")
    monkeypatch.setattr(tracing, "_opened_by_pid", 0)
    monkeypatch.setattr(tracing, "_tracer", None)
    with Serving() as server:
        pids = []
        for text in ("popen", SAME, f"socket={server.address}"):
            gateway = gateways(text)
            pids.append(gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S))
        for pid in pids:
            assert SECRET not in Path(f"/proc/{pid}/cmdline").read_bytes()
    traces = list(tmp_path.iterdir())
    assert len(traces) >= 4
    for path in traces:
        content = path.read_bytes()
        assert b"CHANNEL_EXEC" in content
        assert SECRET not in content
