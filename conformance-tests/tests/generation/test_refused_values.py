"""What is nearly right: bytes and names once each, and a depth that is one too much."""

from __future__ import annotations

from xnet_conformance.cbor_reading import read_value
from xnet_conformance.generation.odd_values import at_depth
from xnet_conformance.generation.refused_values import refused_values

FOUND = list(refused_values())


def test_names_are_unique() -> None:
    assert len({name for name, _ in FOUND}) == len(FOUND) > 150


def test_what_is_too_deep_is_a_value_but_for_that() -> None:
    """Spec: VA-023."""
    deep = dict(FOUND)
    for name in at_depth(513):
        read_value(bytes.fromhex(deep[f"too-deep.{name}"]))


def test_each_pair_of_equal_keys_is_of_two_encodings() -> None:
    """Spec: VA-022."""
    assert len([name for name, _ in FOUND if name.startswith("equal.")]) > 30
    assert len({text for _, text in FOUND}) == len(FOUND)
