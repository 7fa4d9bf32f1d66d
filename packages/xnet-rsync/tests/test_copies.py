"""What was sent once is not sent again."""

from __future__ import annotations

from pathlib import Path

from rsync_helpers import write
from xnet_rsync.contents import Contents
from xnet_rsync.copies import Copies
from xnet_rsync.walk import Walk


def test_rs_060_the_first_of_several_is_copied(tmp_path: Path) -> None:
    for name, content in {"a": "x" * 2000, "b": "y" * 2000, "c": "x" * 2000, "d": "x" * 2001}.items():
        write(tmp_path / name, content)
    (listing,) = Walk(str(tmp_path), lambda path: True).listings()
    a, b, c, d = listing.entries
    contents = Contents(str(tmp_path))
    copies = Copies(contents)
    assert copies.maybe_same(a) is None  # nothing is known of sizes yet
    copies.repeated_sizes = {2000}
    assert [copies.maybe_same(one) for one in (a, b, d)] == [None] * 3
    assert copies.maybe_same(c) == (a, contents.digest(c))


def test_a_file_that_cannot_be_read_is_like_no_other(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, "x" * 2000)
    (listing,) = Walk(str(tmp_path), lambda path: True).listings()
    copies = Copies(Contents(str(tmp_path)))
    copies.repeated_sizes = {2000}
    a, b = listing.entries
    assert copies.maybe_same(a) is None
    (tmp_path / "b").unlink()
    assert copies.maybe_same(b) is None
