from __future__ import annotations

from wire_strategies import registry
from xnet_wire import value_types
from xnet_wire.value_types import CONTAINERS, SCALARS, SENDABLE_SCALARS, TAG_NAMES


def test_tags_are_those_of_the_registry() -> None:
    assert {int(row["tag"]) for row in registry("tags")} == set(TAG_NAMES)
    tags = {value for name, value in vars(value_types).items() if name.endswith("_TAG")}
    assert tags == set(TAG_NAMES)


def test_the_set_of_types_is_closed() -> None:
    assert {
        type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset
    } == SCALARS | CONTAINERS  # fmt: skip
    assert {bytearray} == SENDABLE_SCALARS - SCALARS
    assert not SCALARS & CONTAINERS
