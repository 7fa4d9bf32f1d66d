"""Results are made once, kept while there is room, and made again after that."""

from __future__ import annotations

import threading

import pytest

from xnet_rsync.memo import Memo


def test_a_result_is_made_once_for_many_threads() -> None:
    kept = Memo(1000)
    made: list[int] = []
    inside = threading.Event()
    go_on = threading.Event()

    def make() -> bytes:
        made.append(1)
        inside.set()
        assert go_on.wait(200)
        return b"result"

    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(kept.get("key", make))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert inside.wait(200)
    go_on.set()
    for thread in threads:
        thread.join(200)
    assert results == [b"result"] * 5
    assert made == [1]


def test_what_was_made_first_is_forgotten_first() -> None:
    kept = Memo(10)
    kept.get(1, lambda: b"12345")
    kept.get(2, lambda: b"12345")
    assert kept.get(1, lambda: b"wrong") == b"12345"
    kept.get(3, lambda: b"12345")
    assert kept.get(2, lambda: b"wrong") == b"12345"
    assert kept.get(1, lambda: b"again") == b"again"


def test_a_call_that_fails_is_made_again() -> None:
    kept = Memo(10)

    def fail() -> bytes:
        raise OSError("no")

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            kept.get(1, fail)
    assert kept.get(1, lambda: b"1") == b"1"
