"""Whether two values are the same: sets without order; dicts with and without."""

from __future__ import annotations

from typing import Any

from xnet_conformance.values import SEQUENCES, Value


def canonical(value: Value, *, ordered: bool = False) -> Any:
    """Return something that is equal for the same values, and that can be sorted.

    Args:
        value: Any value.
        ordered: Whether dicts with the same entries in another order are different.
    """
    kind, content = value.kind, value.content
    if kind == "dict":
        pairs = [(canonical(k, ordered=ordered), canonical(v, ordered=ordered)) for k, v in content]
        return kind, tuple(pairs if ordered else sorted(pairs, key=repr))
    if kind in SEQUENCES:
        elements = [canonical(element, ordered=ordered) for element in content]
        return kind, tuple(sorted(elements, key=repr) if kind.endswith("set") else elements)
    return kind, content


def same(one: Value, other: Value) -> bool:
    """Say whether a receiver could not tell them apart, apart from the order of dicts."""
    return bool(canonical(one) == canonical(other))


def same_order(one: Value, other: Value) -> bool:
    """Say whether they are the same and dicts have their entries in the same order. Spec: VA-009."""
    return bool(canonical(one, ordered=True) == canonical(other, ordered=True))
