"""One case being run: its connection, the names it has given to channels, its deadline, its steps.

Steps register here by name; a step is a map with exactly one of these names, and optionally ``check`` (a
name for this result inside of the case), ``req`` (the requirement it is about) and ``note``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.matching import mismatch, resolve
from xnet_conformance.python2 import with_text
from xnet_conformance.values import Value, parse_value

if TYPE_CHECKING:
    from xnet_conformance.case import Case
    from xnet_conformance.fixtures import Fixtures
    from xnet_conformance.session import Session

_EXTRAS: Final = frozenset({"check", "req", "note"})


@attrs.define
class Scenario:
    """What steps work with.

    Attributes:
        deadline: Monotonic time at which the case is over.
        scratch: A directory for this case alone.
        driver: The testee's application, if the testee is an initiator or an adapter.
        connect: Begins another connection to a worker, with what a case has as ``start``.
        scale: Stretches the times that single steps allow; the deadline has it in it.
        step_req: The requirement that the step which runs names, if it names one.
        bindings: What the case has remembered: numbers of channels, process ids, text.
        remarks: SHOULDs that did not hold; the case then is ``nonstrict``.
    """

    case: Case
    session: Session
    fixtures: Fixtures
    deadline: float
    scratch: str = ""
    driver: Any = None
    connect: Callable[[Mapping[str, Any]], Session] | None = None
    scale: float = 1.0
    bindings: dict[str, Any] = attrs.Factory(dict)
    remarks: list[str] = attrs.Factory(list)
    step_number: int = 0
    step_req: str = ""
    began: float = attrs.Factory(time.monotonic)

    def channel(self, name: object) -> int:
        """Return the number of a channel: a number stays, a new name gets a fresh id.

        Raises:
            CaseError: It is neither.
        """
        if isinstance(name, int) and not isinstance(name, bool):
            return name
        if not isinstance(name, str):
            raise CaseError(f"a channel is a name or a number, not {name!r}")
        name = self._of_this_turn(name)
        if name not in self.bindings:
            self.bindings[name] = self.session.fresh_channel()
        return int(self.bindings[name])

    def known(self, name: object) -> int:
        """Return the number of a channel that exists.

        Raises:
            CaseError: It does not.
        """
        if isinstance(name, str) and self._of_this_turn(name) not in self.bindings:
            raise CaseError(f"nothing is named {name!r} yet")
        return self.channel(name)

    def _of_this_turn(self, name: str) -> str:
        """Return a name in which ``$turn`` is the number of the turn of ``repeat``: a channel for each."""
        return name.replace("$turn", f"turn-{self.bindings.get('i', 0)}")

    def value(self, tagged: object) -> Value:
        """Return a value to be sent, with names resolved; a new name of a channel gets a fresh id."""
        return resolve(parse_value(tagged), self.bindings, self.channel)

    def mismatch(self, pattern: Any, value: Value | None) -> str | None:
        """Return why a value of the testee does not match, or None; literals of Python 2 may be its str."""
        problem = mismatch(pattern, value, self.bindings)
        if problem is None or value is None or not self.session.conduct.python2:
            return problem
        return mismatch(pattern, with_text(value), self.bindings)

    def soon(self, seconds: float | None = None) -> float:
        """Return a deadline for one step: at most the case's."""
        return (
            self.deadline if seconds is None else min(self.deadline, time.monotonic() + self.allowed(seconds))
        )

    def allowed(self, seconds: float) -> float:
        """Return how long something may take that has so long on a machine that is not slow.

        Who is in a hurry shortens the cases, not what the protocol promises.
        """
        return seconds * max(1.0, self.scale)


Step = Callable[[Scenario, Any], None]
STEPS: Final[dict[str, Step]] = {}


def step(name: str) -> Callable[[Step], Step]:
    """Register a function as the step of a name."""

    def register(function: Step) -> Step:
        STEPS[name] = function
        return function

    return register


def run_steps(scenario: Scenario, steps: Iterable[Mapping[str, Any]]) -> None:
    """Run steps in order.

    Raises:
        CheckFailed, NoAnswer, TesteeGone: The testee did not do what it should.
        CaseError: A step is wrong itself.
    """
    for number, raw in enumerate(steps):
        scenario.step_number = number
        scenario.step_req = raw.get("req", "")
        name, argument = parse_step(raw)
        try:
            STEPS[name](scenario, argument)
        except CheckFailed as error:
            error.check = error.check or raw.get("check", "")
            error.req = error.req or raw.get("req", "")
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # A field that is missing, or a mistake of the runner itself: the other cases go on.
            raise CaseError(f"the step {name} does not accept {argument!r:.200}: {error!r}") from error


def parse_step(raw: Mapping[str, Any]) -> tuple[str, Any]:
    """Return name and argument of a step.

    Raises:
        CaseError: It has not exactly one known name.
    """
    names = [key for key in raw if key not in _EXTRAS]
    if len(names) != 1 or names[0] not in STEPS:
        raise CaseError(f"the step {raw!r} must have exactly one of these names: {', '.join(sorted(STEPS))}")
    return names[0], raw[names[0]]
