"""Steps that let a testee wait, against a peer that is a socket, and a process that is stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from runner_peer import patience
from xnet_conformance.case import Case
from xnet_conformance.errors import CaseError
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.frames import frame
from xnet_conformance.link import Link
from xnet_conformance.scenario import Scenario, run_steps
from xnet_conformance.session import Session

if TYPE_CHECKING:
    from runner_peer import Peer


def test_a_frame_comes_in_pieces_and_whole(peer: Peer) -> None:
    peer.run({"trickle": {"frame": {"TYPE_150": {"zeros": 20}}, "seconds": 0.3}})
    (one,) = peer.heard()
    assert (one.type, one.payload) == (150, bytes(20))


def test_questions_are_answered_when_the_silence_is_over(peer: Peer) -> None:
    peer.say(frame("PING", 0, b"before"))
    assert [one.name for one in peer.heard()] == ["PONG"]
    peer.session.auto_pong = False
    peer.say(frame("PING", 0, b"meanwhile"))
    assert peer.heard() == []
    peer.run({"unanswered": {"seconds": 0.01, "send": {"TYPE_150": {"hex": "00"}}}})
    *sent, last = peer.heard()
    assert {one.type for one in sent} == {150}
    assert (last.name, last.payload) == ("PONG", b"meanwhile")
    peer.say(frame("PING", 0, b"after"))
    assert [one.payload for one in peer.heard()] == [b"after"]


def test_who_has_no_process_cannot_be_stopped(peer: Peer) -> None:
    with pytest.raises(CaseError, match="no process"):
        peer.run({"stopped": {"seconds": 0}})


def test_a_process_is_stopped_between_two_questions() -> None:
    """It asks every tenth of a second, and says at the end how long it was away at most."""
    program = (
        "import sys, time\n"
        "out, last, most = sys.stdout.buffer, time.monotonic(), 0\n"
        "while most < 0.5:\n"
        "    out.write(bytes.fromhex('0b0000000000000000')); out.flush(); time.sleep(0.1)\n"
        "    most, last = max(most, time.monotonic() - last), time.monotonic()\n"
        "out.write(bytes.fromhex('0b0000000000000000')); out.flush(); sys.stdin.read()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    link = Link(os.dup(process.stdout.fileno()), os.dup(process.stdin.fileno()), process)
    session = Session(link, "initiator")
    began = time.monotonic()
    try:
        case = Case(id="a.b", layer="gateway", req=("FR-025",), steps=())
        run_steps(Scenario(case, session, Fixtures("python"), patience()), [{"stopped": {"seconds": 0.6}}])
        assert time.monotonic() - began >= 0.6
        assert session.auto_pong
        assert session.unanswered == []
    finally:
        process.kill()
        process.communicate()
        link.close()
