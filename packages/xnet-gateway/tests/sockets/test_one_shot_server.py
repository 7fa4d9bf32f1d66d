"""The server in another gateway's interpreter, on every interpreter there is."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, eventually
from socket_helpers import OTHER_SECRET, SECRET, Reached, has_ipv6, read_all, read_line
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.bare.bootstrap import FIRST_LINE
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.sockets.addresses import format_host_port
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.one_shot_server import SOURCE


def install(
    gateway: Gateway, host: str = "localhost", seconds: float = PATIENCE_S, source: str = SOURCE
) -> tuple[Channel, str]:
    channel = gateway.remote_exec(source)
    channel.send((host, SECRET, FIRST_LINE, seconds))
    host, port = channel.receive(PATIENCE_S)
    return channel, format_host_port(host, port)


def reach(address: str) -> Reached:
    return Reached(dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S))


def send_for(client: socket.socket, seconds: float) -> None:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        client.sendall(b"x" * 65_536)


def test_so_030_it_serves_one_on_every_interpreter(worker: Gateway) -> None:
    """Spec: SO-030."""
    channel, address = install(worker)
    with reach(address) as reached:
        assert reached.ask("os.getpid()") == channel.receive(PATIENCE_S)
        channel.waitclose(PATIENCE_S)  # the gateway's main thread is free again
        version = worker.remote_exec("import sys; channel.send(tuple(sys.version_info)[:3])")
        assert reached.ask("tuple(sys.version_info)[:3]") == version.receive(PATIENCE_S)
        with pytest.raises(HostNotFound, match="connecting failed"):
            dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)
        reached.leave()


def test_others_get_nothing_and_harm_nobody(worker: Gateway) -> None:
    """No secret, a wrong one, an old answer, garbage, silence, and 50 of them at a time."""
    channel, address = install(worker)
    for secret in (OTHER_SECRET, None):
        with pytest.raises(HostNotFound, match="secret"):
            dial(address, secret=secret, tls=None, timeout_s=PATIENCE_S)
    host, _, port = address.rpartition(":")
    with contextlib.ExitStack() as stack:

        def connect() -> socket.socket:
            return stack.enter_context(socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S))

        for garbage in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0" * 1000,
            b"xnet-client/1 none\n",
            b"\n",
            b"\xff\xfe\n",
        ):
            sock = connect()
            assert read_line(sock).startswith(b"xnet-server/1 hmac-sha256 ")
            sock.sendall(garbage)
            assert b" ok" not in read_all(sock)
        for _ in range(50):
            connect()
        with reach(address) as reached:
            assert reached.ask("os.getpid()") == channel.receive(PATIENCE_S)
            reached.leave()


def test_of_too_many_that_say_nothing_the_oldest_goes(worker: Gateway) -> None:
    _held, address = install(worker)
    host, _, port = address.rpartition(":")
    with contextlib.ExitStack() as stack:
        crowd = []
        for _ in range(17):
            sock = stack.enter_context(socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S))
            assert read_line(sock).startswith(b"xnet-server/1 hmac-sha256 ")
            crowd.append(sock)
        assert read_all(crowd[0]) == b""
        crowd[1].setblocking(False)
        with pytest.raises(BlockingIOError):
            crowd[1].recv(1)
        with reach(address) as reached:
            reached.leave()


def test_a_client_that_never_stops_sending_is_let_go(bare: BareGateways) -> None:
    """When its process has ended, what it sends is read for a moment only."""
    source = SOURCE.replace(
        "LINGER_S, POLL_MS = 512, 16, 10.0, 5.0,", "LINGER_S, POLL_MS = 512, 16, 10.0, 0.2,"
    )
    assert source != SOURCE
    channel, address = install(bare("3.11"), source=source)
    with socket.socket(fileno=dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)) as client:
        os.kill(channel.receive(PATIENCE_S), signal.SIGKILL)
        client.settimeout(PATIENCE_S)
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            send_for(client, PATIENCE_S)


def test_its_process_ends_with_its_client(bare: BareGateways) -> None:
    gateway = bare("3.6")
    channel, address = install(gateway)
    with reach(address):
        pid = channel.receive(PATIENCE_S)
        channel.waitclose(PATIENCE_S)
    alive = (
        f"import os\ntry:\n    os.kill({pid}, 0)\n    channel.send(True)\n"
        "except OSError:\n    channel.send(False)"
    )
    # Gone altogether: no zombie is left with the gateway's interpreter.
    assert eventually(lambda: not gateway.remote_exec(alive).receive(PATIENCE_S))


def test_it_does_not_wait_for_ever(worker: Gateway) -> None:
    channel, address = install(worker, seconds=0.3)
    with pytest.raises(RemoteError, match="nobody who knows the secret has connected in time"):
        channel.receive(PATIENCE_S)
    with pytest.raises(HostNotFound, match="connecting failed"):
        dial(address, secret=SECRET, tls=None, timeout_s=PATIENCE_S)


def test_a_host_that_is_not_there(worker: Gateway) -> None:
    channel = worker.remote_exec(SOURCE)
    channel.send(("192.0.2.1", SECRET, FIRST_LINE, 1.0))
    with pytest.raises(RemoteError):
        channel.receive(PATIENCE_S)


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_ipv6(worker: Gateway) -> None:
    _, address = install(worker, "::1")
    assert address.startswith("[::1]:")
    with reach(address) as reached:
        assert reached.ask("1") == 1


def test_it_ends_when_nobody_holds_its_channel_any_more(worker: Gateway) -> None:
    """As after Ctrl-C in the middle of a start."""
    channel, address = install(worker)
    host, _, port = address.rpartition(":")
    channel.close()
    assert eventually(lambda: worker.remote_status().numexecuting == 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE_S)
