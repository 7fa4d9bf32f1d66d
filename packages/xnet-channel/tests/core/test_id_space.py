"""Tests of `xnet_channel.core.id_space`.

Spec: CH-001, CH-002, CH-006, CH-007.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import examples
from xnet_channel.core import id_space
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.id_space import MAX_GAPS, STRIDE, IdSpace
from xnet_wire.limits import MAX_CHANNEL_ID


@pytest.mark.parametrize("first", [1, 2])
def test_ch_001_a_space_owns_every_second_id(first: int) -> None:
    space = IdSpace(first)
    assert [space.owns(id_) for id_ in range(first, first + 4)] == [True, False, True, False]
    assert space.owns(MAX_CHANNEL_ID) is (first == 1)


@given(st.sampled_from([1, 2]), st.lists(st.integers(0, 40)))
@examples(150)
def test_ch_002_ch_006_it_remembers_exactly_what_was_marked_in_any_order(
    first: int, marks: list[int]
) -> None:
    space = IdSpace(first)
    seen: set[int] = set()
    for mark in marks:
        space.mark(first + STRIDE * mark)
        seen.add(mark)
        assert {n for n in range(45) if space.seen(first + STRIDE * n)} == seen


@given(st.sets(st.integers(0, 60)), st.integers(0, 8))
@examples(100)
def test_ch_007_one_gap_too_many_is_refused(ids: set[int], most: int) -> None:
    space = IdSpace(1)
    usual, id_space.MAX_GAPS = id_space.MAX_GAPS, most  # type: ignore[misc]
    gaps = sum(1 for id_ in ids if id_ and id_ - 1 not in ids)
    refused = contextlib.nullcontext() if gaps <= most else pytest.raises(RemoteProtocolError, match="gaps")
    try:
        with refused:
            for id_ in sorted(ids):
                space.mark(1 + STRIDE * id_)
    finally:
        id_space.MAX_GAPS = usual  # type: ignore[misc]


def test_ch_006_as_many_gaps_as_may_be_and_quickly() -> None:
    """65,536 gaps are accepted; looking through them is no work that a peer could make us do."""
    space = IdSpace(1)
    for n in range(1, MAX_GAPS + 1):
        space.mark(1 + 4 * n)
    with pytest.raises(RemoteProtocolError, match="65536 gaps"):
        space.mark(1 + 4 * (MAX_GAPS + 1))
    for n in range(0, MAX_GAPS, 7):
        assert not space.seen(3 + 4 * n)
        assert n == 0 or space.seen(1 + 4 * n)
    space.mark(3)  # the first gap is 1 to 3; it gets smaller
    space.mark(1)
    space.mark(1 + 4 * (MAX_GAPS + 1))
    with pytest.raises(RemoteProtocolError):
        space.mark(1 + 4 * (MAX_GAPS + 2))


def test_the_highest_id_is_an_id() -> None:
    space = IdSpace(1)
    space.mark(MAX_CHANNEL_ID)
    assert space.seen(MAX_CHANNEL_ID)
    assert not space.seen(MAX_CHANNEL_ID - 2)
    space.mark(MAX_CHANNEL_ID - 2)
    assert space.seen(MAX_CHANNEL_ID - 2)
