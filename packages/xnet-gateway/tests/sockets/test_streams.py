"""Sockets with deadlines."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from socket_helpers import soon
from xnet_gateway.sockets import streams
from xnet_gateway.sockets.streams import PlainStream, drain, end_writing, left_s, tune


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def test_what_is_sent_is_received_up_to_the_end(pair: tuple[socket.socket, socket.socket]) -> None:
    with pair[0], pair[1]:
        one, two = map(PlainStream, pair)
        one.send(b"ab", soon())
        assert (two.receive(1, soon()), two.receive(9, soon())) == (b"a", b"b")
        end_writing(pair[0])
        assert two.receive(1, soon()) == b""


def test_the_deadline_is_kept(pair: tuple[socket.socket, socket.socket]) -> None:
    with pair[0], pair[1]:
        with pytest.raises(TimeoutError):
            PlainStream(pair[0]).receive(1, time.monotonic() + 0.05)
        with pytest.raises(TimeoutError, match="it took too long"):
            PlainStream(pair[0]).receive(1, time.monotonic() - 1)
        with pytest.raises(TimeoutError):
            PlainStream(pair[0]).send(b"x" * 10_000_000, time.monotonic() + 0.05)


def test_time_left() -> None:
    assert 0 < left_s(time.monotonic() + 5) <= 5
    with pytest.raises(TimeoutError):
        left_s(time.monotonic())


def test_tuned_sockets_are_checked_by_the_kernel(pair: tuple[socket.socket, socket.socket]) -> None:
    with socket.socket() as sock:
        tune(sock)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == streams.KEEPALIVE_IDLE_S
    with pair[0], pair[1]:
        tune(pair[0])  # nothing to set, no error


def test_end_writing_works_for_whoever_holds_it(pair: tuple[socket.socket, socket.socket]) -> None:
    with pair[0], pair[1], pair[0].dup():
        end_writing(pair[0])
        assert pair[1].recv(1) == b""
        end_writing(pair[0])
    end_writing(pair[0])  # closed: nothing to tell


def test_draining_reads_up_to_the_end_and_no_longer_than_allowed(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    with pair[0], pair[1]:

        def send_all() -> None:
            pair[0].sendall(b"x" * 5_000_000)
            end_writing(pair[0])

        drain(pair[1], time.monotonic() + 0.05)
        sender = threading.Thread(target=send_all)
        sender.start()
        drain(pair[1], soon())
        sender.join()
        assert pair[1].recv(1) == b""
