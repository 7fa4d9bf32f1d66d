"""What whoever reads does with what it read."""

from __future__ import annotations

import pytest

from background import Background
from core_helpers import data, execute
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, eventually
from xnet_channel.core.roles import WORKER
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.owner import SessionOwner
from xnet_wire import frames
from xnet_wire.messages import ExecRequest


class Failing(SessionOwner):
    def on_request(self, frame_type: int, channel: Channel, request: ExecRequest | None) -> None:
        raise IndexError("a bug")


@pytest.mark.parametrize("who", ["leader", "reactor"])
def test_a_bug_while_reading_leaves_nobody_waiting(who: str, capsys: pytest.CaptureFixture[str]) -> None:
    with raw_peer(WORKER, owner=Failing()) as peer:
        session = peer.session
        channel = session.new_channel()
        waiting = [Background(channel.receive), Background(channel.waitclose)]
        if who == "leader":
            assert eventually(lambda: session.leading._followers == 1)
        else:
            with session.lock:
                session.leading.wake_leader_locked()
        peer.write(execute(1))
        for each in waiting:
            assert f"internal error while reading: IndexError: a bug at {__file__}:" in str(each.end())
        assert eventually(lambda: session.finished)
    assert "IndexError: a bug" in capsys.readouterr().err


def test_the_rest_is_read_without_a_wait_and_up_to_the_end() -> None:
    with raw_peer() as peer:
        session = peer.session
        channel = session.request(frames.INFO)
        with session.lock:
            session.leading.reading.read_rest_locked(10)  # nothing is there
            peer.write(data(channel.id, "last"))
            peer.socket.close()
            session.leading.reading.read_rest_locked(10)
        assert session.link.eof
        assert channel.receive(PATIENCE_S) == "last"
