"""The testee's end of a connection in the hands of a test: a real socket, and frames written by hand."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xnet_conformance import case_running  # registers all steps
from xnet_conformance.case import Case
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.frames import PREAMBLE, Frame, FrameCutter, frame
from xnet_conformance.link import Link
from xnet_conformance.scenario import Scenario, run_steps
from xnet_conformance.session import Session
from xnet_conformance.values import parse_value

PATIENCE_S = 200.0
#: For what will not come, however long one waits.
NOT_LONG_S = 0.02
HELLO = frame("HELLO", 0, bytes.fromhex("a16776657273696f6e820100"))
assert case_running.STEP_MODULES


def busy() -> float:
    """Return how many programs share a processor: so much longer may take what is soon done otherwise."""
    running = 0.0
    with contextlib.suppress(OSError):  # those of this moment; the load is the mean of a minute
        running = float(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return max(1.0, max(running, os.getloadavg()[0]) / (os.cpu_count() or 1))


def patience() -> float:
    """Return a deadline that only a hang passes."""
    return time.monotonic() + PATIENCE_S


def cbor(tagged: object) -> bytes:
    """Return the encoding of a tagged value."""
    return write_value(parse_value(tagged))


def item(channel: int, tagged: object) -> Frame:
    """Return CHANNEL_DATA with a value."""
    return frame("CHANNEL_DATA", channel, cbor(tagged))


def farewell(code: int, text: str = "no", last: int = 0) -> Frame:
    """Return GOAWAY."""
    return frame("GOAWAY", 0, cbor({"t": "dict", "v": [["code", code], ["text", text], ["last", last]]}))


class Peer:
    """A testee that says what a test lets it say.

    Args:
        role: "worker" or "initiator".
        hello: Shake hands first.
        payload: Of the testee's HELLO.
        fields: For the runner's HELLO.
        python2: The testee may send py2-str.
    """

    def __init__(
        self,
        role: str = "worker",
        *,
        hello: bool = True,
        payload: bytes = HELLO.payload,
        fields: Mapping[str, Any] | None = None,
        python2: bool = False,
    ) -> None:
        ours, self.socket = socket.socketpair()
        self._fd = ours.detach()
        self.link = Link(self._fd, self._fd, None)
        self.session = Session(self.link, role, fields, python2=python2)
        self._cutter = FrameCutter(1 << 20)
        self._server: threading.Thread | None = None
        self.served: list[Frame] = []
        self.scratch = ""
        self._scenario: Scenario | None = None
        if hello:
            self.session.say_hello()
            if role == "worker":
                self.socket.sendall(PREAMBLE)
            self.say(frame("HELLO", 0, payload))
            self.session.wait_hello(patience())
            self.heard()

    def say(self, *frames: Frame) -> None:
        """Send frames; the session has read them then."""
        self.say_raw(b"".join(one.encode() for one in frames))

    def say_raw(self, data: bytes) -> None:
        """Send bytes; the session has read them then."""
        self.socket.sendall(data)
        self.settle()

    def end(self) -> None:
        """End the testee's side of the stream."""
        self.socket.shutdown(socket.SHUT_WR)
        self.settle()

    def settle(self) -> None:
        """Let the session read what is there."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        while not self.link.ended and poll.poll(0):
            self.session.pump(patience())

    def heard_raw(self) -> bytes:
        """Return the bytes that the runner has sent since the last call."""
        found = b""
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while data := self.socket.recv(1 << 18):
                found += data
        self.socket.setblocking(True)
        return found

    def heard(self) -> list[Frame]:
        """Return the frames that the runner has sent since the last call."""
        return self._cutter.feed(self.heard_raw())

    def serve(self, answer: Callable[[Frame], Iterable[Frame]]) -> None:
        """Answer each frame of the runner from now on, in a thread; ``served`` has those that came."""

        def work() -> None:
            with contextlib.suppress(OSError):
                while data := self.socket.recv(1 << 16):
                    for one in self._cutter.feed(data):
                        self.served.append(one)
                        self.socket.sendall(b"".join(reply.encode() for reply in answer(one)))

        self._server = threading.Thread(target=work, daemon=True)
        self._server.start()

    def scenario(self, within: float = PATIENCE_S, **fields: Any) -> Scenario:
        """Return the scenario of this connection, with a new deadline."""
        if self._scenario is None:
            case = Case(id="a.b", layer="flow", req=("FC-001",), steps=(), **fields)
            self._scenario = Scenario(case, self.session, Fixtures("python"), 0.0, self.scratch)
        self._scenario.deadline = time.monotonic() + within
        return self._scenario

    def run(self, *steps: Mapping[str, Any], within: float = PATIENCE_S) -> Scenario:
        """Run steps of a case; names of channels stay for the next call."""
        scenario = self.scenario(within)
        run_steps(scenario, steps)
        return scenario

    def close(self) -> None:
        """Let go of everything."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        if self._server is not None:
            self._server.join(PATIENCE_S)
        self.socket.close()
        self.link.close()


def polite(one: Frame) -> list[Frame]:
    """Answer PING, send items back and return their credit, as a good worker does that executes an echo."""
    if one.name == "PING":
        return [frame("PONG", 0, one.payload)]
    if one.name == "CHANNEL_DATA":
        return [frame("CHANNEL_CREDIT", one.channel, cbor(len(one.payload) + 64)), one]
    if one.name == "CHANNEL_PART":
        return [frame("CHANNEL_CREDIT", one.channel, cbor(len(one.payload)))]
    return []
