"""Sessions over a real socket: threads that wait on them have to be woken, whatever comes."""

from __future__ import annotations

import socket
import threading
from random import Random
from typing import Final

from fuzz.core_targets import EXECUTE, LIMITS
from xnet_channel.core import roles
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_channel.threads.owner import SessionOwner
from xnet_channel.threads.session import Session
from xnet_wire import frames
from xnet_wire.messages import ExecRequest, Hello

#: Whatever is waited for comes much sooner.
END_S: Final = 60.0


class _Owner(SessionOwner):
    """Serves each request by a thread that sends back what comes."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def on_request(self, frame_type: int, channel: Channel, request: ExecRequest | None) -> None:
        thread = threading.Thread(target=_echo, args=(channel,), daemon=True)
        self.threads.append(thread)
        thread.start()


def _echo(channel: Channel) -> None:
    try:
        for item in channel:
            channel.send(item)
        channel.close()
    except (OSError, EOFError, RemoteError):
        pass  # the peer is at fault, as it may be
    finally:
        channel._getremoteerror()  # otherwise standard error reports that nobody looked at it


class SessionTarget:
    """A session of one role."""

    def __init__(self, role: str) -> None:
        self.name = f"session, {role}"
        self._role = role

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Feed a stream in pieces; see ``CoreTarget.play``."""
        ours, theirs = socket.socketpair()
        owner = _Owner()
        session = Session(
            ours.detach(), role=self._role, name="fuzz", owner=owner, hello=Hello("fuzz", limits=LIMITS)
        )
        reader = threading.Thread(target=_read_all, args=(theirs,), daemon=True)
        reader.start()
        if self._role == roles.INITIATOR:
            asking = threading.Thread(target=self._ask, args=(session, owner), daemon=True)
            asking.start()
            owner.threads.append(asking)
        before = 0
        try:
            for split in [*splits, len(stream)]:
                theirs.sendall(stream[before:split])
                before = split
            theirs.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has ended
        assert session.wait_finished(END_S), "the session has not ended"
        for thread in owner.threads:
            thread.join(END_S)
            assert not thread.is_alive(), "a thread still waits on a session that has ended"
        session.close(flush_s=0.0)
        reader.join(END_S)
        theirs.close()

    @staticmethod
    def _ask(session: Session, owner: _Owner) -> None:
        try:
            session.wait_hello(END_S)
            for _ in range(4):
                owner.on_request(frames.CHANNEL_EXEC, session.request(frames.CHANNEL_EXEC, EXECUTE), None)
        except (OSError, EOFError):
            pass  # there was no good HELLO, or it has ended


def _read_all(end: socket.socket) -> None:
    try:
        while end.recv(1 << 20):
            pass
    except OSError:
        pass
