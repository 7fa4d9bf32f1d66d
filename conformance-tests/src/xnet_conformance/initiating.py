"""Judging an initiator: a program that starts the runner's relay as its worker.

The runner is the worker at the other end, byte by byte; what an application would do is asked for in lines of
JSON.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.connecting import START_S, Workers, with_scratch
from xnet_conformance.conversation import Conversation, relay_command, wait_readable
from xnet_conformance.errors import CannotStart, CaseError, CheckFailed, NoAnswer, TesteeGone
from xnet_conformance.link import Link
from xnet_conformance.session import Session
from xnet_conformance.steps_frames import expect, send
from xnet_conformance.values import format_value, parse_answer, parse_value

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from xnet_conformance.scenario import Scenario
    from xnet_conformance.testee import Testee

_ANSWER_S: Final = 10.0


class Initiators(Workers):
    """Starts the program, and has it connect for each case that needs a separate connection.

    Args:
        testee: The program to start.
        scratch: Where each connection gets its own directory.
        scale: Stretches time limits.
    """

    def __init__(self, testee: Testee, scratch: str, scale: float = 1.0) -> None:
        super().__init__(testee, scratch, scale)
        self.driver = self
        self._program: Conversation | None = None
        self._connecting = 0
        self._environ: dict[str, str] = {}

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The program, if it has been started."""
        return self._program.link.process if self._program is not None else None

    def prepare(self) -> None:
        """Have the program running."""
        if self._program is None or self._program.link.ended:
            self._drop()
            # Mutants have less time for their cases than others, and as much to start.
            self._program = Conversation(self.testee, self.start_s / START_S, self._environ)

    def connect(self, begin: Mapping[str, Any]) -> tuple[Session, str]:
        """Return a session and its scratch directory.

        Args:
            begin: ``start`` of a case: ``hello``, ``handshake``, ``preamble``, ``environ``.

        Raises:
            CannotStart: The program does not start, does not connect, or says no HELLO.
        """
        scratch = tempfile.mkdtemp(dir=self.scratch)
        environ = with_scratch(begin.get("environ", {}), scratch)
        if environ != self._environ:
            self._drop()
            self._environ = environ
        self.prepare()
        assert self._program is not None
        deadline = time.monotonic() + self.start_s
        try:
            if self._connecting:
                self._program.ask("disconnect", {}, deadline)
        except (NoAnswer, TesteeGone):  # it hangs or is gone: the next case must not suffer from it
            self._drop()
            self.prepare()
        link = self._accept(scratch, deadline)
        session = Session(link, "initiator", with_scratch(begin.get("hello", {}), scratch))
        session.preamble_due = True
        if begin.get("preamble", True):
            session.send_preamble()
        if begin.get("handshake", True):
            session.say_hello()
            try:
                session.wait_hello(deadline)
            except (TesteeGone, NoAnswer, CheckFailed) as error:
                link.close()
                raise CannotStart(str(error)) from None
        return session, scratch

    def close(self) -> None:
        """End the program."""
        self._drop()

    # ---- what cases ask of the application ----------------------------------------------------

    def echo_channel(self, scenario: Scenario, name: str) -> None:
        """Have the application open a channel, and send back what comes on it."""
        self._open(scenario, name, "echo")

    def kept_channel(self, scenario: Scenario, raw: Mapping[str, str]) -> None:
        """Have it open a channel that it holds and does nothing with."""
        self._open(scenario, raw["ch"], "keep")

    def taking_channel(
        self, scenario: Scenario, raw: Mapping[str, Any], reference: Mapping[str, Any]
    ) -> None:
        """Have it open a channel, on which it gets another one, and receive that many items from it."""
        by, name = raw["by"], f"{raw['ch']} of the application"
        self.application(scenario, {"do": "exec", "new": by})
        expect(scenario, {"CHANNEL_EXEC": {"ch": {"bind": by}}})
        self.application(scenario, {"do": "receive", "ch": by, "new": name, "as": name})
        send(scenario, reference)
        self.answer(scenario, {"as": name})
        scenario.bindings[f"taken by {by}"] = [f"{name} {number}" for number in range(raw["count"])]
        for each in scenario.bindings[f"taken by {by}"]:
            self.application(scenario, {"do": "receive", "ch": name, "as": each})

    def has_taken(self, scenario: Scenario, by: str) -> None:
        """Wait until it has received them."""
        for each in scenario.bindings[f"taken by {by}"]:
            self.answer(scenario, {"as": each})

    def application(self, scenario: Scenario, raw: Mapping[str, Any]) -> None:
        """Have it do something, without waiting until that is done: ``{do: status, ...}``.

        A channel is named ``ch``; ``new: NAME`` is a name for a channel that it opens.
        """
        maker = scenario.bindings.get(f"maker of {raw.get('ch')}")
        if maker is not None:
            # The frame that opens a channel can be here before the application has given it its name.
            self._answer(scenario, maker)
        number = self._say("do", asked(raw))
        if "new" in raw:
            scenario.bindings[f"maker of {raw['new']}"] = number
        if "as" in raw:
            scenario.bindings[f"answer {raw['as']}"] = number

    def answer(self, scenario: Scenario, raw: Mapping[str, Any]) -> None:
        """Wait for what came of something: ``{as: name, value: pattern}``, or ``error: words`` and ``code``.

        ``either: true`` takes any answer; ``connected`` is what came of connecting. ``never_begun: true``:
        the program knows that of a request; not to know it breaks a SHOULD (GR-022).
        """
        connecting = self._connecting if raw["as"] == "connected" else None
        number = scenario.bindings.get(f"answer {raw['as']}", connecting)
        if number is None:
            raise CaseError(f"the application was not asked for anything as {raw['as']!r}")
        found = self._answer(scenario, number)
        if _cannot(found):
            raise CheckFailed("the program cannot do what was asked", actual=str(found)[:1000])
        if raw.get("either"):
            return
        if "error" in raw:
            if "error" not in found or raw["error"] not in str(found["error"]):
                raise CheckFailed(
                    "the application got another answer",
                    expected=f"an error with {raw['error']!r}",
                    actual=str(found)[:1000],
                )
            if "code" in raw and raw["code"] != found.get("code"):
                raise CheckFailed(
                    "the application got an error with another code",
                    expected=raw["code"],
                    actual=str(found)[:1000],
                )
            claimed = found.get("never_begun", False)
            if claimed and not raw.get("never_begun"):
                raise CheckFailed(
                    "a request is reported as never begun although it may have begun",
                    actual=str(found)[:1000],
                    req="GR-023",
                )
            if raw.get("never_begun") and not claimed:
                scenario.remarks.append("the application is not told that the request never began (GR-022)")
            return
        if "error" in found:
            raise CheckFailed("the application got an error", actual=str(found["error"])[:1000])
        if "value" in raw:
            try:
                value = parse_answer(found.get("value"))
            except CaseError as error:
                raise CheckFailed("the answer is not a tagged value", actual=str(error)) from None
            problem = scenario.mismatch(raw["value"], value)
            if problem is not None:
                raise CheckFailed(f"what the application got: {problem}")

    def finish(self, deadline: float) -> str:
        """Let the program come to its end; return all of its standard error.

        Raises:
            NoAnswer: It goes on.
        """
        assert self._program is not None
        return self._program.finish(deadline)

    # -------------------------------------------------------------------------------------------

    def _open(self, scenario: Scenario, name: str, use: str) -> None:
        number = self._say("do", {"do": use})
        expect(scenario, {"CHANNEL_EXEC": {"ch": {"bind": name}}})
        answer = self._answer(scenario, number)
        if "error" in answer or _cannot(answer):
            raise CheckFailed(f"the application could not {use} a channel", actual=str(answer)[:1000])

    def _say(self, command: str, arguments: Mapping[str, Any]) -> int:
        if self._program is None:
            raise CaseError("the initiator's program is not running")
        return self._program.say(command, arguments)

    def _answer(self, scenario: Scenario, number: int) -> dict[str, Any]:
        """Return the answer to a command, waiting for it, and go on being the worker meanwhile."""
        kept: dict[str, Any] | None = scenario.bindings.get(f"answer to {number}")
        if kept is not None:
            return kept
        assert self._program is not None
        program = self._program
        until = min(scenario.deadline, time.monotonic() + _ANSWER_S * self.scale)
        session = scenario.session
        while time.monotonic() < until:
            program.look()
            with contextlib.suppress(NoAnswer):
                answer = program.answer(number, time.monotonic())
                scenario.bindings[f"answer to {number}"] = answer
                return answer
            session.pump(time.monotonic() + 0.001)
            wait_readable([*program.fds, *session.link.fds], min(until, time.monotonic() + 0.05))
        raise NoAnswer(f"the application did not answer command {number}")

    def _accept(self, scratch: str, deadline: float) -> Link:
        assert self._program is not None
        # A short path: names of sockets may have about 100 bytes.
        with tempfile.TemporaryDirectory(prefix="xc") as folder, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(folder, "s")
            listener.bind(path)
            listener.listen(1)
            self._connecting = self._program.say("connect", {"command": relay_command(path, self.scale)})
            while not wait_readable([listener.fileno()], time.monotonic() + 0.01):
                self._program.look()
                if self._program.link.ended or time.monotonic() > deadline:
                    stderr = self._program.link.drain_stderr(time.monotonic() + 0.3)
                    self._drop()
                    raise CannotStart(
                        f"the program did not start its worker\nstandard error:\n{stderr[-2000:]}"
                    )
            end, _ = listener.accept()
        fd = end.detach()
        return Link(fd, fd, None)

    def _drop(self) -> None:
        if self._program is not None:
            self._program.close()
            self._program = None
        self._connecting = 0


def asked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a step asks an application for; large values are described in it."""
    fields = {key: item for key, item in raw.items() if key != "as"}
    if isinstance(fields.get("source"), dict):
        fields["source"] = parse_value(fields["source"]).content
    if isinstance(fields.get("item"), dict) and "n" in fields["item"]:
        fields["item"] = format_value(parse_value(fields["item"]))
    return fields


def _cannot(answer: Mapping[str, Any]) -> bool:
    """Say whether a program does not know what it was asked for, or has a mistake itself."""
    return "unsupported" in answer or "problem" in answer
