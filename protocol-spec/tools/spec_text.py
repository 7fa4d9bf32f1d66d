"""The prose of the specification as data: requirement blocks, fenced examples, tables, loose words.

One pass over the lines of each file. Nothing here judges; ``spec_checks`` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

#: Files of prose begin with two digits; the rest of the folder is about the specification.
PROSE_GLOB: Final = "[0-9][0-9]-*.md"
#: Words that only a requirement block may have in capitals (RFC 2119).
KEYWORD: Final = re.compile(r"\b(MUST|SHALL|SHOULD|MAY|REQUIRED|RECOMMENDED|OPTIONAL)\b")
ID: Final = re.compile(r"\b[A-Z]{2}-\d{3}\b")
_BLOCK: Final = re.compile(
    r"\[(?P<id>\S+) (?P<level>\S+) (?P<roles>\S+) since=(?P<since>\S+)\] (?P<text>.+)", re.DOTALL
)
_CODE_SPAN: Final = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Place:
    """Where something stands.

    Attributes:
        file: Name of the file in the specification's folder.
        line: Line number, from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Requirement:
    """One anchored block. The fields are as written; they may be wrong."""

    id: str
    level: str
    roles: tuple[str, ...]
    since: str
    text: str
    place: Place


@dataclass(frozen=True)
class Fence:
    """One fenced block: the words after the fence, and its lines."""

    kind: str
    name: str
    lines: tuple[str, ...]
    place: Place


@dataclass(frozen=True)
class Table:
    """One table: lower-case column names and the rows, cells without surrounding blanks."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    place: Place


@dataclass
class Document:
    """One file of prose.

    Attributes:
        bad_blocks: Quoted blocks that are no requirement.
        loose: (word, place) of each requirement word in capitals outside of a block.
        references: (id, linked file or None, place) of each id that is mentioned.
    """

    name: str
    requirements: list[Requirement] = field(default_factory=list)
    fences: list[Fence] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    bad_blocks: list[Place] = field(default_factory=list)
    loose: list[tuple[str, Place]] = field(default_factory=list)
    references: list[tuple[str, str | None, Place]] = field(default_factory=list)


def read_prose(spec: Path) -> list[Document]:
    """Read all files of prose, in reading order."""
    return [parse(path.name, path.read_text(encoding="utf-8")) for path in sorted(spec.glob(PROSE_GLOB))]


def parse(name: str, text: str) -> Document:
    """Take one file apart."""
    document = Document(name)
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        line = lines[number]
        place = Place(name, number + 1)
        if line.startswith("```"):
            end = _index_where(lines, number + 1, lambda other: other.startswith("```"))
            kind, _, fence_name = line[3:].strip().partition(" ")
            document.fences.append(Fence(kind, fence_name.strip(), tuple(lines[number + 1 : end]), place))
            number = end + 1
        elif line.startswith(">"):
            end = _index_where(lines, number, lambda other: not other.startswith(">"))
            _add_block(document, [other[1:].strip() for other in lines[number:end]], place)
            number = end
        elif line.startswith("|"):
            end = _index_where(lines, number, lambda other: not other.startswith("|"))
            _add_table(document, lines[number:end], place)
            number = end
        else:
            if not line.startswith("    "):
                _add_loose(document, line, place)
            number += 1
    return document


def _index_where(lines: list[str], start: int, found: object) -> int:
    for number in range(start, len(lines)):
        if callable(found) and found(lines[number]):
            return number
    return len(lines)


def _add_block(document: Document, lines: list[str], place: Place) -> None:
    text = " ".join(lines)
    match = _BLOCK.fullmatch(text)
    if match is None:
        document.bad_blocks.append(place)
        return
    document.requirements.append(
        Requirement(
            match["id"],
            match["level"],
            tuple(match["roles"].split(",")),
            match["since"],
            match["text"],
            place,
        )
    )
    _add_references(document, match["text"], place)


def _add_table(document: Document, lines: list[str], place: Place) -> None:
    cells = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines]
    columns = tuple(cell.lower() for cell in cells[0])
    document.tables.append(Table(columns, tuple(cells[2:]), place))
    for offset, line in enumerate(lines):
        _add_loose(document, line, Place(place.file, place.line + offset))


def _add_loose(document: Document, line: str, place: Place) -> None:
    plain = _CODE_SPAN.sub("", line)
    document.loose += [(word, place) for word in KEYWORD.findall(plain)]
    _add_references(document, plain, place)


def _add_references(document: Document, text: str, place: Place) -> None:
    for match in ID.finditer(text):
        link = re.match(r"\]\(([^)#]*)(?:#[^)]*)?\)", text[match.end() :])
        document.references.append((match[0], link[1] if link else None, place))
