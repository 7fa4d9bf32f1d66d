"""Tests of `xnet_channel.core.channel_table`.

Spec: CH-001, CH-003, CH-008, CH-009, CH-010, CH-011, CH-016, FC-040, LI-005.
"""

from __future__ import annotations

import pytest

from xnet_channel.core import states
from xnet_channel.core.channel_table import ChannelTable
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes
from xnet_wire.limits import MAX_CHANNEL_ID, UNLIMITED_BYTES


def table(role: str = WORKER, limit: int = 100) -> ChannelTable:
    return ChannelTable(role, 1000, limit, UNLIMITED_BYTES)


@pytest.mark.parametrize(("role", "ids"), [(INITIATOR, [1, 3, 5]), (WORKER, [2, 4, 6])])
def test_ch_001_ids_ascend_with_the_parity_of_the_role(role: str, ids: list[int]) -> None:
    channels = table(role)
    assert [channels.new_local().id for _ in ids] == ids


def test_ch_008_the_id_of_a_closed_channel_is_not_used_again() -> None:
    channels = table()
    channels.forget(channels.new_local())
    assert channels.new_local().id == 4


@pytest.mark.parametrize(("role", "last"), [(INITIATOR, MAX_CHANNEL_ID), (WORKER, MAX_CHANNEL_ID - 1)])
def test_ch_003_used_up_ids_are_a_local_error(role: str, last: int) -> None:
    channels = table(role)
    channels._next_local = last
    assert channels.new_local().id == last
    for _ in range(2):
        with pytest.raises(LocalProtocolError, match="used up its channel ids"):
            channels.new_local()
    assert list(channels.open) == [last]


def test_ch_011_li_005_no_more_channels_of_ours_than_the_peer_takes() -> None:
    channels = table()
    channels.local_limit = 2
    first = channels.new_local()
    channels.new_local()
    with pytest.raises(LocalProtocolError, match="2 channels made by this side are open"):
        channels.new_local()
    channels.forget(first)
    channels.forget(first)
    assert channels.new_local().id == 6
    with pytest.raises(LocalProtocolError):
        channels.new_local()


def test_ch_011_no_more_channels_of_the_peer_than_announced() -> None:
    channels = table(limit=2)
    first = channels.new_peer(1)
    channels.new_peer(3)
    channels.new_local()  # ours do not count
    with pytest.raises(RemoteProtocolError, match="2 channels open") as caught:
        channels.new_peer(5)
    assert caught.value.code == codes.LIMIT_EXCEEDED
    channels.forget(first)
    channels.new_peer(5)


@pytest.mark.parametrize(
    ("id_", "code"),
    [
        (2, codes.ROLE_VIOLATION),
        (0, codes.ROLE_VIOLATION),
        (9, codes.STATE_VIOLATION),
        (7, codes.STATE_VIOLATION),
        (5, codes.STATE_VIOLATION),
    ],
)
def test_ch_008_ch_009_which_ids_are_refused(id_: int, code: int) -> None:
    """Of the receiver's parity; the last that was opened, skipped, or gone."""
    channels = table()
    channels.forget(channels.new_peer(5))
    channels.new_peer(9)
    with pytest.raises(RemoteProtocolError, match=f"channel id {id_}|channel {id_}") as caught:
        channels.new_peer(id_)
    assert caught.value.code == code


@pytest.mark.parametrize("role", [INITIATOR, WORKER])
def test_ch_016_unborn_open_and_gone(role: str) -> None:
    channels = table(role)
    ours, theirs = (1, 2) if role == INITIATOR else (2, 1)
    for id_ in (ours, theirs, theirs + 2**20):
        with pytest.raises(RemoteProtocolError, match=f"nobody has opened channel {id_}") as caught:
            channels.find(id_)
        assert caught.value.code == codes.STATE_VIOLATION
    mine, other = channels.new_local(), channels.new_peer(theirs + 4)
    assert channels.find(ours) is mine
    assert channels.find(theirs + 4) is other
    assert channels.find(theirs + 2) is None  # skipped
    for channel in (mine, other):
        channels.forget(channel)
        assert channels.find(channel.id) is None
        with pytest.raises(RemoteProtocolError):
            channels.find(channel.id + 2)


@pytest.mark.parametrize("role", [INITIATOR, WORKER])
def test_ch_010_the_table_of_references(role: str) -> None:
    channels = table(role)
    ours, theirs = (1, 2) if role == INITIATOR else (2, 1)
    mine, opened = channels.new_local(), channels.new_peer(theirs)
    for channel in (mine, opened):
        assert channels.referenced(channel.id) is channel
        channel.sender.state = channel.receiver.state = states.CLOSED
        channels.forget(channel)
        closed = channels.referenced(channel.id)
        assert closed is channel
        assert closed.closed
        assert closed.id == channel.id
    assert channels.open == {}
    for wrong in (ours + 2, theirs + 2, 0, 2**32, 2**32 + 1, 2**64):
        with pytest.raises(RemoteProtocolError, match=f"channel {wrong}") as caught:
            channels.referenced(wrong)
        assert caught.value.code == codes.VALUE_MALFORMED


def test_fc_040_a_channel_that_opens_meanwhile_is_relieved_too() -> None:
    channels = table()
    channels.relieved = 2
    assert channels.new_local().receiver.relieved == 2
    assert channels.new_peer(1).receiver.relieved == 2


def test_ch_010_ch_017_references_to_a_closed_channel_are_one_object_while_it_is_held() -> None:
    channels = table(limit=3)
    for id_ in (1, 3, 5, 7):
        channels.forget(channels.new_peer(id_))
    first = channels.referenced(1)
    assert first.closed
    assert channels.referenced(1) is first
    held = [channels.referenced(id_) for id_ in (3, 5)]
    with pytest.raises(RemoteProtocolError, match="more than 3 channels that are closed") as caught:
        channels.referenced(7)
    assert caught.value.code == codes.LIMIT_EXCEEDED
    del held
    assert channels.referenced(7).closed


def test_ch_010_a_channel_that_nobody_holds_any_more_is_a_new_closed_one() -> None:
    channels = table()
    channels.forget(channels.new_peer(1))
    closed = channels.referenced(1)
    assert closed.closed
    assert channels.referenced(1) is closed
