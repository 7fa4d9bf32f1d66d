"""Compressing: the best that both sides have, and nothing where it gains nothing."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, compression
from xnet_rsync.compression import STORED, ZLIB, ZSTD
from xnet_rsync.receiver.decompression import find_compressions, unpack
from xnet_rsync.receiver.refusals import Refused

METHODS = [ZLIB, *([ZSTD] if compression.available() else [])]


@pytest.mark.parametrize("method", METHODS)
def test_what_does_not_compress_is_stored(method: int) -> None:
    noise = os.urandom(10_000)
    assert compression.compress(noise, method) == (STORED, noise)
    assert compression.compress(b"a" * 10, method) == (STORED, b"a" * 10)
    found, packed = compression.compress(b"a" * 10_000, method)
    assert found == method
    assert len(packed) < 100


@pytest.mark.parametrize("method", METHODS)
def test_the_receiver_undoes_it_within_bounds(method: int) -> None:
    found, packed = compression.compress(b"a" * 10_000, method)
    assert bytes(unpack(found, b"xx" + packed, 2, 10_000)) == b"a" * 10_000
    for size in (9_999, 10_001, 0, 2**30):
        with pytest.raises(Refused):
            unpack(found, packed, 0, size)
    for wrong in (packed[:-3], b"", packed + b"x", b"nonsense"):
        with pytest.raises(Exception):  # noqa: B017, PT011 - any error ends the sync, none may be overlooked
            unpack(found, wrong, 0, 10_000)


def test_zstd_is_used_if_both_have_it() -> None:
    if not compression.available():
        pytest.skip("needs zstd: Python 3.14 or the package zstandard, which are not here")
    assert compression.choose(["zstd"]) == ZSTD
    assert compression.choose([]) == ZLIB
    assert compression.choose(None) == ZLIB
    assert compression.choose(["other"]) == ZLIB
    assert find_compressions(["zstd", "other"]) == ["zstd"]
    assert find_compressions([]) == []


def test_rs_010_a_sync_uses_zstd_if_both_have_it(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compression.available():
        pytest.skip("needs zstd: Python 3.14 or the package zstandard, which are not here")
    chosen: list[int] = []
    choose = compression.choose

    def look(understood: object) -> int:
        chosen.append(choose(understood))
        return chosen[-1]

    monkeypatch.setattr(compression, "choose", look)
    text = b"a line like any other\n" * 50_000
    write(tmp_path / "source" / "text", text)
    rsync = RSync(tmp_path / "source", verbose=False, compress=True)
    rsync.add_target(gateway, tmp_path / "copy")
    result = rsync.send()
    assert result is not None
    assert chosen == [ZSTD]
    assert (tmp_path / "copy" / "text").read_bytes() == text
    assert result.targets[0].bytes_sent < len(text) / 50


def test_threads_compress_at_the_same_time() -> None:
    bodies = [bytes([number]) * 50_000 + os.urandom(1000) for number in range(8)]
    results: dict[int, tuple[int, bytes]] = {}

    def work(number: int) -> None:
        for _ in range(20):
            results[number] = compression.compress(bodies[number], METHODS[-1])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    for number, (method, packed) in results.items():
        assert bytes(unpack(method, packed, 0, 51_000)) == bodies[number]
