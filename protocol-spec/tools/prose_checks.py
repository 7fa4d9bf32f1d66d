"""Checks of the requirement blocks: form, ids, words in capitals, references between files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from spec_text import ID, KEYWORD, Document, Place, Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: Which file gives out ids of which prefix. A rule keeps its id when it moves to another file.
PREFIXES: Final = {
    "00-conventions.md": "CV",
    "10-preamble-hello.md": "HS",
    "15-sockets.md": "SO",
    "20-frames.md": "FR",
    "30-values.md": "VA",
    "40-channels.md": "CH",
    "50-flow-control.md": "FC",
    "60-gateway.md": "GW",
    "65-group.md": "GR",
    "67-rsync.md": "RS",
    "68-relay.md": "RL",
    "70-trace.md": "TR",
    "80-errors.md": "ER",
    "85-limits.md": "LI",
    "90-security.md": "SE",
    "95-versioning.md": "VE",
    "97-python.md": "PY",
}
#: Which other prefixes a file has: those of the rules that moved there.
_MOVED: Final = {"97-python.md": ("VA", "GW"), "98-javascript.md": ("GW",)}
LEVELS: Final = ("MUST", "SHOULD", "MAY")
ROLES: Final = ("initiator", "worker")
IDS_FILE: Final = "schema/ids.txt"
_OTHER_WORDS: Final = ("SHALL", "REQUIRED", "RECOMMENDED", "OPTIONAL")


def requirements(documents: Iterable[Document]) -> list[Requirement]:
    """Return all requirements in reading order."""
    return [requirement for document in documents for requirement in document.requirements]


def find_block_problems(documents: Sequence[Document], version: str) -> list[str]:
    """Return what is wrong with the form of blocks, and words in capitals outside of them.

    Args:
        documents: The prose.
        version: Content of the file VERSION.
    """
    problems = []
    for document in documents:
        problems += [
            f"{place}: a quoted block that is not '[XX-000 LEVEL roles since=1.0] text'"
            for place in document.bad_blocks
        ]
        problems += [
            f"{place}: {word} in capitals outside of a requirement block" for word, place in document.loose
        ]
        for requirement in document.requirements:
            problems += [f"{requirement.place}: {text}" for text in _block_problems(requirement, version)]
    return problems


def _block_problems(requirement: Requirement, version: str) -> list[str]:
    id_, level = requirement.id, requirement.level
    problems = []
    file = requirement.place.file
    prefixes = [prefix for prefix in (PREFIXES.get(file), *_MOVED.get(file, ())) if prefix]
    if not ID.fullmatch(id_):
        problems.append(f"{id_} is not two letters, a hyphen and three digits")
    elif id_[:2] not in prefixes:
        problems.append(f"{id_} stands in a file whose ids begin with {' or '.join(prefixes)}")
    if level not in LEVELS:
        problems.append(f"{id_} has the level {level}, expected one of {', '.join(LEVELS)}")
    words = KEYWORD.findall(requirement.text)
    if level not in words:
        problems.append(f"{id_} is a {level} but its text does not say {level}")
    problems += [f"{id_} is a {level} but its text says {word}" for word in words if word != level]
    unknown = [role for role in requirement.roles if role not in ROLES]
    if unknown or len(set(requirement.roles)) != len(requirement.roles):
        problems.append(
            f"{id_} has the roles {','.join(requirement.roles)}, expected some of {', '.join(ROLES)}"
        )
    if not re.fullmatch(r"\d+\.\d+", requirement.since):
        problems.append(f"{id_} has since={requirement.since}, expected a version like 1.0")
    elif _numbers(requirement.since) > _numbers(version):
        problems.append(f"{id_} is since {requirement.since}, but this is version {version}")
    return problems


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split("-", maxsplit=1)[0].split(".")]


def find_id_problems(documents: Sequence[Document], spec: Path) -> list[str]:
    """Return what is wrong with the ids: given twice, given again after retirement, or lost.

    ``schema/ids.txt`` remembers every id ever given, one a line; ``CH-014 retired 1.1`` marks one
    that may not be used any more.
    """
    problems = []
    active, retired = read_ids(spec)
    seen: dict[str, Place] = {}
    for requirement in requirements(documents):
        id_ = requirement.id
        if id_ in seen:
            problems.append(f"{requirement.place}: {id_} is given at {seen[id_]} already")
        elif id_ in retired:
            problems.append(f"{requirement.place}: {id_} was retired; an id is never used again")
        elif id_ not in active:
            problems.append(f"{requirement.place}: {id_} is not in {IDS_FILE}; add it with lint.py --write")
        seen[id_] = requirement.place
    problems += [
        f"{IDS_FILE}: {id_} is in no file any more; mark it as retired, with the version"
        for id_ in sorted(active - set(seen))
    ]
    return problems


def read_ids(spec: Path) -> tuple[set[str], set[str]]:
    """Return the ids in use and the retired ones, as the committed list has them."""
    path = spec / IDS_FILE
    active: set[str] = set()
    retired: set[str] = set()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        id_, *rest = line.split()
        (retired if rest[:1] == ["retired"] else active).add(id_)
    return active, retired


def write_ids(documents: Sequence[Document], spec: Path) -> None:
    """Add new ids to the list. Nothing is ever taken out of it."""
    active, retired = read_ids(spec)
    new = [r.id for r in requirements(documents) if r.id not in active | retired]
    if new:
        path = spec / IDS_FILE
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(old + "".join(f"{id_}\n" for id_ in dict.fromkeys(new)), encoding="utf-8")


def find_reference_problems(documents: Sequence[Document]) -> list[str]:
    """Return each mention of an id that does not exist, or that links to the wrong file."""
    home = {requirement.id: requirement.place.file for requirement in requirements(documents)}
    problems = []
    for document in documents:
        for id_, link, place in document.references:
            if id_[:2] not in PREFIXES.values():
                continue
            if id_ not in home:
                problems.append(f"{place}: there is no {id_}")
            elif link is not None and (link or document.name) != home[id_]:
                problems.append(f"{place}: the link at {id_} leads to {link}, but it is in {home[id_]}")
    return problems
