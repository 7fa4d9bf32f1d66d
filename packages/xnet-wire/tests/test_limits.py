from __future__ import annotations

import pytest

from wire_strategies import registry
from xnet_wire import limits
from xnet_wire.limits import Limits


def test_limits_compare_by_value() -> None:
    assert Limits() == Limits(limits.FRAME_BYTES, limits.ITEM_BYTES, limits.DEPTH, limits.CHANNELS)
    assert Limits(depth=64) != Limits()
    assert Limits() != "limits"
    assert len({Limits(), Limits(), Limits(depth=64)}) == 2


def test_limits_are_announced_by_name() -> None:
    announced = Limits(65536, 70000, 64, 2)
    assert announced.as_map() == {"frame": 65536, "item": 70000, "depth": 64, "channels": 2}
    assert repr(announced) == "Limits(frame=65536, item=70000, depth=64, channels=2)"


@pytest.mark.parametrize(
    ("name", "default", "minimum", "maximum"),
    [
        ("frame", limits.FRAME_BYTES, limits.MIN_FRAME_BYTES, None),
        ("item", limits.ITEM_BYTES, 1, None),
        ("depth", limits.DEPTH, limits.MIN_DEPTH, None),
        ("channels", limits.CHANNELS, 1, None),
        ("credit", limits.CREDIT_BYTES, limits.MIN_CREDIT_BYTES, limits.MAX_CREDIT_BYTES),
    ],
)
def test_announced_limits_are_those_of_the_registry(
    name: str, default: int, minimum: int, maximum: int | None
) -> None:
    row = next(row for row in registry("limits") if row["name"] == name)
    assert int(row["default"]) == default
    assert int(row["minimum"]) == minimum
    assert row.get("maximum") == (None if maximum is None else str(maximum))


def test_fixed_limits_are_those_of_the_registry() -> None:
    fixed = {row["name"]: int(row["value"]) for row in registry("fixed_limits")}
    del fixed["id_gaps"]  # of channels, not of this package
    assert fixed == {
        "noise": limits.NOISE_BYTES,
        "hello": limits.HELLO_BYTES,
        "part": limits.PART_BYTES,
        "item_overhead": limits.ITEM_COST_BYTES,
        "max_credit": limits.MAX_CREDIT_BYTES,
        "ping": limits.PING_BYTES,
        "goaway_text": limits.GOAWAY_TEXT_BYTES,
        "error_text": limits.ERROR_TEXT_BYTES,
    }
