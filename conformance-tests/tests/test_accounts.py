"""What frames cost. Spec: FC-002."""

from __future__ import annotations

import pytest

from runner_peer import Peer, cbor, item
from xnet_conformance.accounts import cost_of
from xnet_conformance.frames import Frame, frame


@pytest.mark.parametrize(
    ("one", "cost"),
    [
        (frame("CHANNEL_DATA", 1, b"\x01"), 65),
        (frame("CHANNEL_PART", 1, b"abc"), 3),
        (frame("CHANNEL_BATCH", 1, b"\x82\x01\x02"), 3 + 2 * 64),
        (frame("CHANNEL_BATCH", 1, b"\xff\xff"), 2),  # no batch: judged elsewhere, and not for free
        (frame("CHANNEL_LAST_MESSAGE", 1), 0),
        (frame("CHANNEL_CREDIT", 1, b"\x18\x40"), 0),
        (frame("PING", 0, b"12345678"), 0),
    ],
    ids=lambda value: value.name if isinstance(value, Frame) else "",
)
def test_what_a_frame_costs(one: Frame, cost: int) -> None:
    assert cost_of(one) == cost


def test_an_account_follows_what_both_sides_send(peer: Peer) -> None:
    window = 1_048_576
    peer.session.send(item(1, 5))
    peer.say(
        frame("CHANNEL_CREDIT", 1, cbor(40)),
        frame("CHANNEL_PART", 1, b"\x82"),
        frame("CHANNEL_DATA", 1, b"\1\2"),
    )
    account = peer.session.account(1)
    assert (account.ours_spent, account.ours_left, account.returned) == (65, window - 25, 40)
    assert (account.theirs_spent, account.theirs_left) == (67, window - 67)
    assert (account.due, account.part_sizes, account.steps) == (67, [1], [40])
    peer.say(frame("CHANNEL_CLOSE", 1))
    assert (account.theirs_closed, account.ours_closed) == (True, False)
