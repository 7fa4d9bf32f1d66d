"""Tests of `xnet_channel.core.batches`.

Spec: CH-034.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import examples
from xnet_channel.core.batches import longest_item
from xnet_wire import values

items = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.binary(max_size=300)
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=30)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=25)
    ),
    max_leaves=40,
)


@given(st.lists(items, min_size=1, max_size=30))
@examples(100)
def test_ch_034_the_longest_item_of_a_batch(batch: list[Any]) -> None:
    encoded = [values.encode(item) for item in batch]
    assert longest_item(values.encode_batch(encoded)) == max(map(len, encoded))


@given(st.binary(max_size=60))
@examples(150)
def test_any_bytes_have_a_longest_item(payload: bytes) -> None:
    for data in (payload, b"\x83" + payload, b"\x9b" + b"\xff" * 8 + payload):
        assert 0 <= longest_item(data) <= len(data)


@pytest.mark.parametrize(
    ("payload", "longest"),
    [
        (b"", 0),
        (b"\x80", 0),
        (b"\x82\x01", 1),
        (b"\x82\x01\x5a\x7f\xff\xff\xff", 1),
        (b"\x82\x01\x9b" + b"\xff" * 8, 1),
        (b"\x81\xbb" + b"\xff" * 8, 0),
        (b"\x81\xc2\x41\x01", 3),
        (b"\x81\xf9\x3c\x00", 3),
    ],
)
def test_what_is_incomplete_does_not_count(payload: bytes, longest: int) -> None:
    assert longest_item(payload) == longest
