"""Items for tests of the bare worker, and their exact comparison."""

from __future__ import annotations

import struct
from typing import Any

from hypothesis import strategies as st

integers = st.one_of(
    st.integers(),
    st.sampled_from(
        [s * 2**b + d for b in (7, 8, 15, 16, 31, 32, 63, 64, 400) for s in (1, -1) for d in (-1, 0, 1)]
    ),
)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    st.floats(),
    st.complex_numbers(allow_nan=True),
    st.text(),
    st.binary(),
)
hashables: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=5,
)
items: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=30),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(hashables, inner, max_size=5),
        st.sets(hashables, max_size=4),
        st.frozensets(hashables, max_size=4),
    ),
    max_leaves=30,
)


def exactly(item: Any) -> Any:
    """Return a form of an item that is equal only if the items are: by type, sign and order."""
    kind = type(item).__name__
    if isinstance(item, float):
        return (kind, "nan" if item != item else struct.pack(">d", item))
    if isinstance(item, complex):
        return (kind, exactly(item.real), exactly(item.imag))
    if isinstance(item, (list, tuple)):
        return (kind, [exactly(member) for member in item])
    if isinstance(item, dict):
        return (kind, [(exactly(key), exactly(value)) for key, value in item.items()])
    if isinstance(item, (set, frozenset)):
        return (kind, sorted((exactly(member) for member in item), key=repr))
    return (kind, item)
