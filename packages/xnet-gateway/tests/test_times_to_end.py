"""How the time to end is shared out."""

from __future__ import annotations

import pytest

from xnet_gateway.times_to_end import times_to_end_ms
from xnet_wire.limits import TERMINATE_MS


@pytest.mark.parametrize(
    ("timeout_s", "finish_ms", "interrupt_ms"),
    [(None, None, None), (0, 0, 0), (-1, 0, 0), (1, 450, 450), (10, 4500, 4500), (61, 50_000, 10_000)],
)
def test_gr_013_the_times_leave_room_for_last_words(
    timeout_s: float | None, finish_ms: int | None, interrupt_ms: int | None
) -> None:
    assert times_to_end_ms(timeout_s) == (finish_ms, interrupt_ms)


@pytest.mark.parametrize("timeout_s", [1e6, 1e300, float("inf")])
def test_no_time_is_too_long_to_be_sent(timeout_s: float) -> None:
    finish_ms, interrupt_ms = times_to_end_ms(timeout_s)
    assert finish_ms is not None
    assert interrupt_ms == 10_000
    assert finish_ms <= TERMINATE_MS
