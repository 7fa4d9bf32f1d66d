"""Files of mutants: what is changed, which requirements that breaks, and the case that must notice.

A file is YAML, a map: ``mutants`` and, for those that change source code, ``testee`` (a file) and ``sources``
(folders that are copied and changed: the copies are in front of everything else that the testee's Python
finds, and its command starts what is in them).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import attrs
import yaml

from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.mutation.wire_rules import Rule, parse_rule
from xnet_conformance.specification import SUITE, requirements

if TYPE_CHECKING:
    from pathlib import Path

#: Those that change frames on their way, which any testee can be.
WIRE_MUTANTS: Final = SUITE / "mutants.yaml"
#: What there is to know of those that change sources, which a distribution has not; conformance-tests/tools/
#: mutants_table.py writes it.
PATCHED: Final = SUITE / "patched.json"
_KEYS: Final = frozenset({"id", "layer", "title", "breaks", "killed_by", "wire", "source", "dies", "should"})


@attrs.frozen
class Patch:
    """A change of one file: text that occurs there exactly once, and what is put in its place."""

    file: str
    old: str
    new: str

    def apply(self, folder: Path) -> None:
        """Change the file below a folder.

        Raises:
            CaseError: The file does not exist, or the text does not occur exactly once: the source has
                changed, and the mutant has to follow.
        """
        path = folder / self.file
        if not path.is_file():
            raise CaseError(f"the file {self.file} to change does not exist")
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise CaseError(f"{self.file} has this {text.count(self.old)} times, not once: {self.old!r}")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@attrs.frozen
class Mutant:
    """One way to be wrong.

    Attributes:
        killed_by: The case that fails with it.
        dies: The testee may end or not start, which otherwise is taken for a mistake in the mutant.
        should: Only a SHOULD is broken: its case then is "nonstrict".
        rules: As in the file; see `wire_rules`.
        patches: Changes of source code.
    """

    id: str
    layer: str
    title: str
    breaks: tuple[str, ...]
    killed_by: str
    dies: bool = False
    should: bool = False
    rules: tuple[dict[str, Any], ...] = ()
    patches: tuple[Patch, ...] = ()

    def fresh_rules(self, to: str) -> list[Rule]:
        """Return the rules of one direction, "runner" or "testee", which have matched nothing yet."""
        return [rule for rule in map(parse_rule, self.rules) if rule.to == to]


@attrs.frozen
class MutantFile:
    """A file of mutants; without a testee they are for any."""

    path: Path
    mutants: tuple[Mutant, ...]
    testee: Path | None = None
    sources: tuple[Path, ...] = ()


def read_mutants(path: Path = WIRE_MUTANTS) -> MutantFile:
    """Read a file.

    Raises:
        UsageError: It cannot be read.
        CaseError: A mutant is malformed.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"the mutants in {path} cannot be read: {error}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("mutants"), list):
        raise CaseError(f"{path} is not a map with a list of mutants")
    here = path.resolve().parent
    found = MutantFile(
        path,
        tuple(_parse(path, each) for each in raw["mutants"]),
        here / raw["testee"] if "testee" in raw else None,
        tuple((here / folder).resolve() for folder in raw.get("sources", ())),
    )
    ids = [mutant.id for mutant in found.mutants]
    twice = sorted({id_ for id_ in ids if ids.count(id_) > 1})
    if twice:
        raise CaseError(f"{path}: {', '.join(twice)} occurs twice")
    return found


@attrs.frozen
class Known:
    """A mutant as `explain` tells of it.

    Attributes:
        file: Where it is.
    """

    id: str
    title: str
    breaks: tuple[str, ...]
    killed_by: str
    file: str

    @classmethod
    def of(cls, mutant: Mutant, path: Path) -> Known:
        """Return what there is to know of a mutant of a file."""
        return cls(mutant.id, mutant.title, mutant.breaks, mutant.killed_by, path.name)


def known_mutants() -> list[Known]:
    """Return all mutants, those included whose patches are not here."""
    wire = [Known.of(mutant, WIRE_MUTANTS) for mutant in read_mutants().mutants]
    rows = json.loads(PATCHED.read_text(encoding="utf-8"))
    return wire + [Known(**{**row, "breaks": tuple(row["breaks"])}) for row in rows]


def _parse(path: Path, raw: Any) -> Mutant:
    if (
        not isinstance(raw, dict)
        or set(raw) - _KEYS
        or not {"id", "layer", "breaks", "killed_by"} <= set(raw)
    ):
        raise CaseError(f"{path}: a mutant has id, layer, breaks, killed_by and a change, not {raw!r:.200}")
    if ("wire" in raw) == ("source" in raw):
        raise CaseError(f"{path}: {raw['id']} changes either the wire or the source")
    for id_ in raw["breaks"]:
        if id_ not in requirements():
            raise CaseError(f"{path}: {raw['id']} breaks {id_}, which the specification does not have")
    wire, source = raw.get("wire", []), raw.get("source", [])
    wire = wire if isinstance(wire, list) else [wire]
    source = source if isinstance(source, list) else [source]
    mutant = Mutant(
        raw["id"],
        raw["layer"],
        raw.get("title", ""),
        tuple(raw["breaks"]),
        raw["killed_by"],
        bool(raw.get("dies", False)),
        bool(raw.get("should", False)),
        tuple(wire),
        tuple(Patch(each["file"], each["old"], each["new"]) for each in source),
    )
    mutant.fresh_rules("runner")
    return mutant
