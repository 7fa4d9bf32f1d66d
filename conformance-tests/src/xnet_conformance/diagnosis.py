"""What is wrong with a testee, from its start on: for a first attempt that does not work."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.blocking import advice_for, is_smoke
from xnet_conformance.case_files import load_cases
from xnet_conformance.connecting import Workers
from xnet_conformance.errors import CannotStart
from xnet_conformance.frames import PREAMBLE
from xnet_conformance.role_runners import make_runner, probe

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from xnet_conformance.session import Session
    from xnet_conformance.testee import Testee

_LOOK_S: Final = 5.0


@attrs.frozen
class Finding:
    """One step: whether it succeeded, what was seen, and what to do if it failed."""

    step: str
    good: bool
    seen: str
    advice: str = ""


def diagnose(testee: Testee, scale: float = 1.0) -> Generator[Finding, None, None]:
    """Go through the steps of a connection, and stop at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="xnet-conformance-") as scratch:
        if testee.role == "worker":
            with contextlib.closing(_bytes(testee, scratch, scale)) as findings:
                for finding in findings:
                    yield finding
                    if not finding.good:
                        return
        try:
            features = probe(testee, scratch, scale)
        except CannotStart as error:
            yield Finding(
                "first contact", False, str(error), "what it wrote to standard error is shown above"
            )
            return
        said = sorted(feature for feature in features if not feature.startswith("fixture."))
        yield Finding("first contact", True, f"features: {', '.join(said) or 'none'}")
        runner = make_runner(testee, scratch, scale)
        try:
            for case in load_cases():
                if is_smoke(case) and testee.role in case.roles:
                    result = runner.run(case)
                    good = result.outcome in ("pass", "nonstrict")
                    shown = result.message or result.outcome
                    if result.stderr and not good:
                        shown += f"\nstandard error:\n{result.stderr[-1000:]}"
                    yield Finding(case.title, good, shown, advice_for(case))
        finally:
            runner.close()


def _bytes(testee: Testee, scratch: str, scale: float) -> Generator[Finding, None, None]:
    """Look at the first bytes of a worker, before anything is said to it."""
    workers = Workers(testee, scratch, scale)
    try:
        session, _ = workers.connect({"handshake": False})
    except CannotStart as error:
        yield Finding(
            "the program starts", False, str(error), "is the command correct, and the program executable?"
        )
        return
    try:
        yield Finding("the program starts", True, testee.command)
        yield from _look(session, time.monotonic() + _LOOK_S * scale)
    finally:  # even if the caller does not ask for the rest
        session.link.close()
        workers.close()


def _look(session: Session, deadline: float) -> Iterator[Finding]:
    link = session.link
    while not link.ended and session.theirs is None and session.protocol_broken is None:
        if not session.pump(deadline):
            break
    yield _first_bytes(
        session.noise, preamble=session.preamble_seen, ended=link.ended, stderr=link.stderr_text()
    )
    if session.preamble_seen:
        said = session.theirs is not None
        seen = str(session.theirs) if said else session.protocol_broken or "nothing after the preamble"
        advice = "send HELLO at once, without waiting for the other side (HS-001); its payload: HS-010"
        yield Finding("its HELLO", said, seen, "" if said else advice)


def _first_bytes(noise: bytes, *, preamble: bool, ended: bool, stderr: str) -> Finding:
    if preamble:
        seen = "the preamble" + (f", after {len(noise)} other bytes: {noise[:100]!r}" if noise else "")
        return Finding("its first bytes", not noise, seen, "a worker writes nothing before it (HS-001)")
    if not noise:
        seen = "it ended" if ended else "it has written nothing"
        advice = "a worker writes preamble and HELLO unasked (HS-001). Does it flush what it writes?"
    else:
        seen = f"{noise[:100]!r}, expected {PREAMBLE!r}"
        advice = "is standard output in binary mode? \\r\\n in place of \\n destroys the preamble"
    if stderr:
        seen += f"{os.linesep}standard error:{os.linesep}{stderr[-1000:]}"
    return Finding("its first bytes", False, seen, advice)
