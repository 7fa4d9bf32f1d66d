"""Conversations between a gateway and its worker, recorded byte by byte as they really happen."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import attrs

from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.gateway import Gateway
from xnet_gateway.transports import local, popen
from xnet_gateway.transports.base import Connected
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec

#: Whatever is waited for comes much sooner.
PATIENCE_S: Final = 60.0


@attrs.frozen
class Conversation:
    """What was said in both directions.

    Attributes:
        name: Of the program and the worker.
        from_initiator: The bytes that the worker got, its own text not included.
        from_worker: The bytes that the initiator got.
    """

    name: str
    from_initiator: bytes
    from_worker: bytes


ITEMS: Final[tuple[Any, ...]] = (
    None, True, -1, 2**70, 1.5, float("inf"), 2j, b"bytes", "text", "gr\u00fc\u00df", [], [1, [2]], (),
    (1, (2,)), {}, {"a": {"b": [1, 2.5]}}, {1: 2, (3, 4): 5}, {1, 2}, frozenset({3}), bytes(3000), "x" * 3000,
    list(range(300)),
)  # fmt: skip


def echo(gateway: Gateway) -> None:
    """Items of all kinds, there and back."""
    channel = gateway.remote_exec("for item in channel: channel.send(item)")
    for item in ITEMS:
        channel.send(item)
        channel.receive(PATIENCE_S)
    channel.send_many(ITEMS)
    for _ in ITEMS:
        channel.receive(PATIENCE_S)
    channel.close()


def large(gateway: Gateway) -> None:
    """An item in parts, in each direction."""
    channel = gateway.remote_exec("channel.send(channel.receive())")
    channel.send(bytes(300_000))
    channel.receive(PATIENCE_S)
    channel.waitclose(PATIENCE_S)


def many_channels(gateway: Gateway) -> None:
    """Channels in items, made by both sides; callbacks; ends of every kind."""
    channel = gateway.remote_exec("""
theirs = channel.receive()
mine = channel.gateway.newchannel()
channel.send({"mine": [mine, theirs]})
mine.send(theirs.receive())
theirs.close("an error")
mine.close()
channel.send("end")
channel.receive()
""")
    ours = gateway.newchannel()
    got: list[object] = []
    channel.send(ours)
    theirs = channel.receive(PATIENCE_S)["mine"][0]
    theirs.setcallback(got.append, endmarker="end")
    ours.send((1, 2))
    theirs.waitclose(PATIENCE_S)
    channel.receive(PATIENCE_S)
    try:
        ours.waitclose(PATIENCE_S)
    except ours.RemoteError:
        pass  # as it was told to
    channel.send(ours)
    channel.waitclose(PATIENCE_S)
    assert got == [(1, 2), "end"]


def asking(gateway: Gateway) -> None:
    """Status, information, settings, echoes, and code that fails."""
    gateway.remote_status()
    gateway._rinfo(update=True)
    gateway.reconfigure(True, False)
    gateway.session.ping(b"ping", PATIENCE_S)
    channel = gateway.remote_exec("1 / 0")
    channel.reconfigure(False, False)
    try:
        channel.waitclose(PATIENCE_S)
    except channel.RemoteError:
        pass
    gateway.remote_exec(_function, text="t", number=3).waitclose(PATIENCE_S)


def _function(channel, text, number):  # type: ignore[no-untyped-def]  # it is sent
    for _ in range(number):
        channel.send(text)


PROGRAMS: Final[tuple[Callable[[Gateway], None], ...]] = (echo, large, many_channels, asking)


def record_all() -> list[Conversation]:
    """Return a conversation of each program with each kind of worker."""
    return [
        record(program, spec) for program in PROGRAMS for spec in ("popen", f"popen//python={sys.executable}")
    ]


def record(program: Callable[[Gateway], None], text: str) -> Conversation:
    """Run a program with a worker and return what they said."""
    bare = "python=" in text
    spec = XSpec(f"{text}//id=recorded")
    connected = local.connect(_route(spec), spec) if bare else popen.connect(spec)
    relay = Relay(connected.read_fd, connected.write_fd)
    fd = relay.initiator.detach()
    gateway = Gateway(spec, Connected(fd, fd, connected.process, connected.first_bytes), {"id": "recorded"})
    try:
        gateway.session.wait_hello(PATIENCE_S)
        program(gateway)
        gateway.exit()
        assert gateway.wait(PATIENCE_S) == 0, gateway._io.describe()
    finally:
        gateway._io.kill_now()
        gateway.session.close(flush_s=0.0)
        relay.join()
    said = bytes(relay.from_initiator)
    if bare:
        said = said.removeprefix(first_bytes(here=True))
    return Conversation(f"{program.__name__} {'bare' if bare else 'full'}", said, bytes(relay.from_worker))


def _route(spec: XSpec) -> Any:
    return find_transport(spec).route(spec)


class Relay:
    """Passes bytes on between an initiator and a worker, and keeps a copy.

    Attributes:
        initiator: The initiator's end.
        from_initiator: What it said.
        from_worker: What the worker said.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.initiator, ours = socket.socketpair()
        self.from_initiator = bytearray()
        self.from_worker = bytearray()
        # Each thread closes its own.
        there, back = os.dup(write_fd), os.dup(read_fd)
        for fd in {read_fd, write_fd}:
            os.close(fd)
        for fd in (there, back):
            os.set_blocking(fd, True)
        self._threads = [
            threading.Thread(
                target=self._pass_on, args=(ours.fileno(), there, self.from_initiator), daemon=True
            ),
            threading.Thread(target=self._pass_on, args=(back, ours.fileno(), self.from_worker), daemon=True),
        ]
        self._ours = ours
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until both sides have ended."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._ours.close()

    def _pass_on(self, source: int, target: int, copy: bytearray) -> None:
        try:
            while data := os.read(source, 65_536):
                copy += data
                view = memoryview(data)
                while view:
                    view = view[os.write(target, view) :]
        except OSError:
            pass  # one of the two has ended
        finally:
            for fd in (source, target):
                if fd != self._ours.fileno():
                    os.close(fd)
            if source != self._ours.fileno():
                try:
                    self._ours.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # the initiator has gone
