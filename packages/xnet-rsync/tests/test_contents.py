"""Contents: read once for all, bounded, and only if they are what the walk saw."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_rsync.compression import STORED
from xnet_rsync.contents import Changed, Contents
from xnet_rsync.entries import Entry
from xnet_rsync.walk import Walk


def entry_of(root: Path, name: str) -> Entry:
    walk = Walk(str(root), lambda path: True)
    return next(entry for listing in walk.listings() for entry in listing.entries if entry.path == name)


def test_a_file_that_was_replaced_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "a", "12345")
    entry = entry_of(tmp_path, "a")
    assert Contents(str(tmp_path)).small(entry) == b"12345"
    write(tmp_path / "b", "54321")
    os.utime(tmp_path / "b", ns=(entry.mtime_ns, entry.mtime_ns))
    (tmp_path / "b").rename(tmp_path / "a")
    with pytest.raises(Changed):
        Contents(str(tmp_path)).small(entry)


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


def test_what_tells_files_apart_is_read_once_for_all_targets(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"x" * 1_000_000)
    entry = entry_of(tmp_path, "a")
    contents = Contents(str(tmp_path))
    head, digest = contents.head(entry), contents.digest(entry)
    path.unlink()
    assert (contents.head(entry), contents.digest(entry)) == (head, digest)
