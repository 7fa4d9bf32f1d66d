"""Runs one case after the other over connections: on the same one as long as nothing went wrong.

The testee is a worker, of this protocol or of execnet's, or an initiator. Adapters have no connection, see
``adapting``.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from xnet_conformance import (
    steps_application,
    steps_chains,
    steps_channels,
    steps_files,
    steps_frames,
    steps_limits,
    steps_listening,
    steps_lists,
    steps_planting,
    steps_pressure,
    steps_rsync,
    steps_silence,
    steps_sync,
    steps_watching,
)
from xnet_conformance.errors import CannotStart, CaseError, CheckFailed, MissingFixture, NoAnswer, TesteeGone
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.frames import frame
from xnet_conformance.results import DID_NOT_START, Result
from xnet_conformance.scenario import STEPS, Scenario, run_steps
from xnet_conformance.specification import requirements

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from xnet_conformance.case import Case
    from xnet_conformance.connecting import Workers
    from xnet_conformance.session import Session

#: Imported for the steps that they register.
STEP_MODULES: Final = (
    steps_application,
    steps_chains,
    steps_channels,
    steps_files,
    steps_frames,
    steps_planting,
    steps_pressure,
    steps_listening,
    steps_lists,
    steps_limits,
    steps_rsync,
    steps_silence,
    steps_sync,
    steps_watching,
)
assert STEPS

#: How long leaving the connection tidy for the next case may take.
_TIDY_S: Final = 5.0


class ConnectionRunner:
    """Runs cases against a testee that has connections: a worker or an initiator.

    Args:
        connections: Starts the testee and connects to it.
    """

    def __init__(self, connections: Workers) -> None:
        self._connections = connections
        self._session: Session | None = None
        self._scratch = ""
        self._before: list[str] = []

    def run(self, case: Case, next_case: Case | None = None) -> Result:
        """Run one case; one that fails after others runs again alone, so as not to be blamed for them."""
        if next_case is not None and next_case.own:
            with contextlib.suppress(CannotStart):
                self._connections.prepare()
        before = list(self._before)
        result = self._run_once(case)
        if result.outcome in ("fail", "crash", "timeout") and before and not case.own:
            alone = self._run_once(case)
            if alone.outcome not in ("pass", "nonstrict"):
                return alone
            result.remarks.append(
                f"it passes alone; earlier cases on this connection: {', '.join(before[-5:])}"
            )
        return result

    def close(self) -> None:
        """End all processes."""
        self._drop()
        self._connections.close()

    def _run_once(self, case: Case) -> Result:
        started = time.monotonic()
        result = Result(case, "pass")
        session: Session | None = None
        try:
            session, scratch = self._session_for(case)
            scenario = Scenario(
                case,
                session,
                Fixtures(partial(_language, session), self._connections.testee.fixtures),
                time.monotonic() + case.limit_s * self._connections.scale,
                scratch,
                driver=self._connections.driver,
                connect=None if self._connections.driver is not None else self._connect,
                scale=self._connections.scale,
                bindings={
                    "scratch": scratch,
                    "testee": shlex.split(self._connections.testee.command),
                    **_languages(_language(session)),
                },
            )
            _judge(scenario, result)
        except CannotStart as error:
            result.outcome, result.message = "crash", f"{DID_NOT_START}: {error}"
        self._finish(case, session, result)
        result.seconds = time.monotonic() - started
        return result

    def _session_for(self, case: Case) -> tuple[Session, str]:
        if case.own:
            if self._connections.driver is not None:  # an initiator has one connection at a time
                self._drop()
            return self._connections.connect(case.start)
        if self._session is None:
            self._session, self._scratch = self._connections.connect({})
            self._before = []
        self._session.log.clear()
        return self._session, self._scratch

    def _connect(self, begin: Mapping[str, Any]) -> Session:
        """Begin one more connection; the caller ends it."""
        return self._connections.connect(begin)[0]

    def _finish(self, case: Case, session: Session | None, result: Result) -> None:
        if session is None:
            return
        bad = result.outcome not in ("pass", "nonstrict")
        if bad or case.own or session.link.ended or not self._tidy(session, result):
            result.log = [entry.as_json() for entry in session.log.entries()]
            result.stderr = session.link.drain_stderr(time.monotonic() + (0.2 if bad else 0))[-4000:]
            session.link.close()
            if session is self._session:
                self._session = None
                self._before = []
        else:
            result.log = [entry.as_json() for entry in session.log.entries()]
            self._before.append(case.id)

    def _tidy(self, session: Session, result: Result) -> bool:
        """Close what the case left open, and make sure that the testee still answers."""
        for channel, account in session.conduct.accounts.items():
            if not (account.ours_closed or account.theirs_closed) and channel not in session.retired:
                session.send(frame("CHANNEL_CLOSE", channel))
        session.retired.update(session.conduct.accounts)
        payload = b"tidy"
        session.send(frame("PING", 0, payload))
        good = session.wait(
            lambda: any(event.name == "PONG" and event.payload == payload for event in session.inbox),
            time.monotonic() + _TIDY_S * max(1.0, self._connections.scale),
        )
        session.inbox.clear()
        violations = session.take_violations()
        if violations:
            result.outcome, result.check = "fail", "conduct"
            result.req, result.message = violations[0].req, violations[0].text
        return good and not violations

    def _drop(self) -> None:
        if self._session is not None:
            self._session.link.close()
            self._session = None


def _languages(name: str) -> dict[str, str]:
    """Return the name of the language, and names that are only like it, by what a case calls them."""
    return {
        "language": name,
        "language_in_capitals": name.upper(),
        "language_with_a_capital": name.capitalize(),
        "language_and_a_blank": f"{name} ",
        "language_behind_a_blank": f" {name}",
        "language_and_a_letter": f"{name}s",
        "language_without_a_letter": name[:-1],
        "language_and_a_zero": f"{name}\0",
    }


def _language(session: Session) -> str:
    return session.theirs.language if session.theirs is not None else "python"


def _judge(scenario: Scenario, result: Result) -> None:
    """Run the steps and note what came of them."""
    session = scenario.session
    try:
        run_steps(scenario, scenario.case.steps)
    except CheckFailed as error:
        result.outcome, result.message = "fail", str(error)
        result.check, result.expected, result.actual, result.req = (
            error.check,
            error.expected,
            error.actual,
            error.req,
        )
    except NoAnswer as error:
        result.outcome, result.message = "timeout", str(error)
    except TesteeGone as error:
        result.outcome, result.message = "crash", str(error)
    except MissingFixture as error:
        result.outcome, result.message = "untestable", str(error)
    except CaseError as error:
        result.outcome, result.message = "harness-error", f"step {scenario.step_number + 1}: {error}"
    result.remarks += scenario.remarks
    violations = session.take_violations()
    if violations and result.outcome != "harness-error":
        if result.outcome == "pass":
            result.outcome, result.check = "fail", "conduct"
            result.req, result.message = violations[0].req, violations[0].text
        result.remarks += [f"{violation.req}: {violation.text}" for violation in violations[:5]]
    if result.outcome == "pass" and scenario.remarks:
        result.outcome = "nonstrict"
    if result.outcome in ("fail", "timeout") and not violations:
        result.req = result.req or scenario.step_req
        if _level(result) != "MUST":
            result.outcome = "nonstrict"


def _level(result: Result) -> str:
    """Return the level of what a result is about: of the step that failed, if that names a requirement."""
    known = requirements().get(result.req)
    return result.case.level if known is None else known.level
