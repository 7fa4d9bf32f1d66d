"""The source is walked once, in an order in which a directory comes before what is in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_rsync.entries import DIRECTORY, FILE, LINK, TREE_LINK
from xnet_rsync.walk import Walk


def entries_of(source: Path, **refused: bool) -> dict[str, tuple[int, int, bytes]]:
    walk = Walk(str(source), lambda path: os.path.basename(path) not in refused)
    return {
        entry.path: (entry.number, entry.kind, entry.text)
        for listing in walk.listings()
        for entry in listing.entries
    }


def test_numbers_follow_each_other_and_directories_come_first(tmp_path: Path) -> None:
    write(tmp_path / "b" / "c" / "d")
    write(tmp_path / "a")
    found = entries_of(tmp_path)
    assert found == {
        "a": (1, FILE, b""),
        "b": (2, DIRECTORY, b""),
        "b/c": (3, DIRECTORY, b""),
        "b/c/d": (4, FILE, b""),
    }


def test_what_is_refused_is_not_looked_into(tmp_path: Path) -> None:
    write(tmp_path / "no" / "c")
    write(tmp_path / "yes")
    assert list(entries_of(tmp_path, no=True)) == ["yes"]


def test_links_into_the_tree_and_others(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    for name, text in {
        "inside": str(source / "sub" / ".." / "x"),
        "itself": str(source),
        "outside": str(source / ".." / "x"),
        "sibling": f"{source}2/x",
        "relative": "../x",
    }.items():
        (source / name).symlink_to(text)
    found = {path: facts[1:] for path, facts in entries_of(source).items()}
    assert found == {
        "inside": (TREE_LINK, b"x"),
        "itself": (LINK, os.fsencode(source)),
        "outside": (LINK, os.fsencode(source / ".." / "x")),
        "sibling": (LINK, os.fsencode(f"{source}2/x")),
        "relative": (LINK, b"../x"),
        "sub": (DIRECTORY, b""),
    }


def test_unfinished_files_of_ours_are_not_sent(tmp_path: Path) -> None:
    write(tmp_path / ".xnet-rsync-0123456789abcdef-01234567")
    assert entries_of(tmp_path) == {}


def test_what_is_neither_file_directory_nor_link_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    walk = Walk(str(tmp_path), lambda path: True)
    assert [listing.entries for listing in walk.listings()] == [[]]
    assert walk.skipped == ["pipe"]


def test_a_source_that_cannot_be_sent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Walk(str(tmp_path / "none"), lambda path: True)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="neither a directory nor a file"):
        Walk(str(tmp_path / "pipe"), lambda path: True)


def test_a_directory_that_vanishes_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    walk = Walk(str(tmp_path), lambda path: True)
    listings = walk.listings()
    assert next(listings).complete
    (tmp_path / "gone").rmdir()
    assert not next(listings).complete
