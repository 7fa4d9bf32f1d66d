"""The connection does what ``schema/states/connection.yaml`` says, row for row.

Spec: HS-002, HS-004, HS-006 to HS-010, ER-002, ER-004, ER-005, GR-001 to GR-004, GR-006, GR-020,
FR-007, FR-008.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core_helpers import frame, hello_frame, local_hello, sent
from xnet_channel.core import roles, states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError
from xnet_channel.core.handshake import PREAMBLE
from xnet_wire import codes, frames, messages

TABLE = Path(__file__).parents[4] / "protocol-spec" / "schema" / "states" / "connection.yaml"
ROLES = {"initiator": roles.INITIATOR, "worker": roles.WORKER}
CODES = {name: code for code, name in codes.NAMES.items()}

#: What happens, for each input of the table.
INPUTS: dict[str, Callable[[Connection], object]] = {
    "RECV_PREAMBLE": lambda connection: connection.receive_data(PREAMBLE),
    "RECV_NOISE_LIMIT": lambda connection: connection.receive_data(b"noise " * 20_000),
    "RECV_HELLO": lambda connection: connection.receive_data(hello_frame()),
    "RECV_FRAME": lambda connection: connection.receive_data(frame(frames.PONG, 0, b"?")),
    "RECV_TERMINATE": lambda connection: connection.receive_data(frame(frames.GATEWAY_TERMINATE)),
    "RECV_GOAWAY": lambda connection: connection.receive_data(
        frame(frames.GOAWAY, 0, messages.encode_goaway(0, "enough"))
    ),
    "RECV_EOF": lambda connection: connection.receive_eof(),
    "SEND_HELLO": lambda connection: connection.start(),
    "SEND_FRAME": lambda connection: connection.send_ping(b"?"),
    "SEND_TERMINATE": lambda connection: connection.send_terminate(),
    "SEND_GOAWAY": lambda connection: connection.fail(
        RemoteProtocolError(codes.INTERNAL_ERROR, "a reason in some words")
    ),
}


def load() -> Any:
    if not TABLE.exists():
        pytest.skip("protocol-spec/ is not here: the package is tested alone")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: the package is tested alone")
    return yaml.safe_load(TABLE.read_text(encoding="utf-8"))


def brought_to(state: str, role: str, *, started: bool) -> Connection:
    """Return a connection in a state; ``started`` says whether it has said HELLO already."""
    connection = Connection(role, local_hello(), lambda channel: channel)
    if started:
        connection.start()
    if state != states.PREAMBLE and role == roles.INITIATOR:
        connection.receive_data(PREAMBLE)
    if state in (states.RUNNING, states.TERMINATING, states.ENDED_CONNECTION):
        connection.receive_data(hello_frame())
    if state == states.TERMINATING:
        INPUTS["SEND_TERMINATE" if role == roles.INITIATOR else "RECV_TERMINATE"](connection)
    if state == states.ENDED_CONNECTION:
        connection.receive_eof()
    assert connection.phase == state
    connection.data_to_send()
    return connection


def check(row: dict[str, Any], role: str) -> None:
    first_hello = row["input"] == "SEND_HELLO" and row["state"] in (states.PREAMBLE, states.HELLO)
    connection = brought_to(row["state"], role, started=not first_hello)
    act = INPUTS[row["input"]]
    if row.get("error") == "local":
        if row["input"] == "SEND_GOAWAY":
            act(connection)  # whoever ends a connection need not know that it has ended
        else:
            with pytest.raises(LocalProtocolError):
                act(connection)
        assert sent(connection) == []
        assert connection.phase == row["state"]
        return
    act(connection)
    if "error" in row:
        assert isinstance(connection.failure, RemoteProtocolError)
        assert connection.failure.code == CODES[row["error"]]
        assert sent(connection)[-1][0] == frames.GOAWAY
        assert connection.phase == states.ENDED_CONNECTION
        return
    assert connection.phase == (row["state"] if row.get("ignored") else row["to"])
    if row.get("ignored"):
        assert sent(connection) == []


def test_every_row_of_the_table() -> None:
    machine = load()
    wrong = []
    rows = 0
    for row in machine["transitions"]:
        for role in row["role"]:
            rows += 1
            try:
                check(row, ROLES[role])
            except (AssertionError, LocalProtocolError, pytest.fail.Exception) as error:
                wrong.append(f"{role}, {row['state']}, {row['input']} ({row['id']}): {error!r}")
    assert not wrong, "\n".join(wrong)
    assert rows > 60


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
