"""The models hold for the tables of the specification, and break with tables that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import model_check
from spec_schema import read_schema
from state_checks import table_of

Table = dict[tuple[str, str], str]


@pytest.fixture
def tables() -> tuple[Table, Table]:
    machines = read_schema(Path(model_check.__file__).resolve().parent.parent).machines
    return table_of(machines["send-half"], "initiator"), table_of(machines["receive-half"], "initiator")


def test_the_life_of_a_channel_has_no_dead_end(tables: tuple[Table, Table]) -> None:
    assert model_check.check_life(*tables) > 100


def test_sending_after_the_last_message_would_be_an_error_at_the_peer(tables: tuple[Table, Table]) -> None:
    send, receive = tables
    send["ended", "SEND_ITEM"] = "ended"
    with pytest.raises(model_check.Broken, match="RECV_ITEM is STATE_VIOLATION"):
        model_check.check_life(send, receive)


def test_a_second_last_message_would_be_an_error_at_the_peer(tables: tuple[Table, Table]) -> None:
    send, receive = tables
    send["open", "SEND_LAST"] = "open"
    with pytest.raises(model_check.Broken, match=r"RECV_(ITEM|LAST) is STATE_VIOLATION"):
        model_check.check_life(send, receive)


def test_late_frames_have_to_be_ignored(tables: tuple[Table, Table]) -> None:
    send, receive = tables
    receive["closed", "RECV_ITEM"] = "STATE_VIOLATION"
    with pytest.raises(model_check.Broken, match="RECV_ITEM is STATE_VIOLATION"):
        model_check.check_life(send, receive)


def test_a_close_that_the_peer_does_not_take_leaves_it_open(tables: tuple[Table, Table]) -> None:
    send, receive = tables
    send["open", "RECV_CLOSE"] = "open"
    with pytest.raises(model_check.Broken, match="only one half is closed"):
        model_check.check_life(send, receive)


def test_channels_that_cannot_be_closed_after_the_last_message_stay_for_ever(
    tables: tuple[Table, Table],
) -> None:
    send, receive = tables
    send["ended", "SEND_CLOSE"] = "local"
    with pytest.raises(model_check.Broken, match="there is no way on"):
        model_check.check_life(send, receive)


@pytest.mark.parametrize("window", [2, 5, 8, 9])
def test_a_frame_of_half_the_window_can_always_be_sent_at_last(window: int) -> None:
    """FC-014 and FC-020 together."""
    assert model_check.check_credit(window, window // 2) > window


@pytest.mark.parametrize("window", [5, 8, 9])
def test_a_larger_frame_could_wait_for_ever(window: int) -> None:
    """Why FC-020: the receiver may keep less than half of the window to itself."""
    with pytest.raises(model_check.Broken, match="there is no way on"):
        model_check.check_credit(window, window - window // 2 + 2)
