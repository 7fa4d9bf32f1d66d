"""Talking to a testee's program in lines of JSON: what adapters and initiators are told.

The conversation is described in `conformance-tests/adapter-protocol/README.md`.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CannotStart, NoAnswer, TesteeGone
from xnet_conformance.link import start

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.link import Link
    from xnet_conformance.testee import Testee

#: The version of the conversation.
PROTOCOL: Final = 1
#: How long a program may take until it answers `start`, in seconds.
START_S: Final = 20.0
#: A longer line is not read: the program would decide how much memory the runner uses.
MOST_LINE: Final = 16 * 1024 * 1024


class Conversation:
    """One program, started, that has answered `start`.

    Attributes:
        hello: Its answer.
        link: Its process; `link.received` are the bytes of lines that have not come to an end.
    """

    def __init__(self, testee: Testee, scale: float, environ: Mapping[str, str] | None = None) -> None:
        """Start the program.

        Args:
            testee: Which.
            scale: Stretches time limits.
            environ: Variables in addition to those of the testee.

        Raises:
            CannotStart: It does not start, or does not answer as it should.
        """
        self.link: Link = start(testee.command, environ={**testee.environ, **(environ or {})})
        self._next = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._trouble = ""
        question = {"protocol": PROTOCOL, "role": testee.role}
        try:
            self.hello = self.ask("start", question, time.monotonic() + START_S * scale)
        except (NoAnswer, TesteeGone) as error:
            stderr = self.link.drain_stderr(time.monotonic() + 0.3)
            self.link.close()
            text = f"{error}" + (f"\nstandard error:\n{stderr[-2000:]}" if stderr else "")
            raise CannotStart(text) from None
        if self.hello.get("protocol") != PROTOCOL:
            self.link.close()
            raise CannotStart(
                f"it answered start with {self.hello!r:.200}; {{'protocol': {PROTOCOL}, ...}} was expected"
            )

    def say(self, command: str, arguments: Mapping[str, Any]) -> int:
        """Send a command; return its number, by which the answer is known."""
        self._next += 1
        line = json.dumps({"id": self._next, "cmd": command, **arguments})
        self.link.write(line.encode() + b"\n")
        return self._next

    def ask(self, command: str, arguments: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """Send a command and return the answer.

        Raises:
            NoAnswer: None came in time, or something that is none.
            TesteeGone: The program ended.
        """
        return self.answer(self.say(command, arguments), deadline)

    def answer(self, number: int, deadline: float) -> dict[str, Any]:
        """Wait for the answer to a command.

        Raises:
            NoAnswer: None came in time, or something that is none.
            TesteeGone: The program ended.
        """
        while number not in self._answers:
            if self._trouble:
                raise NoAnswer(self._trouble)
            if self.link.ended and not self.link.received:
                raise TesteeGone(f"the program ended while the answer to command {number} was expected")
            if not self.link.pump(deadline):
                raise NoAnswer(f"there was no answer to command {number} in time")
            self._take()
        return self._answers.pop(number)

    def look(self) -> None:
        """Take what has arrived, without waiting."""
        self.link.pump(time.monotonic() + 0.001)
        self._take()

    @property
    def fds(self) -> list[int]:
        """Descriptors to wait on, in addition to others."""
        return self.link.fds

    def finish(self, deadline: float) -> str:
        """End the program's input and let it come to its end; return all of its standard error.

        Raises:
            NoAnswer: It goes on.
        """
        self.link.close_input()
        if self.link.wait_exit(deadline) is None:
            raise NoAnswer("the program goes on after the end of its input")
        return self.link.drain_stderr(deadline)

    def close(self) -> None:
        """End the program."""
        self.link.close()

    def _take(self) -> None:
        received = self.link.received
        while (end := received.find(b"\n")) >= 0:
            line = bytes(received[:end])
            del received[: end + 1]
            self._take_line(line)
        if len(received) > MOST_LINE or (self.link.ended and received):
            self._trouble = self._trouble or f"{len(received)} bytes came that are not a line"
            received.clear()

    def _take_line(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):  # anything may come, also a thousand brackets
            answer = None
        if not isinstance(answer, dict) or type(answer.get("id")) is not int:
            self._trouble = f"the line {line[:200]!r} is not a JSON object with the id of a command"
        elif not 0 < answer["id"] <= self._next or answer["id"] in self._answers:
            self._trouble = f"the line {line[:200]!r} answers a command that was never sent"
        else:
            self._answers[answer["id"]] = answer


def wait_readable(fds: list[int], deadline: float) -> bool:
    """Wait until one of the descriptors has something; return False if the deadline passed first."""
    poll = select.poll()
    for fd in fds:
        if fd >= 0:
            poll.register(fd, select.POLLIN)
    left = deadline - time.monotonic()
    return bool(poll.poll(max(0.0, left) * 1000 + 1))


def relay_command(path: str, scale: float = 1.0) -> list[str]:
    """Return what an initiator is to start as its worker: it brings the connection to the runner.

    Args:
        path: The runner's socket.
        scale: Stretches how long last words of the initiator may take.
    """
    program = os.path.join(os.path.dirname(__file__), "relay.py")
    return [sys.executable, "-S", program, str(max(1.0, scale)), path]
