"""Command lines, as programs that replace or call these functions expect them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from xnet.compat import gateway_io
from xnet_gateway.transports.base import Command
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec
from xnet_programs import aliased

LINE = gateway_io.popen_bootstrapline


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a 'b c' d", ["a", "b c", "d"]),
        ("sudo python", ["sudo", "python"]),
        (r"/a\ b/python", ["/a b/python"]),
    ],
)
def test_commands_are_split_as_by_a_shell(text: str, words: list[str]) -> None:
    assert gateway_io.shell_split_path(text) == words


def test_popen() -> None:
    assert gateway_io.popen_args(XSpec("popen")) == [sys.executable, "-u", "-c", LINE]
    spec = XSpec("popen//python='/my py' -X dev//dont_write_bytecode")
    assert gateway_io.popen_args(spec) == ["/my py", "-X", "dev", "-u", "-B", "-c", LINE]


def test_ssh() -> None:
    spec = XSpec("ssh=-p 50 user@host//ssh_config=/my config//python=python3.9")
    assert gateway_io.ssh_args(spec) == [
        *("ssh", "-F", "/my config", "-p", "50", "user@host"),
        f"python3.9 -u -c '{LINE}'",
    ]


def test_vagrant() -> None:
    spec = XSpec("vagrant_ssh=box//ssh_config=file//python=p")
    assert gateway_io.vagrant_ssh_args(spec) == [
        *("vagrant", "ssh", "box", "--", "-F", "file"),
        f"p -u -c '{LINE}'",
    ]


def test_a_specification_without_a_host() -> None:
    with pytest.raises(ValueError, match="gateway specification 'popen': expected a host"):
        gateway_io.ssh_args(XSpec("popen"))
    with pytest.raises(ValueError, match="vagrant_ssh without a value"):
        gateway_io.vagrant_ssh_args(XSpec("vagrant_ssh"))


@pytest.mark.parametrize(
    ("name", "text"), [("ssh_args", "ssh=h//keepalive=0"), ("vagrant_ssh_args", "vagrant_ssh=h//keepalive=0")]
)
def test_what_is_assigned_takes_effect(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    original = getattr(gateway_io, name)
    with monkeypatch.context() as context:
        context.setattr(gateway_io, name, lambda spec: ["timeout", "9", *original(spec)])
        route = find_transport(XSpec(text)).route(XSpec(text))
        assert isinstance(route, Command)
        assert route.argv[:3] == ["timeout", "9", original(XSpec(text))[0]]
    again = find_transport(XSpec(text)).route(XSpec(text))
    assert isinstance(again, Command)
    assert again.argv == original(XSpec(text))


def test_popen_args_are_what_is_run_with_an_interpreter() -> None:
    for text in ("popen//python=python3.9", "popen//python=sudo -u me python3//dont_write_bytecode"):
        route = find_transport(XSpec(text)).route(XSpec(text))
        assert isinstance(route, Command)
        assert route.argv == gateway_io.popen_args(XSpec(text))


def test_replacing_what_is_not_asked_changes_nothing() -> None:
    program = """
import sys, execnet, execnet.gateway_io
execnet.gateway_io.popen_args = execnet.gateway_io.popen_bootstrapline = None
for spec in ("popen", f"popen//python={sys.executable}", f"popen//python=env A=b {sys.executable}"):
    print(execnet.makegateway(spec).remote_exec("channel.send(1)").receive(200))
"""
    assert aliased(program).split() == ["1"] * 3


@pytest.mark.parametrize("flags", ["", "-u"])
def test_a_replaced_ssh_args_runs_the_line(tmp_path: Path, flags: str) -> None:
    """As deployment tools do it: a command of their own, with the line in double quotes. Over a real sshd."""
    helpers = pytest.importorskip("sshd_helpers", reason="needs the tests of xnet-gateway beside these")
    sshd = helpers.Sshd(tmp_path)
    program = f"""
import sys, execnet, execnet.gateway_io
from execnet.gateway_io import popen_bootstrapline
def replaced(spec):
    command = f'{{spec.python}} {flags} -c "{{popen_bootstrapline}}"'
    return ["ssh", "-q", "-F", {str(sshd.config)!r}, "here", command]
execnet.gateway_io.ssh_args = replaced
gateway = execnet.makegateway(f"ssh=elsewhere//python={{sys.executable}}")
channel = gateway.remote_exec("while True: channel.send(channel.receive() * 2)")
channel.send(b"x" * 300_000)
print(len(channel.receive(200)))
"""
    try:
        assert aliased(program).split() == ["600000"]
    finally:
        sshd.stop()


def test_the_line_can_be_put_into_double_quotes() -> None:
    assert not set(LINE) & set("\"'\n$`\\")


def test_what_is_not_here_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"create_io is not part of xnet: Group\.makegateway\(\)"):
        gateway_io.create_io(XSpec("popen"), None)
    with pytest.raises(AttributeError, match=r"RIO_KILL is not part of xnet: Gateway\."):
        gateway_io.RIO_KILL  # noqa: B018
