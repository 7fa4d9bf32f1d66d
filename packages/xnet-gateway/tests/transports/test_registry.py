"""Finding transports: ours, registered ones, and those of other distributions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.resolved import resolve
from xnet_gateway.transports import registry
from xnet_gateway.transports.base import KEYS, Command, Transport
from xnet_gateway.transports.interpreters import worker_arguments
from xnet_gateway.transports.registry import register
from xnet_gateway.xspec import XSpec


class EnvTransport(Transport):
    key = "mine"

    def route(self, spec: XSpec) -> Command:
        if spec.mine is True:
            raise ValueError("mine without a value")
        return Command(["env", f"MINE={spec.mine}", *worker_arguments(spec, sys.executable)], "mine")


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_transports", dict(registry._transports))
    monkeypatch.setattr(registry, "_foreign_keys", None)


@pytest.mark.usefixtures("unchanged")
def test_a_registered_one_works_and_checks(gateways: Gateways) -> None:
    with pytest.raises(ValueError, match="no gateway type found"):
        resolve(XSpec("mine=yes"))
    register(EnvTransport())
    with pytest.raises(ValueError, match="mine without a value"):
        resolve(XSpec("mine"))
    channel = gateways("mine=yes").remote_exec("import os; channel.send(os.environ['MINE'])")
    assert channel.receive(PATIENCE_S) == "yes"


def test_only_transports_are_registered() -> None:
    with pytest.raises(TypeError, match="subclass of Transport"):
        register(EnvTransport)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["id=1", "popen=", "ssh=", "x"])
def test_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"no gateway type found for '.*expected one of the keys popen, ssh"):
        resolve(XSpec(text))


def test_the_keys_are_known_without_loading() -> None:
    assert set(registry._transports) == set(KEYS)


@pytest.mark.parametrize(
    "text",
    ["ssh=a//socket=b:1", "command=a//docker=b", *(f"popen//{key}=a" for key in KEYS if key != "popen")],
)
def test_more_than_one(text: str) -> None:
    with pytest.raises(ValueError, match="more than one transport"):
        resolve(XSpec(text))


def test_an_entry_point_of_another_distribution(tmp_path: Path) -> None:
    (tmp_path / "foreign.py").write_text(
        "import sys\n"
        "from xnet_gateway.transports.base import Command, Transport\n"
        "from xnet_gateway.transports.interpreters import worker_arguments\n"
        "class Foreign(Transport):\n"
        "    key = 'foreign'\n"
        "    def route(self, spec): return Command(worker_arguments(spec, sys.executable), 'far')\n"
    )
    info = tmp_path / "foreign-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[xnet.transports]\nforeign = foreign:Foreign\nbroken = nowhere:Nothing\nodd = foreign:Foreign\n"
    )
    program = f"""
import sys; sys.path.insert(0, {str(tmp_path)!r})
from xnet_gateway.resolved import resolve
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
spec = XSpec("foreign=1"); spec.id = "gw0"
gateway = begin(spec).finish()
print(gateway.remote_exec("channel.send(42)").receive(200), gateway.remoteaddress)
gateway.exit(); gateway.wait(200)
for text in ("broken=1", "odd=1"):
    try: resolve(XSpec(text))
    except ValueError as error: print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    first, broken, odd = done.stdout.splitlines()
    assert first == "42 far"
    assert "'broken' (nowhere:Nothing) cannot be loaded" in broken
    assert "expected a Transport with the key 'odd'" in odd
