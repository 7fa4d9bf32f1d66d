"""Steps about a worker reached through another: bytes of one are items on a channel of the other."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frames import frame
from xnet_conformance.link import Link
from xnet_conformance.scenario import Scenario, run_steps, step
from xnet_conformance.session import Session
from xnet_conformance.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable

#: What a careful sender puts into one item of the outer connection.
_MOST_BYTES = 60_000


class Tunnel(Link):
    """The bytes of an inner connection.

    Args:
        outer: The connection that carries it.
        channel: Where code of the outer worker hands them on.
        deadline: Returns when the case is over.
    """

    def __init__(self, outer: Session, channel: int, deadline: Callable[[], float]) -> None:
        super().__init__(-1, -1, None)
        self._outer = outer
        self._channel = channel
        self._deadline = deadline

    def write(self, data: bytes) -> None:
        """Send bytes as items."""
        for at in range(0, len(data), _MOST_BYTES):
            piece = Value("bytes", data[at : at + _MOST_BYTES])
            self._outer.send_item(self._channel, piece, self._deadline())

    def close_input(self) -> None:
        """End the inner worker's input."""
        self._close_when_written = True
        self._outer.send(frame("CHANNEL_LAST_MESSAGE", self._channel))

    def pump(self, deadline: float) -> bool:
        """Take what came, or wait for it."""
        while not self._take():
            if self.ended or self._outer.link.ended or not self._outer.pump(deadline):
                return False
        return True

    def _take(self) -> bool:
        event = self._outer.first(self._channel)
        if event is None:
            return False
        self._outer.inbox.remove(event)
        if event.name != "ITEM":
            self.ended = True
        elif event.value is None or event.value.kind not in ("bytes", "py2str"):
            raise CheckFailed("the code that carries bytes sent something else", actual=event.describe())
        else:
            self.received += event.value.content
        return True


@step("inner")
def inner(scenario: Scenario, raw: Any) -> None:
    """Run steps with the worker that a channel leads to: ``{ch: a, steps: [...]}``; HELLOs come first."""
    outer = scenario.session
    tunnel = Tunnel(outer, scenario.known(raw["ch"]), lambda: scenario.deadline)
    session = Session(tunnel, "worker", raw.get("hello"), python2=outer.conduct.python2)
    session.say_hello()
    session.wait_hello(scenario.deadline)
    scenario.session = session
    try:
        run_steps(scenario, raw["steps"])
    finally:
        scenario.session = outer
        outer.conduct.violations += session.take_violations()


@step("kill")
def kill(scenario: Scenario, _raw: Any) -> None:
    """Kill the testee's process, and only that."""
    process = scenario.session.link.process
    if process is None:
        raise CaseError("there is no process to kill")
    process.send_signal(signal.SIGKILL)


@step("process_gone")
def process_gone(scenario: Scenario, raw: Any) -> None:
    """Wait until a process has ended: ``$pid``, which a step has remembered."""
    pid = scenario.value(raw).content
    while _lives(pid):
        if time.monotonic() >= scenario.deadline:
            raise NoAnswer(f"the process {pid} is still running")
        scenario.session.pump(min(scenario.deadline, time.monotonic() + 0.05))
        time.sleep(0.01)  # nothing tells when a process that is not our child has ended


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # One that has not been reaped yet has ended.
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
