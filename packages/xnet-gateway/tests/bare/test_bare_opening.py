"""How channels begin and are referred to, with a bare worker, in bytes.

Spec: CH-008 to CH-016, CH-061. What is refused is in ``test_bare_hostile``.
"""

from __future__ import annotations

from bare_helpers import RawWorker, frame
from xnet_wire import frames, messages
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello
from xnet_wire.values import encode

OPEN, DATA, CLOSE = frames.CHANNEL_OPEN, frames.CHANNEL_DATA, frames.CHANNEL_CLOSE
REFERENCE = b"\xd9\xe4\x22"


def execute(source: str, channel: int = 1) -> bytes:
    return frame(frames.CHANNEL_EXEC, channel, messages.encode_exec(messages.ExecRequest(source)))


class TestOfTheInitiator:
    def test_items_wait_for_the_reference(self, version: str) -> None:
        """Spec: CH-008, CH-010. A whole one, and one of which the reference finds a part."""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute("other = channel.receive(); channel.send((other.receive(), other.receive()))"))
            worker.say(frame(OPEN, 3) + frame(DATA, 3, b"\x01") + frame(frames.CHANNEL_PART, 3, b"\x18"))
            worker.say(frame(DATA, 1, REFERENCE + b"\x03") + frame(DATA, 3, b"\x2a"))
            assert worker.hear() == (DATA, 1, encode((1, 42)))

    def test_fc_014_items_that_wait_for_the_reference_are_not_credited(self, version: str) -> None:
        half = frame(DATA, 3, encode(b"x" * 524_219))  # costs 524,288, with its head of 5 bytes
        with RawWorker(version) as worker:
            worker.greet()
            # Nothing is received meanwhile: who waits half a second has the others credited. [FC-042]
            worker.say(frame(OPEN, 3) + half + half + frame(frames.PING, 0))
            assert worker.hear() == (frames.PONG, 0, b"")
            source = "other = channel.receive(); channel.send(len(other.receive()))"
            worker.say(execute(source, 5) + frame(DATA, 5, REFERENCE + b"\x03"))
            assert worker.hear() == (frames.CHANNEL_CREDIT, 3, encode(524_288))
            assert worker.hear() == (DATA, 5, encode(524_219))

    def test_the_reference_is_dropped_and_the_channel_stays(self, version: str) -> None:
        """Spec: CH-010, CH-061. What carries the first reference comes for a channel that is gone."""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(
                frame(OPEN, 1) + frame(CLOSE, 1) + frame(OPEN, 3) + frame(DATA, 1, REFERENCE + b"\x03")
            )
            worker.say(execute("channel.receive().send(1)", 5) + frame(DATA, 5, REFERENCE + b"\x03"))
            assert worker.hear() == (DATA, 3, b"\x01")

    def test_ch_010_a_reference_to_a_channel_that_is_gone(self, version: str) -> None:
        """Spec: CH-010. Closed before, or skipped: it is closed."""
        source = "for other in channel: channel.send((other.id, other.isclosed()))"
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(OPEN, 3) + frame(CLOSE, 3) + execute(source, 5))
            for id_ in (1, 3):
                worker.say(frame(DATA, 5, REFERENCE + encode(id_)))
                assert worker.hear() == (DATA, 5, encode((id_, True)))

    def test_ch_010_references_to_a_channel_that_is_gone_are_one_object(self, version: str) -> None:
        """Spec: CH-010. As long as it is held, also if it was open then; of others nothing is kept."""
        source = """
import gc, time
first, same = channel.receive(), True
for number in range(2):
    same = same and channel.receive() is first
    channel.send((number, same, first.isclosed()))
first = None
again = channel.receive()
channel.send(again[0] is again[1])
again = None
while channel._link.gone:
    gc.collect()
    time.sleep(0.001)
channel.send(None)
"""
        once, close = frame(DATA, 1, REFERENCE + b"\x03"), frame(CLOSE, 3)
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute(source) + frame(OPEN, 3) + once + once)
            assert worker.hear() == (DATA, 1, encode((0, True, False)))
            worker.say(close + once)
            assert worker.hear() == (DATA, 1, encode((1, True, True)))
            worker.say(frame(DATA, 1, b"\x82" + 2 * (REFERENCE + b"\x03")))
            assert worker.hear() == (DATA, 1, encode(True))
            assert worker.hear() == (DATA, 1, encode(None))

    def test_an_item_whose_channel_closes_is_not_awaited(self, version: str) -> None:
        """Spec: CH-060. The maker closes what no reference has named."""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(OPEN, 3) + frame(DATA, 3, b"\x01") + frame(CLOSE, 3) + frame(frames.STATUS, 5))
            kind, id_, payload = worker.hear()
            assert (kind, id_) == (DATA, 5)
            assert b"numchannels\x00" in payload


class TestOfTheWorker:
    def test_ch_008_it_says_so_before_the_reference(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute("other = channel.gateway.newchannel(); channel.send(other); other.close()"))
            assert worker.hear() == (OPEN, 2, b"")
            assert worker.hear() == (DATA, 1, REFERENCE + b"\x02")
            assert worker.hear() == (CLOSE, 2, b"")
            worker.say(frame(DATA, 2, b"\x01"))  # crosses the close
            worker.pong()

    def test_ch_051_one_that_nobody_uses_opens_and_closes(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute("import gc\nchannel.gateway.newchannel(); gc.collect(); channel.receive()"))
            assert worker.hear() == (OPEN, 2, b"")
            assert worker.hear() == (CLOSE, 2, b"")

    def test_a_coroutine_that_sends_on_it_needs_no_thread(self, version: str) -> None:
        source = """
other = channel.gateway.newchannel()
channel.send(__import__("xnet_bare_worker").sending.send_at_once(other, 1))
"""
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute(source))
            assert worker.hear() == (OPEN, 2, b"")
            assert worker.hear() == (DATA, 2, b"\x01")
            assert worker.hear() == (DATA, 1, encode(True))

    def test_ch_008_ids_rise_in_the_stream_whatever_threads_do(self, version: str) -> None:
        source = """
import threading
def make():
    for _ in range(100):
        channel.send(channel.gateway.newchannel())
threads = [threading.Thread(target=make) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
        opened: list[int] = []
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(execute(source))
            while (said := worker.hear()) != (CLOSE, 1, b""):
                if said[0] == OPEN:
                    opened.append(said[1])
                elif said[:2] == (DATA, 1):
                    worker.say(frame(CLOSE, opened[0]))
        assert opened == list(range(2, 1602, 2))

    def test_ch_011_no_more_than_the_initiator_takes(self, version: str) -> None:
        """Spec: CH-011. The one that is refused takes no id and says nothing."""
        source = """
make = channel.gateway.newchannel
kept = [make(), make()]
try:
    make()
except (OSError, IOError) as error:
    channel.send(str(error))
kept.pop().close()
kept.append(make())
channel.send(kept)
"""
        with RawWorker(version) as worker:
            worker.greet(Hello("a test", limits=Limits(channels=2)))
            worker.say(execute(source))
            assert [worker.hear()[:2] for _ in range(2)] == [(OPEN, 2), (OPEN, 4)]
            kind, id_, payload = worker.hear()
            assert (kind, id_) == (DATA, 1)
            assert b"takes no more" in payload
            assert [worker.hear()[:2] for _ in range(2)] == [(CLOSE, 4), (OPEN, 6)]
