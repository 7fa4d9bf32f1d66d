"""Command lines of the transports that put words in front."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.errors import HostNotFound
from xnet_gateway.starting import begin
from xnet_gateway.transports.base import THIS_PYTHON, Command
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec

INTERPRETER = ["py", "-u", "-c"]


def words(text: str) -> list[str]:
    """Return what stands in front of the interpreter."""
    spec = XSpec(f"{text}//python=py")
    route = find_transport(spec).route(spec)
    assert isinstance(route, Command)
    assert route.argv[-4:-1] == INTERPRETER
    return route.argv[:-4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("popen", []),
        ("command=nice -n 5", ["nice", "-n", "5"]),
        ("command='/a b/c' d", ["/a b/c", "d"]),
        ("docker=web", ["docker", "exec", "-i", "web"]),
        ("docker=web -u me", ["docker", "exec", "-i", "-u", "me", "web"]),
        ("podman=web", ["podman", "exec", "-i", "web"]),
        ("kubectl=web -n test -c main", ["kubectl", "exec", "-i", "-n", "test", "-c", "main", "web", "--"]),
        ("lxc=web", ["lxc", "exec", "-T", "web", "--"]),
        ("wsl=Ubuntu", ["wsl.exe", "-d", "Ubuntu", "--"]),
        ("sudo=builder", ["sudo", "-n", "-u", "builder", "--"]),
        ("srun", ["srun", "--ntasks=1", "--unbuffered"]),
        ("srun=-p debug", ["srun", "--ntasks=1", "--unbuffered", "-p", "debug"]),
    ],
)
def test_words_in_front(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_popen_without_python_is_whoever_runs_it() -> None:
    spec = XSpec("popen//env:A=b")
    route = find_transport(spec).route(spec)
    assert isinstance(route, Command)
    assert route.argv[0] == THIS_PYTHON
    assert route.env == {"A": "b"}


def test_only_a_worker_that_is_no_python_begins_in_chdir() -> None:
    for text, cwd in (("popen", None), ("popen//python=py", None), ("popen//worker=./w", "/tmp")):
        spec = XSpec(f"{text}//chdir=/tmp")
        route = find_transport(spec).route(spec)
        assert isinstance(route, Command)
        assert route.cwd == cwd


@pytest.mark.parametrize("key", ["command", "docker", "podman", "kubectl", "lxc", "wsl", "sudo"])
@pytest.mark.parametrize("value", ["", "= ", "='open"])
def test_values_without_sense(key: str, value: str) -> None:
    spec = XSpec(f"{key}{value}")
    with pytest.raises(ValueError, match=rf"{key}.*expected a"):
        find_transport(spec).route(spec)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A program like those of containers: says something on its error output, then runs its arguments."""
    path = tmp_path / "enter here"
    path.write_text('#!/bin/sh\necho entering "$1" >&2\nshift\nexec "$@"\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("prefix", ["env A=1", "nice -n 1", "setsid", "env -i setsid nice"])
def test_programs_that_run_their_arguments(gateways: Gateways, prefix: str) -> None:
    gateway = gateways(f"command={prefix}//python={sys.executable}")
    channel = gateway.remote_exec("import sys; channel.send(sys.version_info[0])")
    assert channel.receive(PATIENCE_S) == sys.version_info[0]


def test_a_script(gateways: Gateways, script: Path, capfd: pytest.CaptureFixture[str]) -> None:
    gateway = gateways(
        f"command='{script}' box//python={sys.executable}//chdir={script.parent}/made//env:B=c"
    )
    channel = gateway.remote_exec("import os; channel.send((os.getcwd(), os.environ['B']))")
    assert channel.receive(PATIENCE_S) == (f"{script.parent}/made", "c")
    assert gateway.remoteaddress == f"command:{script}"
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0
    assert "entering box" in capfd.readouterr().err


@pytest.mark.parametrize("key", ["docker", "podman", "kubectl", "lxc", "sudo", "srun"])
def test_short_forms_run_their_program(
    gateways: Gateways, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program is a stand-in that runs what comes behind the name: no container runs here."""
    program = tmp_path / key
    program.write_text(
        '#!/bin/sh\nwhile [ "$1" != python-here ]; do shift; done; shift; exec ' + sys.executable + ' "$@"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    text = key if key == "srun" else f"{key}=name"
    gateway = gateways(f"{text}//python=python-here")
    assert gateway.remote_exec("channel.send(channel.receive() + 1)") is not None
    assert gateway._rinfo().executable == sys.executable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("docker=web", "docker"),
        ("command=/no/such/program", "/no/such/program"),
        ("command=sh -c 'echo the daemon is down >&2; exit 3'", "the daemon is down"),
        ("command=sh -c 'echo the daemon is down >&2; exit 3'", "exited with status 3"),
        ("command=env//python=/no/python", "/no/python"),
    ],
)
def test_programs_that_fail_have_the_last_word(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if text.startswith("docker"):
        monkeypatch.setenv("PATH", str(tmp_path))
    spec = XSpec(text)
    spec.id = "gw0"
    with pytest.raises(HostNotFound) as caught:
        begin(spec).finish()
    assert said in str(caught.value)
    assert text in str(caught.value)
