"""Steps that let a testee wait: for answers, for the rest of a frame, for its turn on the processor."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CaseError, NoAnswer
from xnet_conformance.frame_notation import parse_frame
from xnet_conformance.frames import frame
from xnet_conformance.scenario import Scenario, step
from xnet_conformance.steps_frames import pause
from xnet_conformance.steps_watching import descendants

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Between two bytes, or two frames.
_STEP_S: Final = 0.1


@step("trickle")
def trickle(scenario: Scenario, raw: Any) -> None:
    """Send a frame in small pieces over some seconds, and nothing else: ``{frame: {...}, seconds: n}``."""
    session = scenario.session
    one = parse_frame(scenario, raw["frame"])
    session.note_sent(one)
    data = one.encode()
    size = max(1, round(len(data) * _STEP_S / raw["seconds"]))
    for at in range(0, len(data), size):
        session.send_beginning(data[at : at + size])
        pause(scenario, _STEP_S)
    session.send_rest(b"")


@step("unanswered")
def unanswered(scenario: Scenario, raw: Any) -> None:
    """Answer no PING for some seconds, but send a frame again and again: ``{seconds: n, send: {...}}``."""
    with _silent(scenario):
        until = time.monotonic() + raw["seconds"]
        while time.monotonic() < until and not scenario.session.link.ended:
            scenario.session.send(parse_frame(scenario, raw["send"]))
            pause(scenario, _STEP_S)


@step("stopped")
def stopped(scenario: Scenario, raw: Any) -> None:
    """Stop the testee's processes for some seconds when it has asked, and answer its next question only."""
    session = scenario.session
    process = session.link.process
    if process is None:
        raise CaseError("there is no process to stop")
    with _silent(scenario):
        _wait_question(scenario, "before it was stopped")
        pids = [process.pid, *descendants(process.pid)]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(raw["seconds"])
            session.unanswered.clear()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        _wait_question(scenario, "after it was stopped")


def _wait_question(scenario: Scenario, when: str) -> None:
    session = scenario.session
    if not session.wait(lambda: bool(session.unanswered), scenario.deadline):
        if session.link.ended:
            raise session.gone(f"its PING was expected {when}")
        raise NoAnswer(f"the testee sent no PING {when}")


@contextlib.contextmanager
def _silent(scenario: Scenario) -> Iterator[None]:
    session = scenario.session
    session.auto_pong = False
    try:
        yield
    finally:
        session.auto_pong = True
    for payload in session.unanswered:
        session.send(frame("PONG", 0, payload))
    session.unanswered.clear()
