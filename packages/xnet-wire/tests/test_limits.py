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
    bounded = Limits(memory=100_000)
    assert bounded.as_map()["memory"] == 100_000
    assert repr(bounded).endswith("channels=65536, memory=100000)")


def test_the_cost_of_an_item_is_never_larger_than_the_memory() -> None:
    """Spec: LI-011."""
    assert Limits(memory=70_000).item == 69_936
    assert Limits(memory=70_000, item=100).item == 100


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({"frame": 65_535}, "limits: frame is 65535, expected a number of at least 65536"),
        ({"memory": 0}, "limits: memory is 0, expected a number of at least 65536"),
        ({"memory": 65_535}, "limits: memory is 65535, expected a number of at least 65536"),
        ({"depth": True}, "limits: depth is True, expected a number of at least 64"),
        ({"channels": 2**64}, "limits: channels is 18446744073709551616, expected a number of at least 1"),
    ],
)
def test_numbers_that_may_not_be_announced_are_refused(numbers: dict[str, int], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Limits(**numbers)


def test_what_initiators_take() -> None:
    assert Limits.of_initiator() == Limits(item=2**29, memory=2**29)
    hard = Limits.distrusted()
    assert hard.memory < Limits.of_initiator().memory
    assert hard.item <= hard.memory
    assert hard.channels < limits.CHANNELS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("distrusted", Limits.distrusted()),
        ("memory:1000000", Limits(memory=1_000_000)),
        ("item:100,channels:5", Limits(item=100, channels=5, memory=2**29)),
        ("item:2000000000", Limits(item=2_000_000_000, memory=2_000_000_000)),
        ("depth:64,memory:2000000000", Limits(depth=64, memory=2_000_000_000)),
    ],
)
def test_the_text_of_a_specification(text: str, expected: Limits) -> None:
    assert Limits.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "trusted",
        "memory",
        "memory=5",
        "memory:",
        "memory:-1",
        "memory:1e9",
        "memory:70000,memory:1",
        "credit:1",
    ],
)
def test_a_text_that_means_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="limits=distrusted"):
        Limits.parse(text)


@pytest.mark.parametrize(
    ("memory_bytes", "window"), [(2**64 - 1, 2**20), (2**22, 2**20), (2**20, 2**18), (65_536, 65_536)]
)
def test_the_window_beside_a_limit(memory_bytes: int, window: int) -> None:
    assert limits.window_for(memory_bytes) == window


@pytest.mark.parametrize(
    ("name", "default", "minimum", "maximum"),
    [
        ("frame", limits.FRAME_BYTES, limits.MIN_FRAME_BYTES, None),
        ("item", limits.ITEM_BYTES, 1, None),
        ("depth", limits.DEPTH, limits.MIN_DEPTH, None),
        ("channels", limits.CHANNELS, 1, None),
        ("memory", limits.UNLIMITED_BYTES, limits.MIN_MEMORY_BYTES, None),
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
    assert fixed == {
        "noise": limits.NOISE_BYTES,
        "hello": limits.HELLO_BYTES,
        "part": limits.PART_BYTES,
        "item_overhead": limits.ITEM_COST_BYTES,
        "max_credit": limits.MAX_CREDIT_BYTES,
        "ping": limits.PING_BYTES,
        "terminate_ms": limits.TERMINATE_MS,
        "goaway_text": limits.GOAWAY_TEXT_BYTES,
        "channel_error": limits.CHANNEL_ERROR_BYTES,
    }
