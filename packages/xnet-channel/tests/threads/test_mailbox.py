"""What is kept for one channel."""

from __future__ import annotations

import gc
import threading

from core_helpers import close, data, last
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, pair
from xnet_channel.threads import takers
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.mailbox import Mailbox
from xnet_wire import frames


def mailbox_of(channel: Channel) -> Mailbox:
    return channel._mailbox


def test_there_is_news_once_there_is_an_item_or_an_end_or_a_callback() -> None:
    with raw_peer() as peer:
        with_item, with_end, closed, with_callback, quiet = [
            peer.session.request(frames.INFO) for _ in range(5)
        ]
        assert not any(mailbox_of(channel).has_news() for channel in (with_item, with_end, closed, quiet))
        peer.write(data(with_item.id), last(with_end.id), close(closed.id))
        peer.barrier()
        with_callback.setcallback(lambda item: None)
        for channel in (with_item, with_end, closed, with_callback):
            assert mailbox_of(channel).has_news()
        assert not mailbox_of(quiet).has_news()
        assert with_item.receive(PATIENCE_S) == 7
        assert not mailbox_of(with_item).has_news()
        peer.session.close(flush_s=0.0)
        assert mailbox_of(quiet).has_news()


def test_it_has_ended_when_everything_that_came_is_queued() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id))
        peer.barrier()
        assert not mailbox_of(channel).ended
        peer.write(data(channel.id), last(channel.id))
        peer.barrier()
        assert mailbox_of(channel).ended
        assert [channel.receive(0), channel.receive(0)] == [7, 7]


def test_of_a_channel_that_has_ended_already_it_has_ended() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(close(channel.id))
        peer.barrier()
        made = Mailbox(peer.session.link, mailbox_of(channel).state)
        assert made.ended


def test_it_does_not_keep_the_channel_and_outlives_it() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        mailbox = mailbox_of(ours)
        got = threading.Event()
        ours.setcallback(lambda item: got.set())
        assert mailbox.ref() is ours
        del ours
        gc.collect()
        assert mailbox.ref() is None
        assert mailbox.state.shell is mailbox
        theirs.send(1)
        assert got.wait(PATIENCE_S)


def test_detached_it_does_not_find_the_channel_though_that_lives() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        mailbox = mailbox_of(ours)
        mailbox.detach()
        assert mailbox.ref() is None
        mailbox.attach(ours)
        assert mailbox.ref() is ours


def test_who_took_the_last_item_is_known() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        theirs.send(1)
        theirs.send(2)
        assert mailbox_of(ours).last_taker is None
        ours.receive(PATIENCE_S)
        assert mailbox_of(ours).last_taker is takers.current()
        thread = threading.Thread(target=ours.receive, args=(PATIENCE_S,))
        thread.start()
        thread.join(PATIENCE_S)
        last = mailbox_of(ours).last_taker
        assert last is not None
        assert last is not takers.current()
        assert last.ended


def test_none_is_an_endmarker_like_any_other() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        got: list[object] = []
        ours.setcallback(got.append, endmarker=None)
        theirs.close()
        ours.waitclose(PATIENCE_S)
        assert got == [None]
