"""One connection and its process; what servers do with many is in test_server.py."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Watched, children, eventually
from socket_helpers import SECRET, Reached, read_all, soon
from xnet_gateway.sockets.authentication import GIVING, AuthenticationError
from xnet_gateway.sockets.handshaking import meet_server
from xnet_gateway.sockets.served_connection import ServedConnection
from xnet_gateway.sockets.streams import PlainStream


@pytest.fixture
def ends() -> Iterator[tuple[ServedConnection, socket.socket]]:
    theirs, ours = socket.socketpair()
    connection = ServedConnection(theirs, "peer:1", "peer")
    yield connection, ours
    connection.kill()
    connection.close()
    ours.close()


def started(connection: ServedConnection, ours: socket.socket) -> Reached:
    """Go all the way to a working interpreter."""
    client = threading.Thread(target=meet_server, args=(PlainStream(ours), SECRET, soon()))
    client.start()
    handshake = connection.authenticate(SECRET, None, soon(), GIVING)
    connection.say(handshake.accept(), soon())
    client.join(PATIENCE_S)
    connection.start()
    ours.settimeout(None)
    return Reached(os.dup(ours.fileno()))


def test_from_the_first_line_to_the_end(ends: tuple[ServedConnection, socket.socket]) -> None:
    connection, ours = ends
    with started(connection, ours) as reached:
        assert reached.ask("os.getpid()") == connection.pid
        assert connection.pid in children()
        assert reached.ask("os.getsid(0)") == connection.pid, "signals of our terminal would reach it"
        reached.leave()
    ours.close()
    assert connection.wait(lambda: False) == 0
    assert connection.pid not in children()


def test_its_last_words_arrive_though_it_left_something_unread(tmp_path: Path) -> None:
    """Spec: SO-041. Closed with bytes unread, a TCP connection is reset, and what was not sent is lost."""
    count = tmp_path / "count"
    # No worker of ours: the first line executes whatever it is told.
    program = (
        "import os\n"
        "os.set_blocking(1, False)\n"
        "n = 0\n"
        "try:\n"
        "    while True: n += os.write(1, b'x' * 65536)\n"
        "except BlockingIOError: pass\n"
        f"open({str(count)!r}, 'w').write(str(n))\n"
        "os._exit(0)\n"
    ).encode()
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname(), PATIENCE_S)
    connection = ServedConnection(listener.accept()[0], "peer:1", "peer")
    listener.close()

    def serve() -> None:
        connection.wait(lambda: False)
        connection.close()

    with ours:
        connection.start()
        process = Watched(connection.pid)
        waiter = threading.Thread(target=serve)
        waiter.start()
        ours.sendall(b"%06d" % len(program) + program + b"never read" * 100)
        assert process.wait_gone()
        process.kill()
        waiter.join(0.3)  # it waits for us to read
        assert len(read_all(ours)) == int(count.read_text())
        ours.shutdown(socket.SHUT_WR)
        waiter.join(PATIENCE_S)
        assert not waiter.is_alive()


def test_a_dropped_one_wakes_up(ends: tuple[ServedConnection, socket.socket]) -> None:
    connection, _ = ends
    threading.Timer(0.05, connection.drop, ("a reason",)).start()
    with pytest.raises((AuthenticationError, OSError)):
        connection.authenticate(SECRET, None, soon(), GIVING)
    assert connection.dropped == "a reason"
    connection.drop("another")
    assert connection.dropped == "a reason"


def test_a_dropped_one_gets_no_process(ends: tuple[ServedConnection, socket.socket]) -> None:
    """Terminated between its last line and its process."""
    connection, _ = ends
    before = children()
    connection.terminate()
    with pytest.raises(OSError, match="the server is stopping"):
        connection.start()
    assert children() <= before
    with pytest.raises(RuntimeError):
        connection.wait(lambda: False)


def test_a_stopped_process_ends_too(ends: tuple[ServedConnection, socket.socket]) -> None:
    connection, ours = ends
    with started(connection, ours) as reached:
        process = Watched(connection.pid)
        reached.run("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
        assert eventually(lambda: Path(f"/proc/{connection.pid}/stat").read_text().split(") ")[1][0] == "T")
        connection.terminate()
        assert process.wait_gone()
        process.kill()
    ours.close()
    assert connection.wait(lambda: True) == -15


def test_who_does_not_leave_is_left(ends: tuple[ServedConnection, socket.socket]) -> None:
    """The process is dead and its client does not care: not for ever, and less when there is no time."""
    connection, ours = ends
    started(connection, ours)
    connection.kill()
    started_s = time.monotonic()
    assert connection.wait(lambda: True) == -9
    assert time.monotonic() - started_s < PATIENCE_S / 2
