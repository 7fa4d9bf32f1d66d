"""The user's channel: COMPAT 10 to 18. Spec: CH-034, CH-037, CH-051, FC-040, FC-044."""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Iterator

import pytest

from threads_helpers import PATIENCE_S, pair
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError, TimeoutError
from xnet_wire.channel_errors import ChannelError
from xnet_wire.errors import DumpError


def send_all(channel: Channel, items: list[object]) -> None:
    for item in items:
        channel.send(item)


def test_items_arrive_equal_and_in_order() -> None:
    items = [
        None,
        True,
        2**70,
        1.5,
        1j,
        b"x",
        "ä",
        [1],
        (1,),
        {"a": (1,)},
        {1},
        frozenset({1}),
        b"y" * 3_000_000,
    ]
    with pair() as both:
        ours, theirs = both.channels()
        sender = threading.Thread(target=send_all, args=(ours, items))
        sender.start()
        assert [theirs.receive(PATIENCE_S) for _ in items] == items
        sender.join()


def test_a_channel_in_an_item_arrives_as_the_same_channel_when_it_comes_back() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        inner = both.initiator.new_channel()
        ours.send({"deep": [inner]})
        arrived = theirs.receive(PATIENCE_S)["deep"][0]
        assert isinstance(arrived, Channel)
        theirs.send(arrived)
        assert ours.receive(PATIENCE_S) is inner


def test_a_channel_of_another_session_is_refused() -> None:
    with pair() as one, pair() as two:
        ours, theirs = one.channels()
        with pytest.raises(DumpError):
            ours.send([two.initiator.new_channel()])
        ours.send("usable")
        assert theirs.receive(PATIENCE_S) == "usable"


def test_receive_times_out() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        with pytest.raises(TimeoutError, match="no item within 0"):
            ours.receive(0)


def test_close_with_an_error_is_a_remote_error_once_and_then_the_end() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        theirs.send(1)
        theirs.close("the reason")
        assert ours.receive(PATIENCE_S) == 1
        with pytest.raises(RemoteError, match="the reason"):
            ours.receive(PATIENCE_S)
        with pytest.raises(EOFError):
            ours.receive(PATIENCE_S)
        with pytest.raises(OSError, match="cannot send"):
            ours.send(2)


def test_closing_within_remote_exec_is_refused() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        ours._executing = True
        with pytest.raises(OSError, match="not explicitly"):
            ours.close()


def test_a_callback_gets_the_backlog_then_the_rest_then_the_endmarker() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        ours.send(1)
        ours.send(2)
        assert both.initiator.ping(b"both are there", PATIENCE_S)
        got: queue.Queue[object] = queue.Queue()
        theirs.setcallback(got.put, endmarker="end")
        ours.send(3)
        ours.close()
        theirs.waitclose(PATIENCE_S)
        assert [got.get_nowait() for _ in range(4)] == [1, 2, 3, "end"]
        with pytest.raises(OSError, match="has a callback"):
            theirs.receive()


def test_ch_037_a_raising_callback_closes_its_channel_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.excepthook", lambda call: None)

    def fail(item: object) -> None:
        raise ValueError(item)

    with pair() as both:
        ours, theirs = both.channels()
        others, their_others = both.channels()
        theirs.setcallback(fail)
        ours.send("the item")
        with pytest.raises(RemoteError, match="ValueError: the item"):
            ours.waitclose(PATIENCE_S)
        others.send(1)
        assert their_others.receive(PATIENCE_S) == 1


def test_close_from_another_thread_wakes_a_receiver() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        ended: queue.Queue[str] = queue.Queue()

        def receive() -> None:
            try:
                ours.receive(PATIENCE_S)
            except EOFError as error:
                ended.put(str(error))

        threading.Thread(target=receive, daemon=True).start()
        ours.close()
        assert ended.get(timeout=PATIENCE_S)


def test_waitclose_returns_though_more_than_a_window_waits() -> None:
    with pair() as both:
        ours, theirs = both.channels()

        def send() -> None:
            for _ in range(50):
                theirs.send(b"x" * 200_000)
            theirs.close()

        threading.Thread(target=send, daemon=True).start()
        ours.waitclose(PATIENCE_S)
        assert sum(len(item) for item in ours) == 10_000_000


def test_send_everything_then_receive_everything() -> None:
    with pair() as both:
        ours, theirs = both.channels()

        def other_side() -> None:
            for _ in range(40):
                theirs.send(b"x" * 200_000)
            for _ in range(40):
                theirs.receive(PATIENCE_S)
            theirs.close()

        threading.Thread(target=other_side, daemon=True).start()
        for _ in range(40):
            ours.send(b"y" * 200_000)
        assert len(list(ours)) == 40


def test_send_many_sends_what_came_before_a_bad_item() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        with pytest.raises(DumpError):
            ours.send_many([1, b"x" * 100_000, object(), 4])
        ours.send(5)
        assert [theirs.receive(PATIENCE_S) for _ in range(3)] == [1, b"x" * 100_000, 5]


def test_a_dropped_channel_is_closed() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        del ours
        gc.collect()
        theirs.waitclose(PATIENCE_S)
        assert theirs.isclosed()


@pytest.mark.parametrize("length", [0, 3_000_000])
def test_a_channel_that_only_the_item_holds_is_dropped_behind_it(length: int) -> None:
    with pair() as both:
        ours, theirs = both.channels()

        def made() -> Channel:
            channel = both.initiator.new_channel()
            channel.setcallback(lambda item: None)
            return channel

        sender = threading.Thread(target=lambda: ours.send([bytes(length), made()]))
        sender.start()
        _, referenced = theirs.receive(PATIENCE_S)
        referenced.waitclose(PATIENCE_S)  # LAST_MESSAGE, which would be lost in front of the item
        sender.join(PATIENCE_S)
        assert not sender.is_alive()


def test_ch_051_a_dropped_channel_with_a_callback_still_receives() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        got: queue.Queue[object] = queue.Queue()
        ours.setcallback(got.put, endmarker="end")
        del ours
        gc.collect()
        theirs.waitclose(PATIENCE_S)  # LAST_MESSAGE: nothing more comes
        assert not theirs.isclosed()
        theirs.send("still")
        theirs.close()
        assert [got.get(timeout=PATIENCE_S) for _ in range(2)] == ["still", "end"]


def test_send_many_keeps_channels_until_their_items_are_sent() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        received: queue.Queue[object] = queue.Queue()

        def answering() -> Iterator[Channel]:
            for _ in range(3):
                channel = both.initiator.new_channel()
                channel.setcallback(received.put, endmarker="end")
                yield channel
                del channel
                gc.collect()
                assert both.initiator.ping(b"dropped", PATIENCE_S)

        ours.send_many(answering())
        for _ in range(3):
            channel = theirs.receive(PATIENCE_S)
            channel.send("answer")
            with pytest.raises(EOFError):  # nobody can send on it any more, and it is told so
                channel.receive(2.0)
            channel.close()
        assert [received.get(timeout=PATIENCE_S) for _ in range(6)] == ["answer", "end"] * 3


def test_gw_033_an_initiator_asks_for_the_end_of_an_execution_and_a_worker_for_nothing() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        ours.cancel()
        with pytest.raises(OSError, match="a worker does not send CHANNEL_CANCEL"):
            theirs.cancel()
        assert theirs.refuse(ChannelError("not now"))
        assert not theirs.refuse(ChannelError("nor now"))
        theirs.close()
        with pytest.raises(RemoteError, match="not now"):
            ours.waitclose(PATIENCE_S)


def test_who_receives_where_a_callback_does_is_told_so() -> None:
    with pair() as both:
        ours, _theirs = both.channels()
        ours.setcallback(print)
        with pytest.raises(OSError, match="has a callback that gets the items"):
            ours.receive(0)
