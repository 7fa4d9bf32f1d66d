"""The steps, each made to fail."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from xnet.command_line.diagnosis import Step, diagnose
from xnet_gateway.gateway import Gateway
from xnet_group.termination import terminate_all

pytestmark = pytest.mark.slow

PATIENCE_S = 200.0
ALL = [
    "specification",
    "program",
    "start",
    "noise",
    "python",
    "version",
    "handshake",
    "interpreter",
    "round trip",
    "speed",
]


@pytest.fixture
def gateways() -> Iterator[dict[str, Gateway]]:
    kept: dict[str, Gateway] = {}
    yield kept
    terminate_all(list(kept.values()), time.monotonic() + 2.0)


def steps(text: str, gateways: dict[str, Gateway], timeout_s: float = PATIENCE_S) -> list[Step]:
    return list(
        diagnose(text, len(gateways), gateways, timeout_s, lambda one: gateways.setdefault(one.id, one))
    )


@pytest.mark.parametrize("text", ["popen", "command=env", f"popen//python={sys.executable}"])
def test_all_is_well(text: str, gateways: dict[str, Gateway]) -> None:
    found = steps(text, gateways)
    assert [step.name for step in found] == ALL
    assert [step.ok for step in found] == [True] * len(ALL)
    facts = {step.name: step.facts for step in found}
    assert facts["python"]["version"] == list(sys.version_info[:3])
    assert facts["noise"] == {"bytes": 0}
    assert all(isinstance(rate, int) and rate > 0 for rate in facts["speed"].values())


def test_through_another(gateways: dict[str, Gateway]) -> None:
    steps("popen//id=hop", gateways)
    found = steps("popen//via=hop", gateways)
    assert [step.name for step in found] == [
        "specification",
        "handshake",
        "interpreter",
        "round trip",
        "speed",
    ]
    assert all(step.ok for step in found)
    last = steps("popen//via=nobody", gateways)[-1]
    assert (last.name, last.ok) == ("specification", False)
    assert "with id=nobody, before" in last.advice


@pytest.mark.parametrize(
    ("text", "name", "words", "advice"),
    [
        ("", "specification", "no key", "docs/reach"),
        ("fly=x", "specification", "no gateway type", "docs/reach"),
        ("popen//_x", "specification", "reserved", "docs/reach"),
        ("popen//python=/no/such", "program", "/no/such does not exist", "Install it"),
        ("popen//python=/etc/passwd", "program", "cannot be executed", "permissions"),
        ("command=sh -c 'echo sorry >&2; exit 3'", "start", "ended with status 3", "by hand"),
        ("command=sh -c 'sleep 600'", "start", "no answer within 0.5 s; it said nothing", "--timeout"),
        ("command=sh -c yes", "noise", "more than 65536 bytes came", "standard error"),
        ("command=sh -c 'exec no-such-program'", "python", "status 127", "missing"),
        ("socket=127.0.0.1:1", "host", "cannot be reached: Connection refused", "nothing listens"),
        ("unix=/no/such", "host", "the socket /no/such does not exist", "xnet serve --unix"),
        ("ssh=no-such-host.invalid", "host", "cannot be reached", "Check"),
        ("popen//chdir=/no/such/directory", "handshake", "/no/such/directory", "missing"),
        ("popen//worker=/no/such", "program", "/no/such does not exist", "Install"),
        ("popen//worker=true", "handshake", "ended before it began an xnet connection", "speak the protocol"),
    ],
)
def test_the_step_that_fails_is_the_last(
    text: str, name: str, words: str, advice: str, gateways: dict[str, Gateway]
) -> None:
    *before, last = steps(text, gateways, 0.5 if "sleep" in text else PATIENCE_S)
    assert (last.name, last.ok) == (name, False)
    assert words in last.text
    assert advice in last.advice
    assert all(step.ok for step in before)
    assert gateways == {}


def test_what_is_said_in_front_is_shown_and_cannot_act(gateways: dict[str, Gateway]) -> None:
    found = steps('command=sh -c \'printf "\\033[2Jhi"; echo warned >&2; exec "$0" "$@"\'', gateways)
    (noise,) = (step for step in found if step.name == "noise")
    assert noise.ok
    assert "\\x1b[2Jhi" in noise.text
    assert "warned" in noise.text
    assert noise.facts == {"bytes": 6, "stderr_bytes": 7}
    assert found[-1].name == "speed"


def test_an_old_interpreter(gateways: dict[str, Gateway], tmp_path: Path) -> None:
    """One that says that it is 3.5: there is none here to ask."""
    code = "import sys; sys.version_info = (3, 5, 2)"
    (tmp_path / "sitecustomize.py").write_text(code)
    last = steps(f"command=env PYTHONPATH={tmp_path} {sys.executable} -c //python=x", gateways)[-1]
    assert last.ok is False
    last = steps(f"popen//python=env PYTHONPATH={tmp_path} {sys.executable}", gateways)[-1]
    assert (last.name, last.ok) == ("version", False)
    assert "3.5.2 on linux: too old" in last.text


def test_a_port_where_no_ssh_server_answers(gateways: dict[str, Gateway]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        last = steps(f"ssh=-F none -p {listener.getsockname()[1]} 127.0.0.1", gateways)[-1]
        thread.join(PATIENCE_S)
    assert (last.name, last.ok) == ("host", False)
    assert "no ssh server answers there; it said 'HTTP/1.1 400 Bad Request'" in last.text


def test_a_connection_that_does_not_last(gateways: dict[str, Gateway]) -> None:
    trial = diagnose("popen", 0, gateways, PATIENCE_S, lambda one: gateways.setdefault(one.id, one))
    found = []
    for step in trial:
        found.append(step)
        if step.name == "interpreter":
            gateways["gw0"]._io.kill_now()
    assert (found[-1].name, found[-1].ok) == ("connection", False)
    assert "killed by signal 9" in found[-1].text
