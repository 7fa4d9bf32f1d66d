"""The compiled cutter against the receiver's."""

from __future__ import annotations

from random import Random

import pytest

pytest.importorskip("xnet_speedups._chunks", reason="xnet-speedups was installed without its compiled part")
cuts = pytest.importorskip("xnet_rsync.receiver.cuts", reason="compared with xnet-rsync, which is not here")

from xnet_speedups import chunks  # noqa: E402 - needs the module that was looked for


def make_content(random: Random) -> bytes:
    """Return bytes with many markers or few, in which other bytes decide, or none do."""
    size = random.choice((0, 1, 31, 255, 256, 257, 1000, 5000, 70_000, 300_000))
    kind = random.randrange(4)
    if kind == 0:
        return random.randbytes(size)
    if kind == 1:
        return (b"\1\0\3\0\0" * (size // 5 + 1))[:size]
    if kind == 2:
        return bytes(random.choices(b"\0\1\3", k=size))
    return b"a line of text\n" * (size // 15)


def test_rs_050_the_cuts_are_the_same() -> None:
    for number in range(300):
        random = Random(number)
        data = make_content(random)
        level = random.randrange(5)

        def read(size: int, offset: int, data: bytes = data) -> bytes:
            return data[offset : offset + size]

        pure = [(offset, bytes(chunk)) for offset, chunk in cuts.cut(read, 0, len(data), level)]
        compiled = chunks.cut(read, 0, len(data), cuts.LEVELS[level], cuts.WEAK_MARKER)
        assert [(offset, bytes(chunk)) for offset, chunk in compiled] == pure, (
            f"content {number}, level {level}"
        )


def test_a_file_that_became_shorter_ends_the_cutting() -> None:
    level, marker = cuts.LEVELS[0], cuts.WEAK_MARKER
    got = list(chunks.cut(lambda size, offset: b"x" * max(0, 700 - offset), 0, 5000, level, marker))
    assert sum(len(chunk) for _, chunk in got) == 700
