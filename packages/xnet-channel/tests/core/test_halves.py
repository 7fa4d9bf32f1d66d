"""Tests of `xnet_channel.core.halves`.

Spec: FC-005, FC-011, FC-012, FC-014, FC-015, FC-016, FC-040.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import account, examples
from xnet_channel.core import states
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.halves import ReceiveHalf, SendHalf
from xnet_wire import codes
from xnet_wire.limits import MAX_CREDIT_BYTES


def test_fc_012_credit_may_reach_the_maximum_and_not_pass_it() -> None:
    half = SendHalf(100)
    half.grant(MAX_CREDIT_BYTES - 100)
    assert half.credit == MAX_CREDIT_BYTES
    with pytest.raises(RemoteProtocolError, match=r"granted 1 bytes on top of 2147483647") as caught:
        half.grant(1)
    assert caught.value.code == codes.CREDIT_OVERFLOW
    assert half.credit == MAX_CREDIT_BYTES


def test_fc_005_a_frame_may_use_the_credit_up_and_not_one_byte_more() -> None:
    half = ReceiveHalf(100, account())
    assert half.arrive(40) == 40
    assert half.arrive(60) == 100
    with pytest.raises(RemoteProtocolError, match=r"costs 1 bytes of credit but had only 0 left") as caught:
        half.arrive(1)
    assert caught.value.code == codes.CREDIT_OVERDRAWN
    assert half.arrived == 100


def take(half: ReceiveHalf) -> None:
    half.consumed, _, kept_bytes = half.items.popleft()
    half.account.kept_bytes -= kept_bytes


def test_fc_014_fc_015_credit_returns_when_half_of_the_window_is_due_and_not_before() -> None:
    half = ReceiveHalf(101, account())  # half of it, rounded down, is 50
    for cost in (49, 1, 51):
        half.items.append((half.arrive(cost), None, cost))
    take(half)
    assert half.maybe_grant() is None
    take(half)
    assert half.maybe_grant() == 50
    assert half.maybe_grant() is None
    take(half)
    assert half.maybe_grant() == 51


def test_fc_014_with_no_complete_item_waiting_parts_are_due_as_they_arrive() -> None:
    half = ReceiveHalf(100, account())
    half.arrive(60)
    assert half.maybe_grant() == 60
    half.items.append((half.arrive(40), None, 40))
    half.arrive(60)  # the beginning of the next item
    assert half.maybe_grant() is None
    take(half)
    assert half.maybe_grant() == 100


def test_fc_040_relieved_all_that_arrived_is_due() -> None:
    half = ReceiveHalf(100, account())
    half.items.append((half.arrive(80), None, 80))
    assert half.maybe_grant() is None
    half.relieved = 1
    assert half.maybe_grant() == 80
    half.relieved = 0
    take(half)
    assert half.maybe_grant() is None  # nothing twice. Spec: FC-011


def test_items_nobody_takes_count_no_more() -> None:
    half = ReceiveHalf(100, account())
    half.items.append((half.arrive(80), None, 80))
    for _ in range(2):
        half.drop_items()
        assert half.account.kept_bytes == 0
        assert not half.items


def test_fc_016_no_credit_for_a_half_that_has_ended() -> None:
    half = ReceiveHalf(100, account())
    half.arrive(100)
    half.step(states.RECV_LAST)
    assert half.maybe_grant() is None


@given(
    st.integers(2, 1000),
    st.lists(st.tuples(st.sampled_from(["arrive", "part", "take", "relieve", "stop"]), st.integers(1, 700))),
)
@examples(100)
def test_fc_011_the_totals_keep_their_order(window: int, steps: list[tuple[str, int]]) -> None:
    """Also that more is never returned than was used up."""
    half = ReceiveHalf(window, account())
    returned = 0
    for step, count in steps:
        before = half.arrived
        if step in ("arrive", "part"):
            room = window - (half.arrived - half.granted)
            try:
                total = half.arrive(count)
            except RemoteProtocolError:
                assert count > room
                assert half.arrived == before
            else:
                assert count <= room
                if step == "arrive":
                    half.items.append((total, None, count))
        elif step == "take" and half.items:
            take(half)
        elif step in ("relieve", "stop"):
            half.relieved = max(0, half.relieved + (1 if step == "relieve" else -1))
        granted = half.maybe_grant()
        assert granted is None or granted >= window // 2
        returned += granted or 0
        assert returned == half.granted
        assert half.granted <= half.arrived <= half.granted + window
        assert half.consumed <= half.arrived
