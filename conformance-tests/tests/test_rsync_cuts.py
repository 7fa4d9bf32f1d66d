"""Where contents are cut, worked out by hand; and contents that tell every number of every row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from xnet_conformance import rsync_cuts
from xnet_conformance.rsync_cuts import LEVELS, cut, noise, telling


def test_content_without_markers_is_cut_at_four_times_the_usual_size() -> None:
    assert [len(chunk) for chunk in cut(bytes(12_000), 0)] == [5120, 5120, 1760]
    assert cut(b"", 0) == []


def test_a_marker_is_a_cut_if_the_checksum_before_it_says_so() -> None:
    for filler in range(0, 256, 4):
        data = bytes([filler]) * 396 + b"\5\4\7\4" + bytes([filler]) * 2000
        lengths = [len(chunk) for chunk in cut(data, 0)]
        strong = not zlib.crc32(data[368:400]) & 3
        weak = not zlib.crc32(data[367:399]) & 15
        assert lengths[0] == (400 if strong else 399 if weak else 2400)


def test_noise_is_the_same_each_time_and_for_each_seed_another() -> None:
    assert noise(100)[:50] == noise(50)
    assert noise(50) != noise(50, 2)


def wrong_rows(level: int) -> Iterator[tuple[Any, ...]]:
    """Yield the row with one number changed."""
    least, usual, marker, bits, weak_bits = LEVELS[level]
    other_marker = b"\1\0\3\0" if len(marker) == 5 else b"\1\0\3\0\0"
    yield from ((other, usual, marker, bits, weak_bits) for other in (least - 32, least // 2, 2 * least))
    yield from ((least, other, marker, bits, weak_bits) for other in (usual // 2, usual + 16, 2 * usual))
    yield least, usual, other_marker, bits, weak_bits
    yield from ((least, usual, marker, other, weak_bits) for other in (bits - 1, bits + 1))
    yield from ((least, usual, marker, bits, other) for other in (weak_bits - 1, weak_bits + 1))


@pytest.mark.parametrize("level", range(9))
def test_every_number_of_a_row_decides_a_cut(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content, base = telling(level)
    right = cut(content, level)
    assert set(right) <= set(cut(base, level))
    assert len(cut(base, level)) == 2 * len(right) - 1
    for row in wrong_rows(level):
        monkeypatch.setattr(rsync_cuts, "LEVELS", {level: row})
        assert not set(right) <= set(cut(base, level)), row
