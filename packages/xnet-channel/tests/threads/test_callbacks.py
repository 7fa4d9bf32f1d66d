"""Callbacks: what they get, and when. Spec: CH-037, CH-052."""

from __future__ import annotations

import queue
import threading

import pytest

from core_helpers import close, data, last
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_wire import frames


def test_one_at_a_time_in_the_order_of_arrival_over_all_channels() -> None:
    with raw_peer() as peer:
        channels = [peer.session.request(frames.INFO) for _ in range(3)]
        got: list[tuple[int, object]] = []
        inside: list[int] = []
        most_inside: list[int] = []
        names: set[str] = set()

        def taker(id_: int) -> object:
            def take(item: object) -> None:
                inside.append(id_)
                most_inside.append(len(inside))
                names.add(threading.current_thread().name)
                got.append((id_, item))
                inside.pop()

            return take

        for channel in channels:
            channel.setcallback(taker(channel.id), endmarker="end")  # type: ignore[arg-type]
        sent = [(channels[number % 3].id, number) for number in range(300)]
        peer.write(*[data(id_, number) for id_, number in sent])
        peer.write(*[close(channel.id) for channel in reversed(channels)])
        for channel in channels:
            channel.waitclose(PATIENCE_S)
        assert got == sent + [(channel.id, "end") for channel in reversed(channels)]
        assert max(most_inside) == 1
        assert names == {"xnet-callbacks-session"}


def test_items_that_were_there_before_come_first_and_in_the_calling_thread() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(*[data(channel.id, number) for number in range(10)])
        peer.barrier()
        got: list[object] = []
        idents: list[int] = []

        def take(item: object) -> None:
            if item == 5:  # more arrives while the old ones are still given
                peer.write(*[data(channel.id, number) for number in range(10, 20)])
                peer.barrier()
            got.append(item)
            idents.append(threading.get_ident())

        channel.setcallback(take)
        assert got[:10] == list(range(10))
        assert set(idents[:10]) == {threading.get_ident()}
        assert eventually(lambda: len(got) == 20)
        assert got == list(range(20))
        assert threading.get_ident() not in idents[10:]


def test_a_slow_callback_holds_up_neither_receive_nor_other_sessions() -> None:
    with pair() as both, pair() as elsewhere:
        slow, feeds_slow = both.channels()
        ours, theirs = both.channels()
        others, feeds_others = elsewhere.channels()
        inside, go_on = threading.Event(), threading.Event()
        got: queue.Queue[object] = queue.Queue()

        def wait(item: object) -> None:
            inside.set()
            go_on.wait(PATIENCE_S)

        slow.setcallback(wait)
        others.setcallback(got.put)
        feeds_slow.send(1)
        assert inside.wait(PATIENCE_S)
        try:
            for item in range(20):
                theirs.send(item)
                assert ours.receive(PATIENCE_S) == item
                feeds_others.send(item)
                assert got.get(timeout=PATIENCE_S) == item
        finally:
            go_on.set()


def test_callbacks_on_both_sides_send_more_than_a_window() -> None:
    """A callback may block in ``send``; the items that come meanwhile have to wait, not the connection."""
    with pair() as both:
        ours, theirs = both.channels()
        size, count = 400_000, 20
        back: queue.Queue[int] = queue.Queue()

        def answer(item: bytes) -> None:
            theirs.send(item)

        theirs.setcallback(answer)
        ours.setcallback(lambda item: back.put(len(item)))
        for _ in range(count):
            ours.send(bytes(size))
        assert [back.get(timeout=PATIENCE_S) for _ in range(count)] == [size] * count


def test_a_callback_may_receive_on_another_channel_and_wait_for_the_end_of_its_own() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        other, feeds_other = both.channels()
        got: queue.Queue[object] = queue.Queue()

        def take(item: object) -> None:
            got.put(item)
            if item == "item":
                got.put(other.receive(PATIENCE_S))
                theirs.close()
                ours.waitclose(PATIENCE_S)
                got.put("closed")

        ours.setcallback(take, endmarker="end")
        theirs.send("item")
        feeds_other.send("other item")
        assert [got.get(timeout=PATIENCE_S) for _ in range(4)] == ["item", "other item", "closed", "end"]


def test_a_callback_may_set_a_callback() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        got: queue.Queue[object] = queue.Queue()

        def take(item: Channel) -> None:
            item.setcallback(got.put, endmarker="end")

        ours.setcallback(take)
        inner = both.worker.new_channel()
        theirs.send(inner)
        inner.send(1)
        inner.close()
        assert [got.get(timeout=PATIENCE_S) for _ in range(2)] == [1, "end"]


@pytest.mark.parametrize(
    "how", ["close", "error", "last", "own close", "end of the session", "end of stream"]
)
def test_the_endmarker_comes_once_and_last_however_it_ends(how: str) -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        got: queue.Queue[object] = queue.Queue()
        channel.setcallback(got.put, endmarker="end")
        peer.write(data(channel.id, 1))
        peer.barrier()
        if how == "close":
            peer.write(close(channel.id))
        elif how == "error":
            peer.write(close(channel.id, "the reason"))
        elif how == "last":
            peer.write(last(channel.id), close(channel.id))
        elif how == "own close":
            channel.close()
        elif how == "end of the session":
            peer.session.close(flush_s=0.0)
        else:
            peer.socket.close()
        assert [got.get(timeout=PATIENCE_S) for _ in range(2)] == [1, "end"]
        peer.session.close(flush_s=0.0)
        peer.session.join_callbacks(PATIENCE_S)
        assert got.empty()


def test_set_after_the_end_it_gets_what_is_there_and_the_endmarker_at_once() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id, 1), data(channel.id, 2), close(channel.id))
        peer.barrier()
        got: list[object] = []
        channel.setcallback(got.append, endmarker="end")
        assert got == [1, 2, "end"]
        channel.waitclose(0)


def test_a_thread_that_waits_in_receive_does_not_wait_for_ever_when_a_callback_takes_over() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        said: queue.Queue[str] = queue.Queue()

        def receive() -> None:
            try:
                ours.receive(PATIENCE_S)
            except OSError as error:
                said.put(str(error))

        thread = threading.Thread(target=receive)
        thread.start()
        assert eventually(lambda: both.initiator.leading._leader == thread.ident)
        got: queue.Queue[object] = queue.Queue()
        ours.setcallback(got.put)
        assert "has got a callback" in said.get(timeout=PATIENCE_S)
        thread.join(PATIENCE_S)
        theirs.send(1)
        assert got.get(timeout=PATIENCE_S) == 1


def test_a_session_knows_whether_any_callback_is_there() -> None:
    """While one is there, whoever stops reading leaves it to the reactor at once."""
    with raw_peer() as peer:
        session = peer.session
        counts = [session.leading.callback_count]
        channels = [session.request(frames.INFO) for _ in range(3)]
        for channel in channels:
            channel.setcallback(lambda item: None)
            counts.append(session.leading.callback_count)
        peer.write(close(channels[0].id))
        channels[0].waitclose(PATIENCE_S)
        counts.append(session.leading.callback_count)
        channels[1].close()
        channels[1].waitclose(PATIENCE_S)
        counts.append(session.leading.callback_count)
        assert not session.ping(b"lead for a moment", 0.01)
        assert session.leading._attached
        peer.write(close(channels[2].id))
        channels[2].waitclose(PATIENCE_S)
        counts.append(session.leading.callback_count)
        assert counts == [0, 1, 2, 3, 2, 1, 0]
