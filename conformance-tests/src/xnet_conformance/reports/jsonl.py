"""JSON lines: a header, a line for each case, a footer. Other reports are made from them, also later."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance import __version__
from xnet_conformance.case import LAYERS, ROLES, Case
from xnet_conformance.errors import UsageError
from xnet_conformance.profiles import read_profile
from xnet_conformance.reports.report import Report
from xnet_conformance.results import OUTCOMES, Result, exit_code
from xnet_conformance.specification import VERSION
from xnet_conformance.testee import Testee

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: A line has the log of a case, 400 entries of 256 bytes, and 4,000 characters of standard error.
_MOST_LINE_BYTES: Final = 16 * 1024 * 1024
#: More than any suite has.
_MOST_LINES: Final = 100_000
_MOST_NUMBER: Final = 1e15
_LOG: Final[Mapping[str, type]] = {"ms": float, "way": str, "what": str, "hex": str, "bytes": int}


def rows(report: Report) -> list[dict[str, Any]]:
    """Return the lines as data."""
    testee = report.testee
    header = {
        "kind": "header",
        "suite": __version__,
        "spec": VERSION,
        "testee": testee.name,
        "command": testee.command,
        "role": testee.role,
        "stdio": testee.stdio,
        "profile": report.profile.name,
    }
    footer = {
        "kind": "footer",
        "counts": dict(Counter(result.outcome for result in report.results)),
        "seconds": round(report.seconds, 3),
        "exit": exit_code(report.results),
    }
    return [header, *(result.as_json() for result in report.results), footer]


def write_jsonl(report: Report) -> str:
    """Return the text of the file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(report))


def read_jsonl(path: Path, cases: Iterable[Case]) -> Report:
    """Return the report that a file is of.

    Args:
        path: What ``run --report json`` has written, by this version of the suite or another one.
        cases: Of this suite. What the file has and they have not is shown without its title and steps.

    Raises:
        UsageError: It is not a complete results file; the text names the line.
    """
    found = _read(path)
    if not found or found[0][1].get("kind") != "header":
        raise UsageError(f"{path} does not begin with the header of a run")
    if found[-1][1].get("kind") != "footer" or len(found) == 1:
        raise UsageError(f"{path} does not end with the footer of a run: part of it is missing")
    (_, header), *lines, (_, footer) = found
    words = {name: _take(f"{path}, line 1", header, name, str, "") for name in _HEADER}
    if words["role"] not in ROLES:
        raise UsageError(f"{path}, line 1: the role is {words['role']!r}, expected one of {', '.join(ROLES)}")
    by_id = {case.id: case for case in cases}
    results: dict[str, Result] = {}
    for number, row in lines:
        result = _result(f"{path}, line {number}", row, by_id, words["role"])
        if result.case.id in results:
            raise UsageError(f"{path}, line {number}: the case {result.case.id} occurs twice")
        results[result.case.id] = result
    where = f"{path}, line {found[-1][0]}"
    if _take(where, footer, "counts", dict, {}) != Counter(one.outcome for one in results.values()):
        raise UsageError(f"{where}: the footer's counts of outcomes differ from the lines of cases")
    testee = Testee(words["testee"], words["command"], words["role"], stdio=words["stdio"] or "pipes")
    seconds = _take(where, footer, "seconds", float, 0.0)
    return Report(testee, read_profile(words["profile"]), list(results.values()), seconds)


_HEADER: Final = ("testee", "command", "role", "stdio", "profile")


def _read(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the number and the object of each line."""
    found = []
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MOST_LINE_BYTES), b""), 1):
                try:
                    row = json.loads(line.decode("utf-8"))
                except (ValueError, RecursionError):
                    row = None
                if not isinstance(row, dict):
                    raise UsageError(f"{path}, line {number} is not a JSON object: {line[:80]!r}")
                if number > _MOST_LINES:
                    raise UsageError(f"{path} has more than {_MOST_LINES:,} lines, more than any run writes")
                found.append((number, row))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    return found


def _result(where: str, row: dict[str, Any], by_id: Mapping[str, Case], role: str) -> Result:
    if row.get("kind") != "case":
        raise UsageError(f"{where}: a line of the kind {row.get('kind')!r:.50} among the cases")
    outcome = _take(where, row, "outcome", str, "")
    if outcome not in OUTCOMES:
        raise UsageError(f"{where}: unknown outcome {outcome!r:.50}: {', '.join(OUTCOMES)}")
    remarks = _take(where, row, "remarks", list, [])
    log = _take(where, row, "log", list, [])
    if not all(isinstance(remark, str) for remark in remarks):
        raise UsageError(f"{where}: the remarks are not texts")
    for entry in log:
        if not isinstance(entry, dict) or set(entry) != set(_LOG):
            raise UsageError(f"{where}: an entry of the log has not exactly {', '.join(_LOG)}: {entry!r:.80}")
        for name, kind in _LOG.items():
            _take(where, entry, name, kind, None)
    texts = ("message", "check", "expected", "actual", "stderr")
    return Result(
        _case(where, row, by_id),
        outcome,
        seconds=_take(where, row, "ms", float, 0.0) / 1000,
        req=_take(where, row, "broken", str, ""),
        remarks=remarks,
        log=log,
        role=role,
        **{name: _take(where, row, name, str, "") for name in texts},
    )


def _case(where: str, row: dict[str, Any], by_id: Mapping[str, Case]) -> Case:
    """Return the case of this suite, or what the line says of one that it has not (any more)."""
    id_ = _take(where, row, "id", str, "")
    if id_ in by_id:
        return by_id[id_]
    layer, level = _take(where, row, "layer", str, ""), _take(where, row, "level", str, "MUST")
    req = _take(where, row, "req", list, [])
    if not id_ or layer not in LAYERS or not req or not all(isinstance(one, str) for one in req):
        raise UsageError(
            f"{where}: a case has an id, one of the layers {', '.join(LAYERS)}, and requirements"
        )
    return Case(id_, layer, tuple(req), (), level=level, source="a case that this version does not have")


def _take(where: str, row: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    """Return a field of a kind; every number counts for a float."""
    value = row.get(name, default)
    if kind is float:
        good = type(value) in (int, float) and abs(value) < _MOST_NUMBER
    else:
        good = type(value) is kind
    if not good:
        raise UsageError(f"{where}: {name} is {value!r:.80}, expected {_NAMES[kind]}")
    return value


_NAMES: Final = {str: "text", int: "an integer", float: "a number", list: "a list", dict: "a map"}
