"""Entries say what they are."""

from __future__ import annotations

from xnet_rsync.entries import FILE, Entry


def test_an_entry_names_itself() -> None:
    assert repr(Entry(3, "a/b", b"b", FILE, 0o644, 1, 2, (0, 0))) == "<Entry 3 'a/b'>"
