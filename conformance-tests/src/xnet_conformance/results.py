"""Outcomes, and what a run amounts to: never green without evidence."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.specification import requirements

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xnet_conformance.case import Case

#: Outcome -> (symbol, what it means). The order is that of reports.
OUTCOMES: Final = {
    "pass": ("+", "everything was as the specification says"),
    "nonstrict": ("~", "a SHOULD does not hold; every MUST does"),
    "fail": ("F", "the testee did something other than the specification says"),
    "crash": ("C", "the testee ended when it should not have"),
    "timeout": ("T", "the testee did not answer in time"),
    "untestable": ("U", "a fixture is missing, or the control of the case did not pass"),
    "missing-feature": ("M", "the profile asks for a feature that the testee does not declare"),
    "unsupported": ("-", "the case is about a feature that the testee does not declare and need not have"),
    "skipped": ("s", "the testee's expectations say so"),
    "blocked": ("b", "a smoke case did not pass, without which this one cannot"),
    "not-run": ("n", "the run was stopped before it reached this case"),
    "xfail": ("x", "it fails, as the testee's expectations say"),
    "xpass": ("X", "it passes, although the testee's expectations say that it fails"),
    "harness-error": ("E", "the case or the runner is wrong, not the testee"),
}
#: How the message of a case begins whose testee could not be started.
DID_NOT_START: Final = "the testee did not start"
RED: Final = frozenset({"fail", "crash", "timeout", "untestable", "missing-feature", "xpass"})
#: Outcomes that say something about the testee. The others are not evidence.
EVALUATED: Final = frozenset({"pass", "nonstrict", "fail", "crash", "timeout", "xfail", "xpass"})

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_HARNESS: Final = 3
EXIT_NOT_STARTED: Final = 4
EXIT_NOTHING: Final = 5
#: As a shell says it of what SIGINT has ended.
EXIT_INTERRUPTED: Final = 130


@attrs.define
class Result:
    """What became of one case."""

    case: Case
    outcome: str
    seconds: float = 0.0
    message: str = ""
    check: str = ""
    expected: str = ""
    actual: str = ""
    req: str = ""
    remarks: list[str] = attrs.Factory(list)
    log: list[dict[str, Any]] = attrs.Factory(list)
    stderr: str = ""
    role: str = "worker"

    @property
    def rule(self) -> str:
        """The requirement that this result is about."""
        return self.req or self.case.req[0]

    def as_json(self) -> dict[str, Any]:
        """Return it as one line of the master report."""
        fields = {
            "kind": "case",
            "id": self.case.id,
            "layer": self.case.layer,
            "req": list(self.case.req),
            "level": self.case.level,
            "outcome": self.outcome,
            "ms": round(self.seconds * 1000, 3),
            "message": self.message,
            "check": self.check,
            "expected": self.expected,
            "actual": self.actual,
            "broken": self.req,
            "remarks": self.remarks,
            "stderr": self.stderr,
            "log": self.log,
        }
        return {key: item for key, item in fields.items() if item not in ("", [])}

    def explanation(self, command: str = "") -> str:
        """Return why it is red: the sentence, expected and actual, and how to repeat it."""
        sentence = requirements().get(self.rule)
        lines = [
            f"{self.outcome.upper()} {self.case.id}" + (f" [{self.check}]" if self.check else ""),
            f"  {self.message}",
        ]
        if sentence is not None:
            lines.append(f"  {sentence.id} ({sentence.file}): {sentence.text}")
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.actual:
            lines.append(f"  actual:   {self.actual}")
        lines += [f"  {remark}" for remark in self.remarks]
        if command:
            lines.append(f"  again:    {command}")
        return "\n".join(lines)


def apply_controls(results: Iterable[Result]) -> None:
    """Take back what was passed by refusing everything: a negative case counts only if its control passed."""
    by_id = {result.case.id: result for result in results}
    for result in by_id.values():
        control = by_id.get(result.case.control or "")
        if control is None or result.outcome not in ("pass", "nonstrict"):
            continue
        if control.outcome not in ("pass", "nonstrict", "xfail"):
            result.message = (
                f"its control {control.case.id} did not pass ({control.outcome}), so this proves nothing"
            )
            asked = control.outcome not in ("unsupported", "blocked", "not-run")
            result.outcome = "untestable" if asked else control.outcome


def exit_code(results: Iterable[Result], *, strict: bool = False) -> int:
    """Return the exit status of a run: see the table in the README."""
    counts = Counter(result.outcome for result in results)
    if counts["harness-error"]:
        return EXIT_HARNESS
    if any(counts[outcome] for outcome in RED) or (strict and counts["nonstrict"]):
        return EXIT_FAILED
    if counts["not-run"]:
        return EXIT_INTERRUPTED
    if not any(counts[outcome] for outcome in EVALUATED):
        return EXIT_NOTHING
    return EXIT_OK


def layer_counts(results: Iterable[Result]) -> dict[str, Counter[str]]:
    """Return the outcomes of each layer."""
    counts: dict[str, Counter[str]] = {}
    for result in results:
        counts.setdefault(result.case.layer, Counter())[result.outcome] += 1
    return counts
