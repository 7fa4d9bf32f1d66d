"""A step that measures an answer and asks for it again, of workers that may send just that, or less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError, CheckFailed
from xnet_conformance.frames import frame
from xnet_conformance.scenario import Scenario, step
from xnet_conformance.steps_frames import next_event

if TYPE_CHECKING:
    from xnet_conformance.session import Event, Session

#: How much shorter and longer than the answer the item limit is; with the last three it is taken.
_BESIDE: Final = (-2, -1, 0, 1, 2)


@step("answers_at_limit")
def answers_at_limit(scenario: Scenario, raw: Any) -> None:
    """Ask a request of a type, STATUS, on connections with item limits of about the length of the answer.

    Each is a process of its own. What is longer than the limit has to be refused with the code `limit`, what
    is not has to come. Spec: GW-023.
    """
    if scenario.connect is None:
        raise CaseError("only a worker can be reconnected to")
    length = len(_ask(scenario, scenario.session, raw).payload)
    for beside in _BESIDE:
        session = scenario.connect({"hello": {"limits": {"item": length + beside}}})
        first, scenario.session = scenario.session, session
        try:
            event = _ask(scenario, session, raw)
        finally:
            scenario.session = first
            session.link.close()
        wanted = "ITEM" if beside >= 0 else "CHANNEL_CLOSE_ERROR"
        what = f"an answer of {length} bytes to an initiator that accepts items of {length + beside}"
        if event.name != wanted:
            raise CheckFailed(f"{event.name} came for {what}", expected=wanted, actual=event.describe())
        if event.name != "ITEM" and scenario.mismatch({"has": {"code": "limit"}}, event.value) is not None:
            raise CheckFailed(f"a different code came for {what}", expected="limit", actual=event.describe())


def _ask(scenario: Scenario, session: Session, request: str) -> Event:
    """Send the request and return what comes first."""
    channel = session.fresh_channel()
    session.send(frame(request, channel))
    return next_event(scenario, channel, f"the answer to {request}", scenario.soon(10))
