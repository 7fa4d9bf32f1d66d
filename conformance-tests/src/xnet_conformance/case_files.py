"""Finds and reads cases: the written ones in `suite/cases/<layer>/*.yaml`, and the generated ones."""

from __future__ import annotations

import fnmatch
import functools
from typing import TYPE_CHECKING, Any

import yaml

from xnet_conformance.case import LAYERS, Case, parse_case
from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.generation import generate
from xnet_conformance.specification import SUITE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def load_cases(folder: Path = SUITE / "cases") -> list[Case]:
    """Return all cases in the order of layers.

    They are read once: to change a case, make a new one of it.

    Raises:
        CaseError: A file is malformed, two cases have the same id, or a control is missing.
    """
    return list(_load(folder))


@functools.cache
def _load(folder: Path) -> tuple[Case, ...]:
    cases = []
    for path in sorted(folder.glob("*/*.yaml")):
        source = path.relative_to(folder).as_posix()
        cases += [parse_case(raw, path.parent.name, source) for raw in _read(path, source)]
    cases += generate()
    check_together(cases)
    return tuple(sorted(cases, key=lambda case: LAYERS.index(case.layer)))


def check_together(cases: Iterable[Case]) -> None:
    """Check what no case can be checked for alone.

    Raises:
        CaseError: Two have one id; a control is missing, or has not the same roles.
    """
    by_id: dict[str, Case] = {}
    for case in cases:
        if case.id in by_id:
            raise CaseError(f"{case.source}: the id {case.id} is used in {by_id[case.id].source} too")
        by_id[case.id] = case
    for case in by_id.values():
        if case.control is None:
            if is_negative(case):
                raise CaseError(f"{case.source}: {case.id} expects an error, but names no control")
        elif case.control not in by_id:
            raise CaseError(
                f"{case.source}: {case.id} names the control {case.control}, which does not exist"
            )
        elif set(case.roles) - set(by_id[case.control].roles):
            raise CaseError(f"{case.source}: the control of {case.id} is not for {', '.join(case.roles)}")


def is_negative(case: Case) -> bool:
    """Say whether the runner makes a mistake in a case: a testee that refuses everything would pass it."""
    return any(
        ("goaway" in step and not _is_regular(step["goaway"]))
        or (isinstance(step.get("codec"), dict) and "refused" in step["codec"])
        for step in case.steps
    )


def _is_regular(goaway: Any) -> bool:
    return isinstance(goaway, dict) and goaway.get("code") == "NO_ERROR"


def _read(path: Path, source: str) -> list[Any]:
    try:
        loaded = yaml.load(
            path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        )
    except yaml.YAMLError as error:
        raise CaseError(f"{source} is not YAML: {error}") from None
    if not isinstance(loaded, list):
        raise CaseError(f"{source}: a file of cases must be a list")
    return loaded


def select(cases: Sequence[Case], patterns: Iterable[str] = (), layers: Iterable[str] = ()) -> list[Case]:
    """Return the cases that a command line names.

    Args:
        cases: All of them.
        patterns: Ids with ``*``, or requirement ids; none means all.
        layers: Names of layers; none means all.

    Raises:
        UsageError: A pattern matches no case, or a layer does not exist. What was asked for and not judged
            must not look green.
    """
    wanted = list(layers)
    for layer in wanted:
        if not any(_in_layer(name, layer) for name in LAYERS):
            raise UsageError(f"unknown layer {layer!r}; layers are {', '.join(LAYERS)}")
    patterns = list(patterns)
    matched: set[str] = set()
    for pattern in patterns:
        found = {case.id for case in cases if fnmatch.fnmatchcase(case.id, pattern) or pattern in case.req}
        if not found:
            raise UsageError(f"no case matches {pattern!r}; xnet-conformance list shows all")
        matched |= found
    return [
        case
        for case in cases
        if (not wanted or any(_in_layer(case.layer, layer) for layer in wanted))
        and (not patterns or case.id in matched)
    ]


def _in_layer(name: str, layer: str) -> bool:
    return name == layer or name.startswith(f"{layer}.")
