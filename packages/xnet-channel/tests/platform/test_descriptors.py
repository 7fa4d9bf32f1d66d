"""The descriptors of a session."""

from __future__ import annotations

import os

from xnet_channel.platform.descriptors import Descriptors


def test_they_are_non_blocking_and_closed_once() -> None:
    read, write = os.pipe()
    both = Descriptors(read, write)
    assert not os.get_blocking(read)
    assert both.write_watch_fd == write
    both.close()
    both.close()


def test_one_descriptor_is_watched_for_writing_by_a_copy() -> None:
    read, write = os.pipe()
    one = Descriptors(write, None)
    copy = one.write_watch_fd
    assert copy not in (read, write)
    assert one.write_watch_fd == copy
    one.close()
    os.close(read)
