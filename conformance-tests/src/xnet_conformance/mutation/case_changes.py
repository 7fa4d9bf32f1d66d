"""Cases with one expectation changed: a testee that passes one must fail it changed, or it is vacuous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.matching import MATCHERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xnet_conformance.case import Case

_NOTHING: Final = "~ no testee says this ~"
_OTHER_CODE: Final = {"INTERNAL_ERROR": "NO_ERROR"}
_OTHER_FRAME: Final = {"CHANNEL_LAST_MESSAGE": "CHANNEL_CLOSE"}


def altered_cases(case: Case) -> Iterator[Case]:
    """Return the case once for each expectation in it, with that one changed; the title says how."""
    for number, step in enumerate(case.steps):
        for what, changed in _altered_steps(step):
            steps = (*case.steps[:number], changed, *case.steps[number + 1 :])
            title = f"step {number + 1}: {what}"
            yield attrs.evolve(case, steps=steps, title=title, own=True, control=None, level="MUST")


def _altered_steps(step: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if "goaway" in step:
        raw = step["goaway"]
        fields = dict(raw) if isinstance(raw, dict) else {"code": raw}
        code = _OTHER_CODE.get(fields["code"], "INTERNAL_ERROR")
        yield f"the code is {code}", {**step, "goaway": {**fields, "code": code, "or": []}}
        for what, pattern in _altered(fields.get("text")):
            yield f"text: {what}", {**step, "goaway": {**fields, "text": pattern}}
    elif "expect" in step and isinstance(step["expect"], dict):
        ((name, fields),) = step["expect"].items()
        other = _OTHER_FRAME.get(name, "CHANNEL_LAST_MESSAGE")
        yield f"{other} in place of {name}", {**step, "expect": {other: {"ch": fields.get("ch", 0)}}}
        for key in ("is", "text"):
            for what, pattern in _altered(fields.get(key)):
                yield f"{key}: {what}", {**step, "expect": {name: {**fields, key: pattern}}}
        if "hex" in fields:
            changed = fields["hex"] + "00"
            yield f"the payload {changed}", {**step, "expect": {name: {**fields, "hex": changed}}}
    elif "echoed" in step:
        key = "back" if "back" in step["echoed"] else "is"
        yield "another value", {**step, "echoed": {**step["echoed"], key: _NOTHING}}
    elif "tree" in step:
        for name, what in step["tree"].items():
            if name != "unfinished":
                instead = {"dir": True, "mode": 0} if what is None else None
                yield f"{name} is another", {**step, "tree": {name: instead}}
    elif "rsync_finish" in step:
        yield "more is removed", {**step, "rsync_finish": {**step["rsync_finish"], "removed": [_NOTHING]}}
    elif "rsync_got" in step:
        yield "another entry", {**step, "rsync_got": {**step["rsync_got"], "entries": [4_000_000]}}
    elif "answer" in step and not step["answer"].get("either"):
        yield "another error", {**step, "answer": {"as": step["answer"]["as"], "error": _NOTHING}}
        for what, pattern in _altered(step["answer"].get("value")):
            yield f"value: {what}", {**step, "answer": {**step["answer"], "value": pattern}}
    elif "expect_reconfigure" in step:
        flags = [not flag for flag in step["expect_reconfigure"]]
        yield f"the flags {flags}", {**step, "expect_reconfigure": flags}
    elif "exit" in step and isinstance(step["exit"], dict) and "status" in step["exit"]:
        status = step["exit"]["status"] + 1
        yield f"exit status {status}", {**step, "exit": {**step["exit"], "status": status}}


def _altered(pattern: Any) -> Iterator[tuple[str, Any]]:
    """Return a pattern once for each part of it, with that one changed."""
    if pattern is None:
        return
    if not (isinstance(pattern, dict) and pattern and not set(pattern) - MATCHERS):
        yield "another value", _NOTHING
        return
    for name, wanted in pattern.items():
        for what, changed in _altered_matcher(name, wanted):
            yield f"{name} {what}", {**pattern, name: changed}


def _altered_matcher(name: str, wanted: Any) -> Iterator[tuple[str, Any]]:
    if name == "any" and wanted is not True:
        yield "of another kind", "complex" if wanted != "complex" else "null"
    elif name == "contains":
        words = wanted if isinstance(wanted, list) else [wanted]
        for number in range(len(words)):
            yield f"another word {number + 1}", [*words[:number], _NOTHING, *words[number + 1 :]]
    elif name == "at_least":
        yield "more", 1 << 62
    elif name == "at_most":
        yield "less", -(1 << 62)
    elif name == "has":
        for key, inner in wanted.items():
            for what, changed in _altered(inner):
                yield f"{key}: {what}", {**wanted, key: changed}
        yield "another key", {**wanted, _NOTHING: {"any": True}}
    elif name == "items":
        yield "one more", [*wanted, 0]
        for number, inner in enumerate(wanted):
            for what, changed in _altered(inner):
                yield f"[{number}] {what}", [*wanted[:number], changed, *wanted[number + 1 :]]
    elif name == "one_of":
        yield "another value", [_NOTHING]
