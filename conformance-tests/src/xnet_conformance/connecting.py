"""From a testee to a session: processes are started, some ahead of time, and HELLOs exchanged."""

from __future__ import annotations

import os
import tempfile
import time
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.errors import CannotStart, CheckFailed, NoAnswer, TesteeGone
from xnet_conformance.link import Link, start
from xnet_conformance.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.testee import Testee

#: A slow virtual machine may need that long for its first byte.
START_S: Final = 20.0


class Workers:
    """Starts a testee that is a worker, and keeps one unused process ready.

    Args:
        testee: What to start.
        scratch: Directory for what it writes.
        scale: Stretches time limits.
    """

    def __init__(self, testee: Testee, scratch: str, scale: float = 1.0) -> None:
        self.testee = testee
        self.scratch = scratch
        self.scale = scale
        self.start_s = START_S * scale
        #: An application that cases give orders to; a worker has none but what it executes.
        self.driver: Any = None
        self._spare: Link | None = None

    def prepare(self) -> None:
        """Start a process that the next ``connect`` will find there."""
        if self._spare is None:
            self._spare = self._start({}, None)

    def connect(self, begin: Mapping[str, Any]) -> tuple[Session, str]:
        """Return a session and its scratch directory.

        Args:
            begin: ``start`` of a case: ``hello``, ``environ``, ``handshake``; ``cwd``: ``scratch`` or
                ``odd``, a directory in it whose name begins so and is not text.

        Raises:
            CannotStart: The testee does not start, or says no HELLO.
        """
        scratch = tempfile.mkdtemp(dir=self.scratch)
        if "environ" in begin or "cwd" in begin:
            link = self._start(
                with_scratch(begin.get("environ", {}), scratch),
                _folder(begin.get("cwd"), scratch),
            )
        else:
            self.prepare()
            assert self._spare is not None
            link, self._spare = self._spare, None
        fields = with_scratch(begin.get("hello", {}), scratch)
        session = self.session(link, fields)
        if begin.get("handshake", True):
            session.say_hello()
            try:
                session.wait_hello(time.monotonic() + self.start_s)
            except (TesteeGone, NoAnswer, CheckFailed) as error:
                stderr = link.drain_stderr(time.monotonic() + 0.5)
                session.link.close()
                raise CannotStart(
                    f"{error}" + (f"\nstandard error:\n{stderr[-2000:]}" if stderr else "")
                ) from None
        return session, scratch

    def session(self, link: Link, fields: Mapping[str, Any]) -> Session:
        """Return the runner's end of a connection; `fields` are for its HELLO."""
        return Session(link, "worker", fields, python2=self.testee.python2)

    def close(self) -> None:
        """End the process that is ready."""
        if self._spare is not None:
            self._spare.close()
            self._spare = None

    def _start(self, environ: dict[str, str], cwd: str | None) -> Link:
        return start(
            self.testee.command,
            stdio=self.testee.stdio,
            environ={**self.testee.environ, **environ},
            cwd=cwd,
        )


def _folder(name: str | None, scratch: str) -> str | None:
    """Return where the testee runs, or None for where the runner does."""
    if name != "odd":
        return scratch if name == "scratch" else None
    odd: str = os.path.join(scratch, os.fsdecode(b"odd\xff"))
    try:
        os.mkdir(odd)
    except OSError:  # there are systems where each name is text
        odd = os.path.join(scratch, "odd")
        os.mkdir(odd)
    return odd


def with_scratch(item: Any, scratch: str) -> Any:
    """Put the directory in place of ``$scratch`` in everything that a case says in its HELLO."""
    if isinstance(item, str):
        return item.replace("$scratch", scratch)
    if isinstance(item, dict):
        return {key: with_scratch(inner, scratch) for key, inner in item.items()}
    if isinstance(item, list):
        return [with_scratch(inner, scratch) for inner in item]
    return item
