"""Steps about what is not a single frame: credit, the stream's end, the process, its output, its trace."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any, Final

from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.scenario import Scenario, step
from xnet_conformance.session import read_goaway
from xnet_conformance.specification import ERROR_CODES
from xnet_conformance.trace_checking import check_trace

#: How long the end of a process may take when there is nothing to wait for: scheduling, not work.
_SOON_S: Final = 8.0
_MOST_NICENESS: Final = 19


@step("credit")
def credit(scenario: Scenario, raw: Any) -> None:
    """Decide how credit is returned to the testee: ``auto`` (at half of the window) or ``manual``."""
    scenario.session.auto_credit = raw == "auto"


@step("return_credit")
def return_credit(scenario: Scenario, raw: Any) -> None:
    """Give credit back: ``{ch: a, amount: n}``; without an amount, all that is due."""
    channel = scenario.known(raw["ch"])
    due = scenario.session.account(channel).due
    scenario.session.return_credit(channel, raw.get("amount", due))


@step("account")
def account(scenario: Scenario, raw: Any) -> None:
    """Wait until an account is so: ``{ch: a, returned: {at_least: n}, theirs_spent: {at_most: n}}``.

    ``returned: all`` is everything that was spent, ``returned: due`` all but half a window. With ``now:
    true`` nothing is waited for.
    """
    session = scenario.session
    entry = session.account(scenario.known(raw["ch"]))

    def wrong() -> str | None:
        for name, bounds in raw.items():
            if name in ("ch", "now"):
                continue
            if not hasattr(entry, name):
                raise CaseError(f"an account has no {name!r}")
            found = getattr(entry, name)
            number = len(found) if isinstance(found, list) else int(found)
            if bounds == "all":
                bounds = {"at_least": entry.ours_spent}
            elif bounds == "due":
                window = session.conduct.theirs.credit
                bounds = {"at_least": entry.ours_spent - (window - window // 2) + 1}
            for bound, limit in bounds.items():
                if (bound == "at_least" and number < limit) or (bound == "at_most" and number > limit):
                    return (
                        f"{name} of channel {raw['ch']} is {number}, "
                        f"expected {bound.replace('_', ' ')} {limit}"
                    )
        return None

    if raw.get("now"):
        problem = wrong()
        if problem is not None:
            raise CheckFailed(problem)
    elif not session.wait(lambda: wrong() is None, scenario.deadline):
        if session.link.ended:
            raise session.gone("credit was expected")
        raise NoAnswer(wrong() or "")


@step("blocked")
def blocked(scenario: Scenario, raw: Any) -> None:
    """Wait until the testee has less credit on a channel than its next frame costs (``next``)."""
    entry = scenario.session.account(scenario.known(raw["ch"]))
    if not scenario.session.wait(lambda: entry.theirs_left < raw["next"], scenario.deadline):
        raise NoAnswer(
            f"the testee stopped sending on channel {raw['ch']} with {entry.theirs_left} bytes of credit left"
        )


@step("close_input")
def close_input(scenario: Scenario, _raw: Any) -> None:
    """End the testee's input."""
    scenario.session.log.remark("the runner ends its side of the stream")
    scenario.session.link.close_input()


@step("end")
def end(scenario: Scenario, raw: Any) -> None:
    """Expect the stream's end: ``{within: seconds, clean: true}``; ``clean``: neither side broke a rule.

    Then there is no GOAWAY, or one with NO_ERROR; and after GATEWAY_TERMINATE there is one (GR-012), unless
    the runner has ended the connection as well.
    """
    session = scenario.session
    fields = raw if isinstance(raw, dict) else {}
    if not session.wait(
        lambda: session.link.ended and not session.link.received, scenario.soon(fields.get("within"))
    ):
        raise NoAnswer("the testee did not end its side of the stream")
    farewell = session.goaway()
    if not fields.get("clean"):
        return
    if farewell is not None and read_goaway(farewell).get("code") != ERROR_CODES["NO_ERROR"]:
        raise CheckFailed("the stream ended with GOAWAY", actual=session.how_it_ended())
    conduct = session.conduct
    if farewell is None and conduct.says_goodbye and conduct.asked_to_end and not session.link.input_closed:
        raise CheckFailed(
            "the stream ended without GOAWAY after GATEWAY_TERMINATE",
            req="GR-012",
            actual=session.how_it_ended(),
        )


@step("exit")
def exits(scenario: Scenario, raw: Any) -> None:
    """Expect the end of the process: ``{status: 0, within: 15}``; ``should_status`` is a SHOULD (GR-007)."""
    fields = raw if isinstance(raw, dict) else {}
    link = scenario.session.link
    if link.process is None:
        return
    started = time.monotonic()
    status = link.wait_exit(scenario.soon(fields.get("within", _SOON_S)))
    if status is None:
        raise NoAnswer(f"the process is still running after {time.monotonic() - started:.1f} s")
    if "status" in fields and status != fields["status"]:
        raise CheckFailed(f"the exit status is {status}", expected=str(fields["status"]), actual=str(status))
    if "should_status" in fields and status != fields["should_status"]:
        scenario.remarks.append(
            f"the exit status is {status}, it should be {fields['should_status']} (GR-007)"
        )


@step("niceness")
def niceness(scenario: Scenario, raw: Any) -> None:
    """Check how much nicer a process is than the runner: ``{of: $pid, added: n}``, but 19 at most."""
    pid = scenario.value(raw["of"]).content
    wanted = min(_MOST_NICENESS, os.getpriority(os.PRIO_PROCESS, 0) + raw["added"])
    found = os.getpriority(os.PRIO_PROCESS, pid)
    if found != wanted:
        raise CheckFailed(
            f"the niceness of process {pid} is {found}", expected=str(wanted), actual=str(found)
        )


@step("elapsed")
def elapsed(scenario: Scenario, raw: Any) -> None:
    """Check how long the case has taken, where it is about time: ``{at_least: s, at_most: s}``."""
    seconds = time.monotonic() - scenario.began
    most = scenario.allowed(raw["at_most"]) if "at_most" in raw else seconds
    if not raw.get("at_least", 0) <= seconds <= most:
        raise CheckFailed("it took a different time", expected=str(raw), actual=f"{seconds:.1f} s")


@step("stderr")
def stderr(scenario: Scenario, raw: Any) -> None:
    """Wait until standard error has a text, ``{contains: text}``, or check that it has not, ``absent``."""
    link = scenario.session.link
    if "contains" in raw:
        while raw["contains"] not in link.stderr_text():
            if not scenario.session.pump(scenario.deadline):
                raise NoAnswer(
                    f"standard error does not contain {raw['contains']!r}: {link.stderr_text()[-500:]!r}"
                )
    elif raw["absent"] in link.drain_stderr(scenario.soon(2)):
        raise CheckFailed(f"standard error contains {raw['absent']!r}", actual=link.stderr_text()[-500:])


@step("trace")
def trace(scenario: Scenario, raw: Any) -> None:
    """Compare the trace with the frames that the runner saw; ``mode`` is file, stderr, none or json."""
    session = scenario.session
    deadline = scenario.soon(_SOON_S)
    session.wait(lambda: session.link.ended, deadline)
    if scenario.driver is not None:
        text = scenario.driver.finish(deadline)
    else:
        session.link.wait_exit(deadline)
        text = session.link.drain_stderr(deadline)
    check_trace(raw["mode"], Path(scenario.scratch), text, session.frames, raw)


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have, where the system tells."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text(encoding="ascii").split()):
            found += [child, *descendants(child)]
    return found


@step("memory")
def memory(scenario: Scenario, raw: Any) -> None:
    """Note how much memory the testee's processes have had at most; later ``{more_at_most: bytes}``.

    Where the system does not tell, nothing is checked.
    """
    # An initiator is not the one that the runner has its stream from.
    process = scenario.session.link.process or getattr(scenario.driver, "process", None)
    if process is None:
        return
    peak = sum(map(_peak_bytes, [process.pid, *descendants(process.pid)]))
    more = peak - scenario.bindings.setdefault("memory", peak)
    if isinstance(raw, dict) and more > raw["more_at_most"]:
        raise CheckFailed(f"{more} bytes more of memory", expected=f"{raw['more_at_most']} at most")


def _peak_bytes(pid: int) -> int:
    """Return how much memory a process has had at once, as far as the system tells."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


@step("remember")
def remember(scenario: Scenario, raw: Any) -> None:
    """Give names to values: ``{name: tagged}``."""
    for name, tagged in raw.items():
        value = scenario.value(tagged)
        scenario.bindings[name] = value.content if value.kind in ("int", "str", "channel") else value


@step("order")
def order(scenario: Scenario, raw: Any) -> None:
    """Check that frames came in this order (others may be between): ``[[NAME, ch], ...]``."""
    wanted = [(name, scenario.known(channel)) for name, channel in raw]
    came = [(name, channel) for way, name, channel, _ in scenario.session.frames if way == "received"]
    at = 0
    for entry in came:
        if at < len(wanted) and entry == wanted[at]:
            at += 1
    if at < len(wanted):
        raise CheckFailed(
            f"{wanted[at][0]} did not come where it should", expected=str(wanted), actual=str(came[-20:])
        )


@step("file")
def file(scenario: Scenario, raw: Any) -> None:
    """Wait for a file in the scratch directory: ``{name: out.txt, contains: text}``; or ``absent: true``.

    With ``make: true`` it is made; ``folder: true`` says that it is a directory.
    """
    path = Path(scenario.scratch) / raw["name"]
    if raw.get("folder"):
        if not path.is_dir():
            raise CheckFailed(f"the directory {raw['name']} does not exist")
        return
    if raw.get("make"):
        path.touch()
        return
    if raw.get("absent"):
        if path.exists():
            raise CheckFailed(f"the file {raw['name']} exists")
        return
    while not (path.exists() and raw["contains"] in path.read_text(encoding="utf-8", errors="replace")):
        if time.monotonic() >= scenario.deadline:
            raise NoAnswer(f"the file {raw['name']} does not contain {raw['contains']!r}")
        scenario.session.pump(min(scenario.deadline, time.monotonic() + 0.05))
        if scenario.session.link.ended:
            time.sleep(0.01)  # nothing left to wait on but the file itself
