from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from fuzz.core_targets import CoreTarget
from fuzz.main import main, play_all
from fuzz.mutation import Mutator
from fuzz.recording import echo, record
from xnet_channel.core import roles
from xnet_channel.core.connection import Connection
from xnet_wire.messages import Hello


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "3000"]) == 0
    out = capfd.readouterr().out
    assert "nothing found" in out
    for name in (
        "full worker",
        "bare worker",
        "core, worker",
        "core, initiator",
        "session, worker",
        "session, initiator",
    ):
        assert name in out


def test_as_a_command_it_finds_what_it_needs() -> None:
    command = [sys.executable, str(Path(__file__).parents[1]), "--count", "6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing found" in done.stdout


class Faulty(CoreTarget):
    """Trips over every one."""

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        super().play(stream, splits, random)
        raise IndexError(len(stream))


def test_what_is_found_is_said_with_how_to_play_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    recorded = record(echo, "popen")
    target = Faulty(roles.WORKER)
    assert play_all(target, Mutator([recorded.from_initiator]), 5, 100) == 10
    out = capsys.readouterr().out
    assert "FOUND in core, worker; again:  tools/dev.py fuzz --first " in out
    assert "10 failed" in out


def test_the_recorded_conversation_itself_is_understood() -> None:
    """Else every mutation would be refused at the same place."""
    recorded = record(echo, "popen")
    for role, stream in ((roles.WORKER, recorded.from_initiator), (roles.INITIATOR, recorded.from_worker)):
        connection = Connection(role, Hello("test"), lambda state: state)
        connection.start()
        if role == roles.WORKER:
            connection.receive_data(stream)
        else:
            end = stream.index(b"\x89XNET\r\n\x1a\n") + 9
            size = int.from_bytes(stream[end + 5 : end + 9], "big")
            connection.receive_data(stream[: end + 9 + size])
            connection.send_request(3, b"\xa1\x66source\x60")
            connection.receive_data(stream[end + 9 + size :])
        assert connection.failure is None or connection.ended_in_order
