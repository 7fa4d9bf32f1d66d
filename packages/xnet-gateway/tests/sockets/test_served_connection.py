"""One connection and its process; what servers do with many is in test_server.py."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S, Watched, children
from socket_helpers import SECRET, Reached, soon
from xnet_gateway.sockets.authentication import AuthenticationError
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
    handshake = connection.authenticate(SECRET, None, soon())
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


def test_its_last_words_arrive_though_it_left_something_unread(
    ends: tuple[ServedConnection, socket.socket],
) -> None:
    """Spec: SO-041. Closed with bytes unread, a TCP connection would be reset, and the last words lost."""
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname(), PATIENCE_S)
    connection = ServedConnection(listener.accept()[0], "peer:1", "peer")
    listener.close()
    with ours, started(connection, ours) as reached:
        words = reached.run("import os; channel.receive(); channel.send(b'x' * 500000); os._exit(4)")
        waiter = threading.Thread(target=connection.wait, args=(lambda: False,))
        waiter.start()
        words.send("now")
        # More than it will ever read.
        other = reached.run("import time; time.sleep(60)")
        with pytest.raises((EOFError, OSError)):
            other.send(b"y" * 100_000_000)
        assert words.receive(PATIENCE_S) == b"x" * 500000
        reached.session.close(flush_s=0.0)
        ours.close()
        waiter.join(PATIENCE_S)
        assert not waiter.is_alive()
    connection.close()


def test_a_dropped_one_wakes_up(ends: tuple[ServedConnection, socket.socket]) -> None:
    connection, _ = ends
    threading.Timer(0.05, connection.drop, ("a reason",)).start()
    with pytest.raises((AuthenticationError, OSError)):
        connection.authenticate(SECRET, None, soon())
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
    assert children() == before
    with pytest.raises(RuntimeError):
        connection.wait(lambda: False)


def test_a_stopped_process_ends_too(ends: tuple[ServedConnection, socket.socket]) -> None:
    connection, ours = ends
    with started(connection, ours) as reached:
        process = Watched(connection.pid)
        reached.run("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
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
