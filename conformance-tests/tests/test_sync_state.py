"""What a sender says, judged by what is on disk: the rules about the order of messages."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_index import Entry, Offered
from xnet_conformance.rsync_messages import data_of, pack_of, table_of
from xnet_conformance.sync_state import Sync, look


class Begun:
    """A sync of a tree with the file ``a``, and what the receiver said."""

    def __init__(self, folder: Path, *, dry: bool = False) -> None:
        self.path = folder / "a"
        self.path.write_bytes(b"hello")
        self.said: list[tuple[object, ...]] = []
        source = os.fsencode(folder.resolve())
        root = Entry(0, b"", 1, 0o755, 0, 0)
        before = look(source)
        there, _ = before[b""]
        root.mode, root.time = there.st_mode & 0o1777, there.st_mtime_ns
        self.sync = Sync(source, dry, False, before, Offered(root), self._say)

    def _say(self, *message: object) -> None:
        self.said.append(message)

    def index(self, **changes: Any) -> None:
        there = self.path.stat()
        row = {"file": "a", "size": 5, "mode": there.st_mode & 0o777, "time": there.st_mtime_ns, **changes}
        table = table_of([{"dir": 0, "entries": [row]}])
        self.sync.heard("index", [1, 0, len(table), table])
        self.sync.heard("listed", [])
        self.sync.unanswered.clear()

    def need(self, kind: int = 1) -> None:
        self.sync.need(self.sync.offered.entries[1], kind)


@pytest.fixture
def begun(tmp_path: Path) -> Begun:
    return Begun(tmp_path)


def refused(name: str, begun: Begun, *values: Any) -> str:
    with pytest.raises(CheckFailed) as caught:
        begun.sync.heard(name, list(values))
    return caught.value.req


def test_a_sync_from_index_to_finish(begun: Begun) -> None:
    begun.index()
    begun.need()
    begun.sync.content(pack_of({1: b"hello"}, 0, None))
    assert begun.sync.came == {b"a": b"hello"}
    assert refused("finish", begun) == "RS-070"
    begun.sync.settle(1)
    begun.sync.heard("finish", [])
    assert begun.sync.finished
    assert refused("again", begun, 1) == "RS-070"


@pytest.mark.parametrize("changes", [{"size": 6}, {"mode": 0o1}, {"time": 5}, {"file": "b"}])
def test_the_index_is_what_is_on_disk(changes: dict[str, Any], begun: Begun) -> None:
    with pytest.raises(CheckFailed) as caught:
        begun.index(**changes)
    assert caught.value.req == "RS-020"


def test_content_is_what_is_on_disk(begun: Begun) -> None:
    begun.index()
    begun.need()
    with pytest.raises(CheckFailed, match="is not that of the file"):
        begun.sync.content(data_of(1, 0, 3, b"hullo", 0))


def test_after_a_change_the_new_content_is_right(begun: Begun) -> None:
    begun.index()
    begun.need()
    begun.sync.content(data_of(1, 0, 1, b"hel", 0))
    begun.path.write_bytes(b"another")
    there = begun.path.stat()
    meta = (1, there.st_mode & 0o777, 7, there.st_mtime_ns)
    assert refused("meta", begun, *meta) == "RS-066"  # in its middle
    begun.sync.heard("again", [1])
    assert refused("meta", begun, 1, meta[1], 5, meta[3]) == "RS-066"
    begun.sync.heard("meta", list(meta))
    begun.sync.content(data_of(1, 0, 3, b"another", 0))
    assert begun.sync.came == {b"a": b"another"}


def test_what_is_not_in_the_tree_any_more_is_not_read(begun: Begun) -> None:
    begun.index()
    begun.need()
    begun.path.unlink()
    assert refused("meta", begun, 1, 0o644, 5, 0) == "RS-035"
    begun.sync.heard("skip", [1])
    assert begun.sync.skipped == {b"a"}
    assert refused("skip", begun, 1) == "RS-067"


def test_nothing_but_the_index_comes_in_a_dry_run(tmp_path: Path) -> None:
    begun = Begun(tmp_path, dry=True)
    begun.index()
    assert refused("chunks", begun, 1, 0, 0, 0, 4, bytes(4), None) == "RS-081"
    with pytest.raises(CheckFailed):
        begun.sync.content(pack_of({1: b"hello"}, 0, None))


def test_lists_and_copies_are_asked_for(begun: Begun) -> None:
    begun.index()
    assert refused("chunks", begun, 1, 0, 0, 0, 4, bytes(4), None) == "RS-040"
    assert refused("copy", begun, 1, 0, b"a", bytes(32)) == "RS-040"
    begun.need()
    assert refused("copy", begun, 1, 0, b"a", bytes(32)) == "RS-060"
    assert refused("index", begun, 2, 0, 8, bytes(8)) == "RS-022"


def test_what_comes_of_a_failed_file_is_ignored(begun: Begun) -> None:
    begun.index()
    begun.need()
    begun.sync.content(data_of(1, 0, 1, b"hel", 0))
    begun.sync.fail(1)
    begun.sync.content(data_of(1, 3, 2, b"???", 0))
    begun.sync.heard("finish", [])
