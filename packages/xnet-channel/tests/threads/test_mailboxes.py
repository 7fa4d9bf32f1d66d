"""How what is kept for a channel begins and ends."""

from __future__ import annotations

import pytest

from core_helpers import data, open_
from raw_peer import raw_peer, reference
from threads_helpers import PATIENCE_S
from xnet_channel.threads.channel import Channel
from xnet_wire import frames
from xnet_wire.channel_errors import ERROR, ChannelError, decode_channel_error


def test_ch_010_a_channel_that_the_peer_opened_has_one_mailbox() -> None:
    with raw_peer() as peer:
        ours = peer.session.request(frames.INFO)
        peer.write(open_(2), data(2, "early"), reference(ours.id, 2), data(2, "late"), reference(ours.id, 2))
        first, second = ours.receive(PATIENCE_S), ours.receive(PATIENCE_S)
        assert isinstance(first, Channel)
        assert first is second
        assert [first.receive(PATIENCE_S), first.receive(PATIENCE_S)] == ["early", "late"]


def test_closing_says_why_and_ends_who_waits_here() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        mailboxes = peer.session.endpoint.mailboxes
        with peer.session.lock:
            mailbox = mailboxes.of_locked(channel._mailbox.state)
            assert mailbox is channel._mailbox
            for _ in range(2):  # the second says nothing more
                mailboxes.close_locked(mailbox, ChannelError("words", ERROR))
        assert mailbox.ended
        [opened, closed] = peer.barrier()
        assert [opened[0], closed[0]] == [frames.INFO, frames.CHANNEL_CLOSE_ERROR]
        assert decode_channel_error(closed[2]).text == "words"
        with pytest.raises(EOFError):
            channel.receive(PATIENCE_S)


def test_with_the_second_channel_who_waits_for_the_first_looks_again() -> None:
    with raw_peer() as peer:
        first = peer.session.request(frames.INFO)
        peer.write(open_(2), data(2), data(first.id, "first"))
        assert first.receive(PATIENCE_S) == "first"
        assert len(peer.session.connection.table.open) == 2
