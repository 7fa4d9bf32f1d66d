"""What the tests of this package share: generated items, exact comparison, deliveries, deep stacks."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st

# The machine is shared: a slow moment is no failure. The long form of these tests: XNET_FUZZ=1.
settings.register_profile("wire", deadline=None, max_examples=150)
settings.register_profile("wire-fuzz", deadline=None, max_examples=20_000)

integers = st.one_of(
    st.integers(),
    st.integers(-(2**80), 2**80),
    st.sampled_from(
        [s * 2**b + d for b in (7, 8, 15, 16, 31, 32, 63, 64) for s in (1, -1) for d in (-1, 0, 1)]
    ),
)
floats = st.floats(allow_nan=True, allow_infinity=True)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    integers,
    floats,
    st.complex_numbers(allow_nan=True),
    st.text(max_size=20),
    st.binary(max_size=20),
)
hashables: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3).map(tuple), st.frozensets(inner, max_size=3)),
    max_leaves=5,
)
items: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(hashables, inner, max_size=5),
        st.sets(hashables, max_size=4),
        st.frozensets(hashables, max_size=4),
    ),
    max_leaves=20,
)


class Reference:
    """What stands for a channel: equal by id, as VA-022 wants it."""

    def __init__(self, number: int) -> None:
        self.id = number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Reference({self.id})"


def reference_id(reference: object) -> int | None:
    assert isinstance(reference, Reference)
    return reference.id or None


references = st.builds(Reference, st.integers(1, 2**32 - 1))
items_with_references: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, references),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(scalars, references), inner, max_size=4),
        st.frozensets(references, max_size=3),
    ),
    max_leaves=10,
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


def deliveries(data: bytes) -> Iterator[list[bytes]]:
    """Yield the same bytes cut in different ways: whole, byte by byte, in two at every place."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for cut in range(1, min(len(data), 200)):
        yield [data[:cut], data[cut:]]


def _frames_left(count: int) -> int:
    return count if count == 0 else _frames_left(count - 1)


def on_a_full_stack(call: Callable[[], object]) -> list[object]:
    """Call something with less and less of the Python stack left; return what came of it.

    Counted are the calls made where at least six frames were left, so where a function that is
    called can be expected to begin its work.
    """
    results: list[object] = []

    def descend(left: int) -> None:
        if left:
            descend(left - 1)
            return
        _frames_left(6)  # raises where the stack is too full to ask
        try:
            results.append(call())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results.append(error)

    limit = sys.getrecursionlimit()

    def fill() -> None:
        for depth in range(limit - 150, limit + 10):
            descend(depth)

    with pytest.raises(RecursionError):
        fill()
    assert results
    return results


def specification(name: str) -> str:
    """Return the text of a file of the specification, which is there in the repository only."""
    path = Path(__file__).parents[3] / "protocol-spec" / name
    if not path.exists():
        pytest.skip("protocol-spec is not here: the package is tested alone")
    return path.read_text(encoding="utf-8")


def registry(section: str) -> list[dict[str, str]]:
    """Return the rows ``- {key: value, ...}`` of one section of the registry, values as text.

    A few lines instead of a YAML parser, which this package does not need otherwise. Only the
    fields before the first text with a comma in it are asked for.
    """
    lines = iter(specification("schema/registry.yaml").splitlines())
    for line in lines:
        if line == f"{section}:":
            break
    rows = []
    for line in lines:
        if line and not line.startswith((" ", "#")):
            break
        if line.startswith("  - {"):
            pairs = (pair.partition(": ") for pair in line[5:-1].split(", "))
            rows.append({key: value.strip('"') for key, separator, value in pairs if separator})
        elif line.startswith("  - "):
            key, _, value = line[4:].partition(": ")
            rows.append({key: value})
        elif line.startswith("    ") and rows:
            key, _, value = line.strip().partition(": ")
            rows[-1][key] = value
    assert rows, f"the registry has no section {section}"
    return rows
