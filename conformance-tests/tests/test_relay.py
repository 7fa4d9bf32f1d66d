"""The relay: bytes from standard input to a socket and back, and the end of each way."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner_peer import PATIENCE_S
from xnet_conformance.conversation import relay_command


class Relay:
    """A relay that runs, and both its ends."""

    def __init__(self, folder: Path) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(folder / "s"))
            listener.listen(1)
            listener.settimeout(PATIENCE_S)
            self.process = subprocess.Popen(
                relay_command(str(folder / "s")), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
            self.runner, _ = listener.accept()
        self.runner.settimeout(PATIENCE_S)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def close(self) -> None:
        self.runner.close()
        self.stdin.close()
        self.stdout.close()
        self.process.wait(PATIENCE_S)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[Relay]:
    """Start a relay; it ends by itself when both its ends are closed."""
    one = Relay(tmp_path)
    yield one
    one.close()


def read(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := end.recv(size - len(data))):
        data += more
    return data


def test_bytes_go_both_ways_and_more_of_them_than_a_pipe_holds(relay: Relay) -> None:
    large = bytes(range(256)) * 4096
    writer = threading.Thread(target=relay.stdin.write, args=(large,))
    writer.start()
    assert read(relay.runner, len(large)) == large
    writer.join()
    back = threading.Thread(target=relay.runner.sendall, args=(large,))
    back.start()
    found = b""
    while len(found) < len(large):
        found += relay.stdout.read(1 << 16)
    back.join()
    assert found == large


def test_the_end_of_input_is_handed_on_and_the_other_way_stays_open(relay: Relay) -> None:
    relay.stdin.write(b"last words")
    relay.stdin.close()
    assert read(relay.runner, 100) == b"last words"
    relay.runner.sendall(b"farewell")
    relay.runner.close()
    assert relay.stdout.read() == b"farewell"
    assert relay.process.wait(PATIENCE_S) == 0


def test_last_words_arrive_although_the_initiator_kills_its_worker(relay: Relay) -> None:
    relay.stdin.write(b"last words")
    relay.process.kill()
    relay.process.wait(PATIENCE_S)
    relay.stdin.close()
    assert read(relay.runner, 100) == b"last words"


def test_it_ends_when_the_runner_has_gone(relay: Relay) -> None:
    relay.runner.close()
    assert relay.stdout.read() == b""
    assert relay.process.wait(PATIENCE_S) == 0


def test_last_words_arrive_from_who_reads_no_more(relay: Relay) -> None:
    """An initiator that refuses what is being sent closes its end behind GOAWAY."""
    relay.stdout.close()
    relay.runner.sendall(bytes(1 << 20))
    relay.stdin.write(b"last words")
    assert read(relay.runner, 10) == b"last words"
