"""The connection does what ``schema/states/connection.yaml`` says, row for row.

Spec: HS-002, HS-004, HS-006 to HS-010, ER-002, ER-004, ER-005, GR-001 to GR-004, GR-006, GR-020,
FR-007, FR-008.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from core_helpers import frame, hello_frame, local_hello, sent
from xnet_channel.core import roles, states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError, PeerGoneAway, RemoteProtocolError
from xnet_channel.core.handshake import PREAMBLE
from xnet_wire import codes, frames, messages

TABLE = Path(__file__).parents[4] / "protocol-spec" / "schema" / "states" / "connection.yaml"
ROLES = {"initiator": roles.INITIATOR, "worker": roles.WORKER}
CODES = {name: code for code, name in codes.NAMES.items()}

Act = Callable[[Connection], object]


def receive(data: bytes) -> Act:
    return lambda connection: connection.receive_data(data)


def end(connection: Connection) -> None:
    connection.fail(RemoteProtocolError(codes.INTERNAL_ERROR, "a reason in some words"))


GOODBYE = frame(frames.GOAWAY, 0, messages.encode_goaway(codes.NO_ERROR, "enough"))

#: Ways in which each input of the table comes about, and the frames that are sent because of it where it is
#: allowed. What is received as RECV_FRAME has an answer, so that acting on it differs from ignoring it.
INPUTS: dict[str, list[tuple[Act, list[int]]]] = {
    "RECV_PREAMBLE": [(receive(PREAMBLE), []), (receive(b"noise" + PREAMBLE), [])],
    "RECV_NOISE_LIMIT": [(receive(b"noise " * 20_000), [])],
    "RECV_HELLO": [(receive(hello_frame()), [])],
    "RECV_FRAME": [
        (receive(frame(frames.PING)), [frames.PONG]),
        (receive(frame(frames.RECONFIGURE, 0, b"\x82\xf5\xf5") + frame(frames.PING)), [frames.PONG]),
    ],
    "RECV_TERMINATE": [(receive(frame(frames.GATEWAY_TERMINATE, 0, b"\xa0")), [])],
    "RECV_GOAWAY": [(receive(GOODBYE), [])],
    "RECV_EOF": [(lambda connection: connection.receive_eof(), [])],
    "SEND_HELLO": [(lambda connection: connection.start(), [frames.HELLO])],
    "SEND_FRAME": [
        (lambda connection: connection.send_ping(b"?"), [frames.PING]),
        (lambda connection: connection.send_reconfigure(0, (True, True)), [frames.RECONFIGURE]),
    ],
    "SEND_TERMINATE": [(lambda connection: connection.send_terminate(), [frames.GATEWAY_TERMINATE])],
    "SEND_GOAWAY": [(end, [frames.GOAWAY])],
}

#: How a connection comes to its end.
ENDINGS: list[Act] = [
    lambda connection: connection.receive_eof(),
    receive(GOODBYE),
    receive(hello_frame()),  # the second one
    end,
]


def load() -> Any:
    if not TABLE.exists():
        pytest.skip("protocol-spec/ is not here: the package is tested alone")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: the package is tested alone")
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def brought_to(state: str, role: str, *, started: bool, ending: Act) -> Connection:
    """Return a connection in a state; ``started`` says whether it has said HELLO already."""
    connection = Connection(role, local_hello(), lambda channel: channel)
    if started:
        connection.start()
    if state != states.PREAMBLE and role == roles.INITIATOR:
        connection.receive_data(PREAMBLE)
    if state in (states.RUNNING, states.TERMINATING, states.ENDED_CONNECTION):
        connection.receive_data(hello_frame())
    if state == states.TERMINATING and role == roles.INITIATOR:
        connection.send_terminate()
    elif state == states.TERMINATING:
        connection.receive_data(frame(frames.GATEWAY_TERMINATE, 0, b"\xa0"))
    if state == states.ENDED_CONNECTION:
        ending(connection)
    assert connection.phase == state
    connection.data_to_send()
    return connection


def check(row: dict[str, Any], role: str, act: Act, allowed: list[int], ending: Act) -> None:
    """Check one row in one way."""
    state, input_ = row["state"], row["input"]
    first_hello = input_ == "SEND_HELLO" and state in (states.PREAMBLE, states.HELLO)
    connection = brought_to(state, role, started=not first_hello, ending=ending)
    failure = connection.failure
    events: object = None
    if row.get("error") == "local":
        with pytest.raises(LocalProtocolError):
            act(connection)
    else:
        events = act(connection)
    kinds = [kind for kind, _, _ in sent(connection)]
    if row.get("error") == "local" or row.get("ignored"):
        assert kinds == []
        assert (connection.phase, connection.failure) == (state, failure)
        assert not events
    elif "error" in row:
        assert isinstance(connection.failure, RemoteProtocolError)
        assert connection.failure.code == CODES[row["error"]]
        assert kinds == [frames.GOAWAY]
        assert connection.phase == states.ENDED_CONNECTION
    else:
        assert connection.phase == row["to"]
        if input_ == "RECV_GOAWAY":
            assert isinstance(connection.failure, PeerGoneAway)
        elif input_ != "SEND_GOAWAY" and state in states.LIVE:
            assert connection.failure is None
        # A worker that never got a HELLO may still say so.
        if (state, input_) != (states.HELLO, "RECV_EOF"):
            assert kinds == allowed


def test_every_row_of_the_table() -> None:
    wrong = []
    checked = set()
    for row in load()["transitions"]:
        endings = ENDINGS if row["state"] == states.ENDED_CONNECTION else ENDINGS[:1]
        for role, (act, allowed), ending in product(row["role"], INPUTS[row["input"]], endings):
            place = f"{role}, {row['state']}, {row['input']} ({row['id']})"
            checked.add(place)
            try:
                check(row, ROLES[role], act, allowed, ending)
            except (AssertionError, LocalProtocolError, pytest.fail.Exception) as error:
                wrong.append(f"{place}: {error!r}")
    assert not wrong, "\n".join(wrong)
    assert len(checked) > 60


def test_the_states_and_inputs_are_those_of_the_table() -> None:
    machine = load()
    assert set(machine["inputs"]) == set(INPUTS)
    assert set(machine["states"]) == {
        states.PREAMBLE,
        states.HELLO,
        states.RUNNING,
        states.TERMINATING,
        states.ENDED_CONNECTION,
    }
    for role, name in ROLES.items():
        assert Connection(name, local_hello(), lambda channel: channel).phase == machine["initial"][role]
