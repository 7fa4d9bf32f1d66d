"""Content and lists of chunks that the sender of a tree sends, read and judged. Spec: RS-040 to RS-067."""

from __future__ import annotations

import hashlib
import struct
from typing import Final

import attrs

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_cuts import LEVELS, cut
from xnet_conformance.rsync_index import Entry, unpack

_FIRST, _LAST = 1, 2
_MOST_RECORDS: Final = 65_536


@attrs.define
class Chunks:
    """A list of chunks as far as it has come.

    Attributes:
        lengths: Of each record; 0 for a hole.
        marks: 6 bytes for each.
        digest: Of all, once the list is complete.
    """

    level: int
    lengths: list[int] = attrs.Factory(list)
    marks: list[bytes] = attrs.Factory(list)
    digest: bytes | None = None

    def add(self, first: int, table: bytes, digest: bytes | None) -> None:
        """Take a message of it."""
        if first != len(self.lengths):
            raise CheckFailed(
                f"records from {first} on", expected=f"from {len(self.lengths)} on", req="RS-052"
            )
        (count,) = struct.unpack_from(">I", table) if len(table) >= 4 else (-1,)
        if not 0 <= count <= _MOST_RECORDS or len(table) != 4 + 10 * count:
            raise CheckFailed(f"a list of {count} records in {len(table)} bytes", req="RS-052")
        self.lengths += struct.unpack_from(f">{count}I", table, 4)
        marks = table[4 + 4 * count :]
        self.marks += [marks[at : at + 6] for at in range(0, len(marks), 6)]
        self.digest = digest

    def spans(self) -> list[tuple[int, int]]:
        """Return where each record is in the file: start and end."""
        found, at = [], 0
        for length, mark in zip(self.lengths, self.marks, strict=True):
            end = at + (length or int.from_bytes(mark, "big"))
            found.append((at, end))
            at = end
        return found

    def judge(self, data: bytes) -> None:
        """Check the complete list against the content.

        Raises:
            CheckFailed: It lists something else, or was cut at other places.
        """
        spans = self.spans()
        if (spans[-1][1] if spans else 0) != len(data):
            raise CheckFailed(f"a list of {spans[-1:]} for {len(data)} bytes", req="RS-052")
        digest = hashlib.sha256()
        start = 0
        for number, (begin, end) in enumerate(spans):
            if self.lengths[number]:
                marked = hashlib.sha256(data[begin:end]).digest()
                if marked[:6] != self.marks[number]:
                    raise CheckFailed(f"the mark of chunk {number} is not that of its bytes", req="RS-052")
                digest.update(marked)
            else:
                if data[begin:end].strip(b"\0"):
                    raise CheckFailed(f"record {number} is a hole, where the file has data", req="RS-052")
                digest.update(struct.pack(">Q", end - begin))
            if not self.lengths[number] or number == len(spans) - 1:
                self._judge_cuts(data, start, end if self.lengths[number] else begin)
                start = end
        if digest.digest() != self.digest:
            raise CheckFailed("the digest is not that of the list", req="RS-054")

    def _judge_cuts(self, data: bytes, start: int, end: int) -> None:
        """Check where a range is cut."""
        wanted = [len(chunk) for chunk in cut(data[start:end], self.level)]
        found = [e - b for b, e in self.spans() if start <= b and e <= end]
        if found != wanted:
            raise CheckFailed(
                f"a file is cut at other places with level {self.level}",
                expected=str(wanted[:20]),
                actual=str(found[:20]),
                req="RS-050",
            )


@attrs.define
class Asked:
    """A request for the content of one file: all of it, or some spans, in order."""

    entry: Entry
    spans: list[tuple[int, int]] | None = None
    pieces: list[tuple[int, bytes]] = attrs.Factory(list)
    began: bool = False


class Arriving:
    """Content as it comes.

    Attributes:
        asked: Requests that have no complete answer, by number of the entry.
        complete: What has come in full, by number.
        lists: Lists that have begun, by number.
    """

    def __init__(self) -> None:
        self.asked: dict[int, Asked] = {}
        self.complete: dict[int, bytes] = {}
        self.lists: dict[int, Chunks] = {}
        self._current: int | None = None

    def ask(self, entry: Entry, spans: list[tuple[int, int]] | None = None) -> None:
        """Note that content was asked for."""
        self.asked[entry.number] = Asked(entry, spans)

    def take(self, content: bytes) -> list[Asked]:
        """Take an item of content; return the requests that it completes.

        Raises:
            CheckFailed: It breaks a rule.
        """
        if content[:1] == b"\1" and len(content) >= 10:
            return self._pack(content)
        if content[:1] == b"\2" and len(content) >= 19:
            return self._data(content)
        raise CheckFailed(f"content of an unknown form, {content[:20]!r}", req="RS-040")

    def forget(self, number: int) -> None:
        """Forget what has come of a file."""
        self.lists.pop(number, None)
        if self._current == number:
            self._current = None
        if number in self.asked:
            self.asked[number] = Asked(self.asked[number].entry)

    def _request(self, number: int) -> Asked:
        asked = self.asked.get(number)
        if asked is None:
            raise CheckFailed(f"content of {number}, which was not asked for", req="RS-040")
        if self._current not in (None, number):
            raise CheckFailed(f"content of {number} in the middle of {self._current}", req="RS-040")
        return asked

    def _pack(self, content: bytes) -> list[Asked]:
        _, method, said, count = struct.unpack_from(">BBII", content)
        body = unpack(method, content[10:], said)
        if count * 8 > len(body):
            raise CheckFailed(f"a pack of {count} files in {len(body)} bytes", req="RS-041")
        heads = struct.unpack_from(f">{2 * count}I", body)
        at = 8 * count
        done = []
        for number, size in zip(heads[::2], heads[1::2], strict=True):
            asked = self._request(number)
            if self._current is not None:
                raise CheckFailed(f"a pack with {number} in the middle of it", req="RS-040")
            if size != asked.entry.size or asked.spans is not None:
                raise CheckFailed(f"{size} bytes of {number}, which has {asked.entry.size}", req="RS-041")
            asked.pieces.append((0, body[at : at + size]))
            at += size
            done.append(self._done(number))
        if at != len(body):
            raise CheckFailed(f"a pack with {at} of {len(body)} bytes", req="RS-041")
        return done

    def _data(self, content: bytes) -> list[Asked]:
        _, method, flags, number, offset, said = struct.unpack_from(">BBBIQI", content)
        body = unpack(method, content[19:], said)
        asked = self._request(number)
        if flags > _FIRST | _LAST or bool(flags & _FIRST) == asked.began:
            raise CheckFailed(f"a piece of {number} with the flags {flags}", req="RS-042")
        asked.began = True
        self._current = number
        behind = asked.pieces[-1][0] + len(asked.pieces[-1][1]) if asked.pieces else 0
        if offset < behind or offset + said > asked.entry.size:
            raise CheckFailed(
                f"a piece of {number} from {offset} to {offset + said}",
                expected=f"from {behind} on, to {asked.entry.size} at most",
                req="RS-042",
            )
        asked.pieces.append((offset, body))
        if not flags & _LAST:
            return []
        self._current = None
        return [self._done(number)]

    def _done(self, number: int) -> Asked:
        asked = self.asked.pop(number)
        if asked.spans is None:
            data = bytearray(asked.entry.size)
            for offset, piece in asked.pieces:
                data[offset : offset + len(piece)] = piece
            self.complete[number] = bytes(data)
        elif _joined([(at, at + len(piece)) for at, piece in asked.pieces]) != _joined(asked.spans):
            raise CheckFailed(
                f"other bytes of {number} came than were wanted",
                expected=str(asked.spans[:20]),
                actual=str([(at, at + len(piece)) for at, piece in asked.pieces][:20]),
                req="RS-053",
            )
        return asked


def check_level(level: int) -> None:
    """Check that there is such a row."""
    if level not in LEVELS:
        raise CheckFailed(f"a list of the level {level}", req="RS-050")


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the same spans, those that touch each other as one."""
    found: list[tuple[int, int]] = []
    for start, end in spans:
        if start == end:
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
