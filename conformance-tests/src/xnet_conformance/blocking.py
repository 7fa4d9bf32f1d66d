"""What cannot be tested because something simpler does not work: the smoke cases come before all others.

Without this, one mistake at the beginning costs the time limit of each case, and is reported as often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xnet_conformance.case import Case

#: Steps that give the testee a task to execute, or its application a channel to echo on.
_TASKS: Final = frozenset({"exec", "echo_channel", "kept_channel"})
#: What comes before channels, unless it gives a task.
_BEFORE_CHANNELS: Final = ("frames.",)


def is_smoke(case: Case) -> bool:
    """Say whether a case is one that all others build on."""
    return case.id.startswith("smoke.")


def advice_for(case: Case) -> str:
    """Return what to do when a smoke case does not pass."""
    notes = f"{case.notes.strip()}\n" if case.notes else ""
    return f"{notes}xnet-conformance explain {case.id}"


def blocker(case: Case, failed: Iterable[Case]) -> Case | None:
    """Return the smoke case that did not pass and without which this one cannot pass, or None."""
    return next((one for one in failed if _blocks(one, case)), None)


def _blocks(smoke: Case, case: Case) -> bool:
    if smoke.id == "smoke.echo":
        return not case.id.startswith(_BEFORE_CHANNELS) or _has(case.steps, _TASKS)
    if smoke.id == "smoke.decode":
        return any("frames" not in step["codec"] for step in case.steps if "codec" in step)
    return True


def _has(steps: Sequence[Mapping[str, Any]], names: frozenset[str]) -> bool:
    """Say whether there is a step with one of these names, even inside ``repeat`` and the like."""
    for step in steps:
        if names & set(step):
            return True
        for argument in step.values():
            if isinstance(argument, dict) and _has(argument.get("steps", ()), names):
                return True
    return False
