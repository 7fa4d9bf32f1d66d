"""Contents: read once for all, bounded, and only if they are what the walk saw."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_rsync.contents import Changed, Contents, Kept
from xnet_rsync.entries import Entry
from xnet_rsync.messages import STORED
from xnet_rsync.walking import Walk


def entry_of(root: Path, name: str) -> Entry:
    walk = Walk(str(root), lambda path: True)
    return next(entry for listing in walk.listings() for entry in listing.entries if entry.path == name)


def test_a_result_is_made_once_for_many_threads() -> None:
    kept = Kept(1000)
    made: list[int] = []
    inside = threading.Event()
    go_on = threading.Event()

    def make() -> bytes:
        made.append(1)
        inside.set()
        assert go_on.wait(20)
        return b"result"

    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(kept.get("key", make))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert inside.wait(20)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert results == [b"result"] * 5
    assert made == [1]


def test_what_was_not_asked_for_for_longest_is_forgotten_first() -> None:
    kept = Kept(10)
    kept.get(1, lambda: b"12345")
    kept.get(2, lambda: b"12345")
    kept.get(1, lambda: b"wrong")
    kept.get(3, lambda: b"12345")
    assert kept.get(1, lambda: b"again") == b"12345"
    assert kept.get(2, lambda: b"again") == b"again"


def test_a_call_that_fails_is_made_again() -> None:
    kept = Kept(10)

    def fail() -> bytes:
        raise OSError("no")

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            kept.get(1, fail)
    assert kept.get(1, lambda: b"1") == b"1"


def test_a_file_that_was_replaced_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a", "12345")
    entry = entry_of(tmp_path, "a")
    contents = Contents(str(tmp_path))
    assert contents.small(entry) == b"12345"
    write(tmp_path / "b", "54321")
    os.utime(tmp_path / "b", ns=(entry.mtime_ns, entry.mtime_ns))
    (tmp_path / "b").rename(tmp_path / "a")
    with pytest.raises(Changed):
        contents.small(entry)


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "a", "12345")
    entry = entry_of(tmp_path, "a")
    (tmp_path / "a").rename(tmp_path / "secret")
    (tmp_path / "a").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic link"):
        Contents(str(tmp_path)).small(entry)


def test_a_large_file_that_shrinks_while_it_is_sent(tmp_path: Path) -> None:
    write(tmp_path / "a", b"x" * 1_000_000)
    entry = entry_of(tmp_path, "a")
    messages = Contents(str(tmp_path)).stream(entry, STORED)
    next(messages)
    os.truncate(tmp_path / "a", 300_000)
    with pytest.raises(Changed):
        list(messages)
