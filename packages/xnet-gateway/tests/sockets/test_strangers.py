"""Strangers come to a server and to an initiator that listens: too many, too slow, with garbage.

None of them gets anything, keeps the right one waiting, or leaves anything behind.

Spec: SO-002, SO-012, SO-022 to SO-024, SO-050.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import struct
import threading
import time

import pytest

from attack_helpers import Victim
from gateway_helpers import PATIENCE_S, children, descriptors, eventually, memory_kb
from socket_helpers import OTHER_SECRET, SECRET, connect, read_all, read_line, stranger
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.authentication import BRINGING, GIVING, Parties
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.server import Limits

#: What is waited for in vain.
SHORT_S = 0.5


@pytest.mark.parametrize("parties", [GIVING, BRINGING])
@pytest.mark.parametrize("closes", [True, False])
def test_so_002_random_bytes_are_no_server(parties: Parties, closes: bool) -> None:
    """Spec: SO-002. The sentence can be printed anywhere."""
    source = random.Random(0)
    for _ in range(20):
        says = source.randbytes(600)
        with stranger(says, then_close=closes) as address, pytest.raises(HostNotFound) as caught:
            dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S, parties=parties)
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "says",
    [
        b"x" * 511,  # one more than there is room for, with its end
        b"x" * 2_000_000,
        b"\n" * 1000,
        b"\0" * 600,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
    ],
)
def test_so_012_what_is_too_long_or_no_answer(any_victim: Victim, says: bytes) -> None:
    """Spec: SO-012, SO-022. Also while another one is on his way."""
    with connect(any_victim.address) as slow, connect(any_victim.address) as client:
        if any_victim.tls is None:
            assert read_line(slow)
        slow.sendall(b"x")
        with contextlib.suppress(OSError):
            client.sendall(says)
            client.shutdown(socket.SHUT_WR)
        assert b" ok" not in read_all(client)
        any_victim.let_in()


def test_so_023_a_byte_now_and_then_does_not_prolong_it(any_victim: Victim) -> None:
    """Spec: SO-023. Slow loris, before TLS or the answer, while the right one gets in."""
    any_victim.server()._limits = Limits(authentication_s=4 * SHORT_S)
    started_s = time.monotonic()
    with connect(any_victim.address) as client:
        pause = threading.Event()
        says = iter(b"\x16\x03\x01\x40\x00" + bytes(400) if any_victim.tls else b"xnet-" + b"c" * 400)
        while True:
            try:
                client.sendall(bytes([next(says)]))
            except ConnectionError:
                break
            assert time.monotonic() - started_s < PATIENCE_S
            pause.wait(SHORT_S / 10)  # the attacker's own pace
    assert time.monotonic() - started_s >= 4 * SHORT_S
    any_victim.let_in()


def test_so_024_the_right_one_gets_in_past_a_crowd_that_says_nothing(any_victim: Victim) -> None:
    """Spec: SO-024. More of them than may wait, each with the beginning of an answer."""
    crowd = [connect(any_victim.address) for _ in range(100)]
    try:
        for one in crowd:
            with contextlib.suppress(OSError):
                one.sendall(b"x")
        any_victim.let_in()
    finally:
        for one in crowd:
            one.close()


def _reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def test_so_022_a_thousand_bad_clients_leave_nothing_behind(any_victim: Victim) -> None:
    """Spec: SO-022, SO-024. Descriptors, threads, processes and memory, of whatever kind they are."""

    def nothing(client: socket.socket) -> None:
        pass

    def leave(client: socket.socket) -> None:
        client.close()

    def garbage(client: socket.socket) -> None:
        client.sendall(os.urandom(300))

    def long(client: socket.socket) -> None:
        client.sendall(b"x" * 20_000)

    def half(client: socket.socket) -> None:
        client.sendall(b"xnet-")
        _reset(client)

    def wrong(client: socket.socket) -> None:
        word = f"xnet-{any_victim.parties.client}/1 hmac-sha256 ".encode()
        client.sendall(word + b"0" * 64 + b" " + b"0" * 64 + b"\n")

    kinds = [nothing, leave, garbage, long, half, wrong]

    def crowd(number: int) -> None:
        open_ones: list[socket.socket] = []
        for place in range(number):
            client = connect(any_victim.address)
            open_ones.append(client)
            with contextlib.suppress(OSError):
                kinds[place % len(kinds)](client)
            if place % 60 == 59:  # it is its turn, so all before it have been accepted
                with pytest.raises(HostNotFound, match="wrong"):
                    any_victim.dial(OTHER_SECRET)
                for old in open_ones[:-40]:
                    old.close()
                del open_ones[:-40]
        for client in open_ones:
            client.close()
        assert eventually(lambda: not any_victim.server()._threads)

    crowd(200)
    threads, open_before, processes = threading.active_count(), len(descriptors()), children()
    memory = memory_kb(os.getpid())
    crowd(1000)
    # The last ones may still be on their way into the backlog.
    assert eventually(lambda: threading.active_count() <= threads and len(descriptors()) <= open_before)
    assert children() <= processes
    assert memory_kb(os.getpid()) - memory < 4_000
    any_victim.let_in()


def test_a_flood_while_there_are_no_descriptors(victim: Victim) -> None:
    """Spec: SO-024. It neither ends, nor spins, and lets the right one in when there is room again."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    crowd: list[socket.socket] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(descriptors()) + 20, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                crowd.append(connect(victim.address))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert crowd
    used_s = time.process_time()
    threading.Event().wait(SHORT_S)
    assert time.process_time() - used_s < SHORT_S / 2
    victim.let_in()
    for one in crowd:
        one.close()
