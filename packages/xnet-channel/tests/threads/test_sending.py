"""Background: by one thread and by several, whole or in parts, to its end or interrupted.

Spec: FC-003, FC-020 to FC-024, FC-044, CH-035, CH-045, VA-006, VA-008, LI-005.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from background import Background
from core_helpers import WINDOW, Frame, close, credit, frame
from programs import program
from raw_peer import ITEM_FRAMES, RawPeer, accept, decoded, raw_peer, read_until
from threads_helpers import PATIENCE_S, eventually, pair
from xnet_channel.threads.channel import Channel
from xnet_wire import frames, messages, values
from xnet_wire.channel_errors import decode_channel_error
from xnet_wire.errors import DumpError
from xnet_wire.limits import ITEM_COST_BYTES
from xnet_wire.messages import Hello

#: Largest payload of a frame if the window is the smallest possible. Spec: FC-021.
PART = WINDOW // 4


def credit_for(peer: RawPeer, channel: Channel, cost_bytes: int) -> None:
    peer.write(credit(channel.id, cost_bytes))


# -- several threads ----------------------------------------------------------------------------


def test_fc_024_items_of_several_threads_on_one_channel_never_mix_and_keep_their_order() -> None:
    """Large ones in parts, small ones, text, and batches, all on one channel."""
    with pair() as both:
        ours, theirs = both.channels()

        def bytes_(number: int) -> None:
            for turn in range(8):
                ours.send((number, turn, bytes([number]) * 700_000))

        def pure_bytes(number: int) -> None:
            for turn in range(8):
                ours.send(bytes([number, turn]) * 400_000)

        def small(number: int) -> None:
            for turn in range(200):
                ours.send((number, turn, b""))

        def many(number: int) -> None:
            ours.send_many((number, turn, bytes([number]) * (turn % 5 * 20_000)) for turn in range(60))

        work = [bytes_, pure_bytes, small, many, bytes_, small]
        threads = [Background(action, n) for n, action in enumerate(work)]
        turns = [0] * len(work)
        for _ in range(8 + 8 + 200 + 60 + 8 + 200):
            item = theirs.receive(PATIENCE_S)
            if isinstance(item, bytes):
                item = (item[0], item[1], item)
                assert item[2] == item[2][:2] * 400_000
            else:
                assert set(item[2]) <= {item[0]}
            assert item[1] == turns[item[0]]
            turns[item[0]] += 1
        assert [thread.end() for thread in threads] == [None] * len(work)


def test_whoever_waits_is_not_overtaken_in_the_middle_of_its_item() -> None:
    """Credit for a small item is not enough to send it: the channel is reserved."""
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        sender = channel._mailbox.state.sender
        large = Background(lambda: channel.send(b"x" * 80_000))
        assert eventually(lambda: 0 < sender.credit < PART)  # for a small item, but not for a part
        second = Background(lambda: channel.send("second"))
        third = Background(lambda: channel.send_many(["third", "third"]))
        assert eventually(lambda: peer.session.leading._followers == 2)
        credit_for(peer, channel, 100_000)
        assert [thread.end() for thread in (large, second, third)] == [None] * 3
        items = list(decoded(peer.barrier(), channel.id))
        assert items[0] == b"x" * 80_000
        assert items[1:] in (["second", "third", "third"], ["third", "third", "second"])


def test_a_thread_that_sends_without_end_does_not_keep_another_out() -> None:
    with pair() as both:
        ours, theirs = both.channels()
        stop = threading.Event()

        def send_without_end() -> None:
            while not stop.is_set():
                ours.send(bytes(600_000))

        reading = threading.Thread(target=lambda: [None for _ in theirs])
        reading.start()
        endless = Background(send_without_end)
        try:
            assert eventually(lambda: bool(ours._mailbox.turns))
            for _ in range(3):
                assert Background(lambda: ours.send(bytes(600_000))).end() is None
                assert Background(lambda: ours.send("small")).end() is None
        finally:
            stop.set()
            assert endless.end() is None
            ours.close()
            reading.join(PATIENCE_S)


def test_fc_022_other_channels_pass_an_item_that_waits_for_credit() -> None:
    with raw_peer() as peer:
        blocked, free = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        large = Background(lambda: blocked.send(b"x" * 200_000))
        assert eventually(lambda: blocked._mailbox.state.sender.credit < PART)
        free.send("passes")
        found = peer.until(frames.CHANNEL_DATA)
        assert found[-1] == (frames.CHANNEL_DATA, free.id, values.encode("passes"))
        credit_for(peer, blocked, 200_000)
        assert large.end() is None


# -- credit and parts ---------------------------------------------------------------------------


@pytest.mark.parametrize("window", [WINDOW, WINDOW + 3, 1_048_576, 2**31 - 1])
def test_fc_003_and_fc_020_no_frame_costs_more_than_there_is_credit_or_half_of_the_window(
    window: int,
) -> None:
    """The peer gives back what arrived only when the sender is stuck."""
    small = [number * "ä" for number in range(300)]
    items: list[object] = [
        b"x" * 400_000,
        "ü" * 150_000,
        list(range(70_000)),
        b"",
        b"y" * (PART - 5),
        "z" * PART,
    ]
    with raw_peer(credit=window) as peer:
        channel = peer.session.request(frames.INFO)

        def send() -> None:
            for item in items:
                channel.send(item)
            channel.send_many(small)
            channel.close()

        sending = Background(send)
        found: list[Frame] = []
        left = window
        while not found or found[-1][0] != frames.CHANNEL_CLOSE:
            found.append(peer.read())
            kind, id_, payload = found[-1]
            if kind not in ITEM_FRAMES:
                continue
            count = {frames.CHANNEL_DATA: 1, frames.CHANNEL_PART: 0}.get(kind)
            if count is None:
                count = values.count_batch(payload)
            cost_bytes = len(payload) + ITEM_COST_BYTES * count
            assert id_ == channel.id
            assert cost_bytes <= window // 2
            assert len(payload) <= min(262_144, window // 4)
            left -= cost_bytes
            assert left >= 0
            if left < window // 2:
                credit_for(peer, channel, window - left)
                left = window
        assert sending.end() is None
        assert list(decoded(found, channel.id)) == items + small


def test_what_send_many_sends_goes_in_few_frames_of_a_moderate_size() -> None:
    with raw_peer(credit=2**30) as peer:
        channel = peer.session.request(frames.INFO)
        items = list(range(5000))
        channel.send_many(iter(items))
        channel.send_many([])
        channel.send_many(())
        found = [each for each in peer.barrier() if each[0] in ITEM_FRAMES]
        assert {kind for kind, _, _ in found} == {frames.CHANNEL_BATCH}
        assert len(found) < 15
        assert all(len(payload) < 32_768 for _, _, payload in found)
        assert list(decoded(found, channel.id)) == items


def test_send_many_sends_before_it_has_seen_all() -> None:
    """The items may come from somewhere slow, and there may be more than memory holds."""
    with pair() as both:
        ours, theirs = both.channels()

        def items() -> Iterator[bytes]:
            yield bytes(40_000)
            yield bytes(30_000)
            yield bytes(30_000)
            assert len(theirs.receive(PATIENCE_S)) == 40_000
            assert len(theirs.receive(PATIENCE_S)) == 30_000
            yield b"last"

        ours.send_many(items())
        assert len(theirs.receive(PATIENCE_S)) == 30_000
        assert theirs.receive(PATIENCE_S) == b"last"


# -- what cannot be sent ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "item", [b"x" * 600_000, "x" * 600_000, [b"x" * 300_000] * 2], ids=["bytes", "text", "list"]
)
def test_va_008_what_is_larger_than_the_other_side_takes_is_refused_and_nothing_is_lost(item: object) -> None:
    with raw_peer(credit=2**30, item=500_000) as peer:
        channel = peer.session.request(frames.INFO)
        channel.send("before")
        with pytest.raises(DumpError, match=r"takes 6000\d\d bytes, the other side takes at most 500000"):
            channel.send(item)
        with pytest.raises(DumpError, match="at most 500000"):
            channel.send_many([1, item, 2])
        at_most = Background(lambda: channel.send(b"y" * 499_995))
        found = peer.until(frames.CHANNEL_PART) + peer.until(frames.CHANNEL_DATA)
        assert at_most.end() is None
        assert list(decoded(found, channel.id)) == ["before", 1, b"y" * 499_995]


class FailingError(Exception):
    pass


def fail_after(*items: object) -> Iterator[object]:
    yield from items
    raise FailingError


@pytest.mark.parametrize("first", ["small", b"x" * 20_000, b"x" * 300_000], ids=["small", "20k", "300k"])
def test_send_many_sends_what_came_before_a_mistake(first: object) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        with pytest.raises(DumpError, match="object"):
            ours.send_many([first, 1, object(), 2])
        with pytest.raises(FailingError):
            ours.send_many(fail_after(first, 3))
        ours.send("end")
        assert [theirs.receive(PATIENCE_S) for _ in range(5)] == [first, 1, first, 3, "end"]


def test_va_006_what_cannot_be_encoded_sends_nothing() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.barrier()
        with pytest.raises(DumpError, match=r"\[1\]"):
            channel.send([b"x" * 300_000, object()])
        with pytest.raises(DumpError):
            channel.send_many([object()])
        assert peer.barrier() == []


# -- ends ---------------------------------------------------------------------------------------


def stuck_in_the_middle(peer: RawPeer, channel: Channel) -> Background:
    """Return a thread that has sent the head of an item and three pieces, and waits for credit."""
    sending = Background(lambda: channel.send(b"x" * 200_000))
    assert eventually(lambda: channel._mailbox.state.sender.credit < PART)
    assert eventually(lambda: peer.session.leading._leader == sending.ident)
    return sending


def test_fc_044_it_ends_when_the_other_side_closes() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        sending = stuck_in_the_middle(peer, channel)
        peer.write(close(channel.id))
        assert "channel 1 is closed" in str(sending.end())
        assert isinstance(sending.outcome, OSError)
        assert peer.barrier()[-1][0] == frames.CHANNEL_PART  # after the close nothing is sent: CH-040


def test_ch_045_it_ends_when_another_thread_closes_and_its_item_stays_incomplete() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        sending = stuck_in_the_middle(peer, channel)
        channel.close()
        assert isinstance(sending.end(), OSError)
        kinds = [kind for kind, _, _ in peer.barrier()]
        assert kinds == [frames.INFO] + [frames.CHANNEL_PART] * 4 + [frames.CHANNEL_CLOSE]


def test_fc_044_it_ends_with_the_connection_and_says_why() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        sending = stuck_in_the_middle(peer, channel)
        other = Background(lambda: channel.send("waits for its turn"))
        assert eventually(lambda: peer.session.leading._followers == 1)
        peer.write(frame(frames.GOAWAY, 0, messages.encode_goaway(1, "the reason")))
        for thread in (sending, other):
            assert "the reason" in str(thread.end())
            assert isinstance(thread.outcome, OSError)


def test_whoever_waited_for_the_channel_is_not_stuck_when_the_one_in_front_fails() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        in_front = stuck_in_the_middle(peer, channel)
        behind = [Background(lambda: channel.send(b"y" * 200_000)) for _ in range(3)]
        assert eventually(lambda: peer.session.leading._followers == 3)
        channel.close("enough")
        assert all(isinstance(thread.end(), OSError) for thread in [in_front, *behind])


# -- Ctrl-C -------------------------------------------------------------------------------------


def test_interrupted_in_the_middle_of_an_item_the_channel_is_closed_with_the_reason() -> None:
    text = """
other = session.request(frames.INFO)
try:
    channel.send(b"x" * 200_000)
except KeyboardInterrupt:
    say("interrupted")
say(channel.isclosed())
other.send("usable")
"""
    with program(text) as (theirs, process):
        decoder, found = accept(theirs, Hello("peer", credit=WINDOW))
        read_until(theirs, decoder, found, 3 + 4)  # HELLO, two requests, head and three pieces: it is stuck
        process.send_signal(signal.SIGINT)
        read_until(theirs, decoder, found, 9)
        assert [kind for kind, _, _ in found[3:]] == [frames.CHANNEL_PART] * 4 + [
            frames.CHANNEL_CLOSE_ERROR,
            frames.CHANNEL_DATA,
        ]
        reason = decode_channel_error(found[7][2])
        assert reason.code == "interrupted"
        assert reason.text == "sending was interrupted in the middle of an item by KeyboardInterrupt()"
        assert found[8] == (frames.CHANNEL_DATA, 3, values.encode("usable"))
        assert process.communicate(timeout=PATIENCE_S)[0] == "interrupted\nTrue\n"


def test_interrupted_between_two_items_nothing_is_lost_and_the_channel_stays() -> None:
    text = """
send_until_interrupted(10_000, lambda: bool(session.relief._blocked))
channel.send("y" * 10_000)
channel.close()
"""
    with program(text) as (theirs, process):
        decoder, found = accept(theirs, Hello("peer", credit=WINDOW))
        read_until(theirs, decoder, found, 2 + 6)  # HELLO, the request, all that the credit is for
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "6\n"
        theirs.sendall(credit(1, 60_000))
        read_until(theirs, decoder, found, 10)
        assert found[8:] == [
            (frames.CHANNEL_DATA, 1, values.encode("y" * 10_000)),
            (frames.CHANNEL_CLOSE, 1, b""),
        ]
        assert process.wait(PATIENCE_S) == 0


def test_interrupted_while_the_items_are_made_send_many_sends_those_before() -> None:
    text = """
def items():
    yield "first"
    yield "second"
    say("waiting")
    threading.Event().wait()
try:
    channel.send_many(items())
except KeyboardInterrupt:
    say("interrupted")
channel.close()
"""
    with program(text) as (theirs, process):
        decoder, found = accept(theirs, Hello("peer", credit=WINDOW))
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        read_until(theirs, decoder, found, 4)
        assert list(decoded(found, 1)) == ["first", "second"]
        assert found[-1][0] == frames.CHANNEL_CLOSE
        assert process.wait(PATIENCE_S) == 0
