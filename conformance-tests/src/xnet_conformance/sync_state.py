"""One sync with the runner as receiver: what the sender says, judged by what is on disk."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_arriving import Arriving, Asked, Chunks, check_level
from xnet_conformance.rsync_index import DIRECTORY, FILE, LINK, TREE_LINK, Entry, Offered, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

#: The messages of a sender, and the kinds of the values after each name.
FORMS: Final = {
    "owners": ("bytes", "bytes", "bytes"),
    "index": ("int", "int", "int", "bytes"),
    "listed": (),
    "chunks": ("int", "int", "int", "int", "int", "bytes", "bytes or null"),
    "copy": ("int", "int", "bytes", "bytes"),
    "meta": ("int", "int", "int", "int"),
    "again": ("int",),
    "skip": ("int",),
    "finish": (),
}
_MOST_UNANSWERED: Final = 4
_MOST_LISTS, _MOST_RECORDS = 16, 262_144
#: What some languages lose of a time, in nanoseconds.
NEAR_NS: Final = 2_000


def look(source: bytes) -> dict[bytes, tuple[os.stat_result, bytes]]:
    """Return what is on disk, by path: what lstat says, and the content of a file or the text of a link."""
    found = {b"": (os.stat(source), _content(source, os.stat(source)))}
    for folder, inner, files in os.walk(source):
        for name in inner + files:
            path = os.path.join(folder, name)
            there = os.lstat(path)
            found[os.path.relpath(path, source)] = there, _content(path, there)
    return found


def _content(path: bytes, there: os.stat_result) -> bytes:
    if stat.S_ISLNK(there.st_mode):
        return os.readlink(path)
    if not stat.S_ISREG(there.st_mode):
        return b""
    with open(path, "rb") as file:
        return file.read()


@attrs.define
class Sync:
    """One sync.

    Attributes:
        source: The tree.
        keeps_setid: Whether the application asked for setuid and setgid bits to be kept.
        before: What was on disk when it began.
        unanswered: First numbers of tables that have no answer.
        open: Numbers of what was needed, and is neither got nor failed nor skipped.
        came: Content that is complete, by path; a step takes it.
        skipped: Paths.
        finished: Whether the sender has said so.
        near_ns: By how much a time may differ.
    """

    source: bytes
    dry: bool
    keeps_setid: bool
    before: dict[bytes, tuple[os.stat_result, bytes]]
    offered: Offered
    say: Callable[..., None]
    arriving: Arriving = attrs.Factory(Arriving)
    unanswered: list[int] = attrs.Factory(list)
    tables: list[list[Entry]] = attrs.Factory(list)
    listed: bool = False
    kinds: dict[int, int] = attrs.Factory(dict)
    open: set[int] = attrs.Factory(set)
    failed: set[int] = attrs.Factory(set)
    refused_copies: set[int] = attrs.Factory(set)
    refuse_copies: bool = False
    came: dict[bytes, bytes] = attrs.Factory(dict)
    complete_lists: dict[int, Chunks] = attrs.Factory(dict)
    skipped: set[bytes] = attrs.Factory(set)
    finished: bool = False
    near_ns: int = NEAR_NS

    def need(self, entry: Entry, kind: int) -> None:
        """Note that an entry is needed, in full or by chunks."""
        self.kinds[entry.number] = kind
        self.open.add(entry.number)
        if kind == 1:
            self.arriving.ask(entry)

    def want_whole(self, entry: Entry) -> None:
        """Note that a file was asked for with `whole`: neither a list nor a copy may come any more."""
        self.kinds[entry.number] = 1
        self.complete_lists.pop(entry.number, None)
        self.refused_copies.add(entry.number)
        self.arriving.ask(entry)

    def fail(self, number: int) -> None:
        """Note that the receiver has a problem with it."""
        self.failed.add(number)
        self.arriving.forget(number)
        self.arriving.asked.pop(number, None)
        self.settle(number)

    def settle(self, number: int) -> None:
        """Note that nothing more is expected of it."""
        self.open.discard(number)
        self.complete_lists.pop(number, None)

    def heard(self, name: str, values: list[Any]) -> None:
        """Take a message.

        Raises:
            CheckFailed: It breaks a rule.
        """
        if self.finished:
            raise CheckFailed(f"{name} after finish", req="RS-070")
        if name != "finish" and self.dry and name not in ("owners", "index", "listed"):
            raise CheckFailed(f"{name} in a dry run", req="RS-081")
        if name in ("index", "owners", "listed") and self.listed:
            raise CheckFailed(f"{name} after listed", req="RS-022")
        getattr(self, f"_on_{name}")(*values)

    def content(self, data: bytes) -> None:
        """Take content."""
        if self.dry or self.finished:
            raise CheckFailed("content in a dry run, or after finish", req="RS-081" if self.dry else "RS-070")
        if data[:1] == b"\2" and int.from_bytes(data[3:7], "big") in self.failed:
            return
        for asked in self.arriving.take(data):
            self._has_come(asked)

    def _has_come(self, asked: Asked) -> None:
        entry = asked.entry
        expected = self._expected(entry)
        if asked.spans is None:
            self._compare(entry, self.arriving.complete[entry.number], expected)
        for offset, piece in asked.pieces:
            self._compare(entry, piece, expected[offset : offset + len(piece)])
        self.came[entry.path] = expected

    def _expected(self, entry: Entry) -> bytes:
        """Return the content of a file: that of the index, or what it is now if `meta` has described it."""
        return self._now(entry)[1] if entry.version else self.before[entry.path][1]

    def _compare(self, entry: Entry, found: bytes, expected: bytes) -> None:
        if found != expected:
            raise CheckFailed(
                f"the content of {entry.path!r} is not that of the file",
                expected=f"{len(expected)} bytes, {expected[:40]!r}",
                actual=f"{len(found)} bytes, {found[:40]!r}",
                req="RS-065",
            )

    def _now(self, entry: Entry) -> tuple[os.stat_result, bytes]:
        path = os.path.join(self.source, entry.path) if entry.path else self.source
        if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path) or not os.path.lexists(path):
            raise CheckFailed(f"{entry.path!r} is no longer in the tree, and was read", req="RS-035")
        return os.lstat(path), _content(path, os.lstat(path))

    # -- the index

    def _on_owners(self, numbers: bytes, users: bytes, groups: bytes) -> None:
        if len(numbers) % 4 or not len(numbers) == len(users) == len(groups):
            raise CheckFailed("owners has columns of other lengths", req="RS-028")
        for at in range(0, len(numbers), 4):
            self.offered.add_owners([int.from_bytes(numbers[at : at + 4], "big")])

    def _on_index(self, first: int, method: int, said: int, table: bytes) -> None:
        self._unanswered(first)
        self.tables.append(self.offered.add_table(first, unpack(method, table, said)))

    def _on_listed(self) -> None:
        self.offered.end()
        self.listed = True
        self._unanswered(len(self.offered.entries))
        self.tables.append([])
        self._compare_index()

    def _unanswered(self, first: int) -> None:
        self.unanswered.append(first)
        if len(self.unanswered) > _MOST_UNANSWERED:
            raise CheckFailed(f"{len(self.unanswered)} tables without an answer", req="RS-024")

    def _compare_index(self) -> None:
        """Check that the index has what is on disk, and as it is there."""
        sent = {b""}
        for path, (there, content) in self.before.items():
            kind = _kind(there)
            if kind is None or any(name.startswith(b".xnet-rsync-") for name in path.split(b"/")):
                continue
            sent.add(path)
            entry = self.offered.by_path.get(path)
            if entry is None:
                raise CheckFailed(f"{path!r} is not in the index", req="RS-020")
            self._compare_entry(entry, kind, there, content)
        others = sorted(set(self.offered.by_path) - sent)
        if others:
            raise CheckFailed("the index has what is not to be sent", actual=str(others[:5]), req="RS-020")

    def _compare_entry(self, entry: Entry, kind: int, there: os.stat_result, content: bytes) -> None:
        wanted_text = content if kind == LINK else b""
        inside = self.source + b"/"
        if kind == LINK and content.startswith(inside) and b".." not in content.split(b"/"):
            kind, wanted_text = TREE_LINK, content[len(inside) :]
        mask = 0o7777 if self.keeps_setid else 0o1777
        wanted = {
            "kind": kind,
            "size": there.st_size if kind == FILE else 0,
            "text": wanted_text,
            "mode": stat.S_IMODE(there.st_mode) & mask if kind <= FILE else entry.mode,
        }
        found = {key: getattr(entry, key) for key in wanted}
        if found != wanted or abs(entry.time - there.st_mtime_ns) > self.near_ns:
            raise CheckFailed(
                f"{entry.path!r} is another in the index",
                expected=f"{wanted}, time {there.st_mtime_ns}",
                actual=f"{found}, time {entry.time}",
                req="RS-020",
            )

    # -- content

    def _on_chunks(
        self, number: int, level: int, first: int, method: int, said: int, table: bytes, digest: bytes | None
    ) -> None:
        if number in self.failed:
            return
        if self.kinds.get(number) != 2 or number in self.complete_lists or number not in self.open:
            raise CheckFailed(f"a list of {number}, which was not asked for", req="RS-040")
        check_level(level)
        if first == 0:
            if self.arriving.lists:
                raise CheckFailed(f"a list of {number} in the middle of another", req="RS-052")
            self.arriving.lists[number] = Chunks(level)
        found = self.arriving.lists.get(number)
        if found is None or found.level != level:
            raise CheckFailed(f"a list of {number} that does not begin, or changes its level", req="RS-052")
        found.add(first, unpack(method, table, said), digest)
        if digest is not None:
            found.judge(self.before[self.offered.entries[number].path][1])
            self.complete_lists[number] = self.arriving.lists.pop(number)
        waiting = [*self.arriving.lists.values(), *self.complete_lists.values()]
        records = sum(len(one.lengths) for one in waiting)
        if len(waiting) > _MOST_LISTS or (len(waiting) > 1 and records > _MOST_RECORDS):
            raise CheckFailed(f"{len(waiting)} lists with {records} records wait", req="RS-052")

    def _on_copy(self, number: int, directory: int, name: bytes, digest: bytes) -> None:
        asked = self.arriving.asked.get(number)
        if asked is None or asked.spans is not None:
            raise CheckFailed(f"a copy for {number}, which was not asked for in full", req="RS-040")
        if number in self.refused_copies:
            raise CheckFailed(f"a copy for {number}, which is wanted whole", req="RS-062")
        around = self.offered.entries[directory].path if directory < len(self.offered.entries) else b"?"
        other = self.offered.by_path.get(around + b"/" + name if around else name)
        content = self.arriving.complete.get(other.number) if other is not None else None
        if content is None or hashlib.sha256(content).digest() != digest:
            raise CheckFailed(f"a copy of {name!r}, which was not sent with this content", req="RS-060")
        if self.refuse_copies:
            self.want_whole(asked.entry)
            self.say("whole", number)
            return
        del self.arriving.asked[number]
        self._compare(asked.entry, content, self._expected(asked.entry))
        self.arriving.complete[number] = self.came[asked.entry.path] = content

    def _on_meta(self, number: int, mode: int, size: int, time: int) -> None:
        entry = self._entry(number)
        asked = self.arriving.asked.get(number)
        if asked is not None and asked.began:
            raise CheckFailed(f"meta of {number} in its middle", req="RS-066")
        if number in self.complete_lists or number in self.arriving.lists:
            raise CheckFailed(f"meta of {number} without again, although a list of it was sent", req="RS-066")
        there, _ = self._now(entry)
        if size != there.st_size or abs(time - there.st_mtime_ns) > self.near_ns:
            raise CheckFailed(f"meta of {entry.path!r} is not as the file", req="RS-066")
        if mode != stat.S_IMODE(there.st_mode) & (0o7777 if self.keeps_setid else 0o1777):
            raise CheckFailed(f"{entry.path!r} has the permissions {mode:o}", req="RS-028")
        entry.mode, entry.size, entry.time = mode, size, time
        entry.version += 1
        self.kinds[number] = 1
        self.arriving.ask(entry)

    def _on_again(self, number: int) -> None:
        self._entry(number)
        self.arriving.forget(number)
        self.complete_lists.pop(number, None)
        # What is said of it next is `meta`, or `skip`.
        self.arriving.asked.pop(number, None)
        self.kinds[number] = 0

    def _on_skip(self, number: int) -> None:
        entry = self._entry(number)
        self.arriving.forget(number)
        self.arriving.asked.pop(number, None)
        self.settle(number)
        self.skipped.add(entry.path)

    def _entry(self, number: int) -> Entry:
        if number not in self.open and number not in self.failed:
            raise CheckFailed(f"news of {number}, which nobody waits for", req="RS-067")
        return self.offered.entries[number]

    def _on_finish(self) -> None:
        if not self.listed or self.unanswered or (self.open and not self.dry):
            waiting = [self.offered.entries[number].path for number in self.open]
            raise CheckFailed(
                "finish came too early",
                actual=f"{len(self.unanswered)} tables and {waiting[:5]} wait",
                req="RS-081" if self.dry else "RS-070",
            )
        self.finished = True


def _kind(there: os.stat_result) -> int | None:
    for test, kind in (stat.S_ISDIR, DIRECTORY), (stat.S_ISREG, FILE), (stat.S_ISLNK, LINK):
        if test(there.st_mode):
            return kind
    return None
