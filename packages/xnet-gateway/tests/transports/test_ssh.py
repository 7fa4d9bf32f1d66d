"""Command lines for ssh; the real thing is in test_sshd.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.transports.base import Command
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.transports.ssh import argument_makers, is_watching, ssh_args, vagrant_ssh_args
from xnet_gateway.xspec import XSpec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh=host", ["ssh", "host"]),
        ("ssh=-p 50 me@host", ["ssh", "-p", "50", "me@host"]),
        ("ssh=host -o 'ProxyCommand=a b'", ["ssh", "host", "-o", "ProxyCommand=a b"]),
        ("ssh=host//ssh_config=/c", ["ssh", "-F", "/c", "host"]),
    ],
)
def test_ssh(text: str, expected: list[str]) -> None:
    *front, command = ssh_args(XSpec(f"{text}//python=python3"))
    assert front == expected
    assert command == f"python3 -u -c '{FIRST_LINE}'"


@pytest.mark.parametrize(
    "text", ["~/venv/bin/python", "$VENV/bin/python", "cd /srv && python3", ". env.sh; p"]
)
@pytest.mark.parametrize("args", [ssh_args, vagrant_ssh_args])
def test_python_is_the_text_of_the_other_shell(args: Callable[[XSpec], list[str]], text: str) -> None:
    command = args(XSpec(f"ssh=h//vagrant_ssh=h//python={text}"))[-1]
    assert command == f"{text} -u -c '{FIRST_LINE}'"


def test_vagrant() -> None:
    *front, _ = vagrant_ssh_args(XSpec("vagrant_ssh=box//ssh_config=/c"))
    assert front == ["vagrant", "ssh", "box", "--", "-F", "/c"]


ASKS = ["-oServerAliveInterval=60", "-oServerAliveCountMax=2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh=host", ["ssh", *ASKS, "host"]),
        ("ssh=host//ssh_config=/c", ["ssh", *ASKS, "-F", "/c", "host"]),
        ("ssh=host//keepalive=0.2", ["ssh", "-oServerAliveInterval=1", *ASKS[1:], "host"]),
        ("ssh=host//keepalive=0", ["ssh", "host"]),
        ("ssh=-oServerAliveInterval=5 host", ["ssh", "-oServerAliveInterval=5", "host"]),
        ("ssh=-o 'serveraliveinterval 0' host", ["ssh", "-o", "serveraliveinterval 0", "host"]),
        ("vagrant_ssh=box", ["vagrant", "ssh", "box", "--", *ASKS]),
    ],
)
def test_ssh_is_told_to_ask_whether_the_other_machine_answers(text: str, expected: list[str]) -> None:
    spec = XSpec(text)
    route = find_transport(spec).route(spec)
    assert isinstance(route, Command)
    assert route.argv[:-1] == expected
    assert is_watching(route) is any(word.endswith(("=60", "=1", "=5")) for word in expected)


@pytest.mark.parametrize("text", ["ssh", "ssh= ", "vagrant_ssh", "ssh=h//ssh_config", "ssh=h//ssh_config="])
def test_values_without_sense(text: str) -> None:
    spec = XSpec(text)
    with pytest.raises(ValueError, match="expected"):
        find_transport(spec).route(spec)


def test_the_functions_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(argument_makers, "ssh", lambda spec: ["my-ssh", str(spec.ssh)])
    spec = XSpec("ssh=h")
    route = find_transport(spec).route(spec)
    assert isinstance(route, Command)
    assert route.argv == ["my-ssh", "h"]
