"""Tests of `xnet_channel.core.states`.

Spec: CH-040, CH-050, CH-060, CH-061.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import account, batch, close, data, examples, last, part, sent, with_channel
from xnet_channel.core import states
from xnet_channel.core.channel_state import ChannelState
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from xnet_channel.core.events import LateErrorReceived
from xnet_channel.core.halves import ReceiveHalf, SendHalf
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames
from xnet_wire.channel_errors import ChannelError

TABLES = Path(__file__).parents[4] / "protocol-spec" / "schema" / "states"
HALVES = {"send-half.yaml": states.SEND_HALF, "receive-half.yaml": states.RECEIVE_HALF}


def load(name: str) -> Any:
    path = TABLES / name
    if not path.exists():
        pytest.skip("protocol-spec/ is not here: the package is tested alone")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: the package is tested alone")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", HALVES)
def test_ch_060_the_tables_equal_those_of_the_specification(name: str) -> None:
    machine = load(name)
    table = {(row["state"], row["input"]): row["to"] for row in machine["transitions"] if "to" in row}
    assert table == HALVES[name]
    assert set(machine["states"]) == set(states.STATES)
    assert machine["initial"] == states.OPEN
    assert set(machine["inputs"]) <= set(states.INPUTS)


@pytest.mark.parametrize("name", HALVES)
def test_ch_060_what_is_not_in_a_table_is_whose_mistake_the_specification_says(name: str) -> None:
    for row in load(name)["transitions"]:
        if "error" not in row:
            continue
        half = SendHalf(0) if name == "send-half.yaml" else ReceiveHalf(0, account())
        half.state = row["state"]
        error = LocalProtocolError if row["error"] == "local" else RemoteProtocolError
        with pytest.raises(
            error, match=f"{row['input']} is not allowed while .* is {row['state']}"
        ) as caught:
            half.step(row["input"])
        if isinstance(caught.value, RemoteProtocolError):
            assert codes.NAMES[caught.value.code] == row["error"]


def test_every_pair_is_in_the_specification() -> None:
    for name in HALVES:
        machine = load(name)
        pairs = [(row["state"], row["input"]) for row in machine["transitions"]]
        assert sorted(pairs) == sorted((s, i) for s in machine["states"] for i in machine["inputs"])


def test_ch_060_both_halves_close_together() -> None:
    for table in HALVES.values():
        for input_ in (states.SEND_CLOSE, states.RECV_CLOSE):
            for state in (states.OPEN, states.ENDED):
                assert table[state, input_] == states.CLOSED


@given(st.sampled_from(states.STATES), st.sampled_from(states.INPUTS), st.booleans())
@examples(100)
def test_any_input_in_any_state_moves_by_the_table_or_is_a_protocol_error(
    state: str, input_: str, sends: bool
) -> None:
    half = SendHalf(0) if sends else ReceiveHalf(0, account())
    table = states.SEND_HALF if sends else states.RECEIVE_HALF
    half.state = state
    try:
        half.step(input_)
    except ProtocolError:
        assert (state, input_) not in table
        assert half.state == state
    else:
        assert half.state == table[state, input_]


# -- the same by real frames and calls ----------------------------------------------------------

RECEIVED = {
    states.RECV_ITEM: [data(1), batch(1, 1, 2), part(1, b"\x18")],
    states.RECV_LAST: [last(1)],
    states.RECV_CLOSE: [close(1), close(1, "why")],
}


def in_receive_state(role: str, state: str, closed_by_us: bool) -> tuple[Connection, ChannelState]:
    connection, channel = with_channel(role)
    if state == states.ENDED:
        connection.receive_data(last(1))
    elif state == states.CLOSED and closed_by_us:
        connection.send_close(channel)
    elif state == states.CLOSED:
        connection.receive_data(close(1))
    connection.data_to_send()
    return connection, channel


@pytest.mark.parametrize("closed_by_us", [False, True])
@pytest.mark.parametrize("input_", RECEIVED)
@pytest.mark.parametrize("state", states.STATES)
@pytest.mark.parametrize("role", [INITIATOR, WORKER])
def test_ch_060_ch_061_received_frames_move_the_half_or_end_the_connection(
    role: str, state: str, input_: str, closed_by_us: bool
) -> None:
    for arrived in RECEIVED[input_]:
        connection, channel = in_receive_state(role, state, closed_by_us)
        events = connection.receive_data(arrived)
        target = states.RECEIVE_HALF.get((state, input_))
        if target is not None:
            assert connection.failure is None
            assert channel.receiver.state == target
        elif state == states.CLOSED:
            assert connection.failure is None
            # That it came too late is told of an error; nothing else happens.
            late = [event for event in events if isinstance(event, LateErrorReceived)]
            assert events == late
            assert len(late) == (arrived[0] == frames.CHANNEL_CLOSE_ERROR)
            assert not channel.receiver.items
        else:
            assert isinstance(connection.failure, RemoteProtocolError)
            assert connection.failure.code == codes.STATE_VIOLATION
            assert "channel 1" in str(connection.failure)
            assert "ended" in str(connection.failure)


SENT: dict[str, list[Callable[[Connection, ChannelState], object]]] = {
    states.SEND_ITEM: [
        lambda c, s: c.send_item(s, b"\x07", 65),
        lambda c, s: c.send_part(s, b"\x18"),
        lambda c, s: c.send_batch(s, b"\x81\x07", 66),
    ],
    states.SEND_LAST: [lambda c, s: c.send_last(s)],
}


@pytest.mark.parametrize("input_", SENT)
@pytest.mark.parametrize("state", states.STATES)
@pytest.mark.parametrize("role", [INITIATOR, WORKER])
def test_ch_060_ch_050_sending_moves_the_half_or_is_refused_and_sends_nothing(
    role: str, state: str, input_: str
) -> None:
    for send in SENT[input_]:
        connection, channel = with_channel(role)
        if state == states.ENDED:
            connection.send_last(channel)
        elif state == states.CLOSED:
            connection.send_close(channel)
        connection.data_to_send()
        target = states.SEND_HALF.get((state, input_))
        if target is None:
            with pytest.raises(LocalProtocolError, match=f"{input_} is not allowed while sending is {state}"):
                send(connection, channel)
            assert sent(connection) == []
        else:
            send(connection, channel)
            assert channel.sender.state == target
            assert len(sent(connection)) == 1


@pytest.mark.parametrize("ends", ["", "local", "remote", "both"])
@pytest.mark.parametrize("role", [INITIATOR, WORKER])
def test_ch_040_closing_is_possible_whatever_has_ended_and_twice_is_once(role: str, ends: str) -> None:
    connection, channel = with_channel(role)
    if ends in ("local", "both"):
        connection.send_last(channel)
    if ends in ("remote", "both"):
        connection.receive_data(last(1))
    connection.data_to_send()
    connection.send_close(channel)
    connection.send_close(channel, ChannelError("again"))
    assert channel.closed
    assert sent(connection) == [(frames.CHANNEL_CLOSE, 1, b"")]
    assert connection.table.open == {}
