"""Callbacks that fail: told here, told to the other side, and no regular end. Spec: CH-037."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator

import pytest

from core_helpers import close, data
from raw_peer import raw_peer
from threads_helpers import PATIENCE_S, pair
from xnet_channel.threads.errors import INTERRUPT_TEXT, CallbackError, RemoteError
from xnet_wire import frames
from xnet_wire.channel_errors import decode_channel_error


@pytest.fixture
def told() -> Iterator[list[threading.ExceptHookArgs]]:
    """What ``threading.excepthook`` was told."""
    calls: list[threading.ExceptHookArgs] = []
    before, threading.excepthook = threading.excepthook, calls.append
    try:
        yield calls
    finally:
        threading.excepthook = before


def fail(item: object) -> None:
    raise ValueError(item)


@pytest.mark.parametrize("error", [ValueError, SystemExit, GeneratorExit])
def test_ch_037_a_failing_callback_closes_its_channel_with_the_traceback(
    error: type[BaseException], told: list[threading.ExceptHookArgs]
) -> None:
    with raw_peer() as peer:
        failing, other = peer.session.request(frames.INFO), peer.session.request(frames.INFO)
        got: queue.Queue[object] = queue.Queue()

        def fail_at_two(item: object) -> None:
            got.put(item)
            if item == 2:
                raise error("on purpose")

        failing.setcallback(fail_at_two, endmarker="end")
        other.setcallback(got.put)
        peer.barrier()
        peer.write(*[data(failing.id, item) for item in (1, 2, 3)])
        kind, id_, payload = peer.read()
        assert (kind, id_) == (frames.CHANNEL_CLOSE_ERROR, failing.id)
        reason = decode_channel_error(payload)
        text = reason.text
        assert (reason.code, reason.type, reason.message) == ("error", error.__name__, "on purpose")
        assert reason.frames[-1][2] == "fail_at_two"
        assert f"{error.__name__}: on purpose" in text
        assert "in fail_at_two" in text
        peer.write(data(failing.id, 4), data(other.id, "served"))
        # What is behind the item that failed is not given; the end is.
        assert [got.get(timeout=PATIENCE_S) for _ in range(4)] == [1, 2, "end", "served"]


def test_ch_037_also_when_it_fails_for_an_item_that_was_there_before(
    told: list[threading.ExceptHookArgs],
) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        theirs.send("the item")
        assert both.worker.ping(b"arrived", PATIENCE_S)
        ours.setcallback(fail)
        with pytest.raises(RemoteError, match="ValueError: the item"):
            theirs.receive(PATIENCE_S)
        # The call that sets it returns: whether an item is there already is a matter of chance.
        with pytest.raises(CallbackError, match="ValueError: the item"):
            ours.waitclose(PATIENCE_S)
        assert [call.exc_type for call in told] == [ValueError]


def test_a_callback_that_fails_at_its_endmarker_disturbs_nobody(
    told: list[threading.ExceptHookArgs],
) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        other, feeds_other = both.channels()
        got: queue.Queue[object] = queue.Queue()
        ours.setcallback(fail, endmarker="end")
        other.setcallback(got.put)
        theirs.close()
        with pytest.raises(CallbackError, match="ValueError: end"):
            ours.waitclose(PATIENCE_S)
        assert [call.exc_type for call in told] == [ValueError]
        feeds_other.send("served")
        assert got.get(timeout=PATIENCE_S) == "served"


def test_it_is_told_here_with_its_thread_before_the_endmarker_comes(
    told: list[threading.ExceptHookArgs],
) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        at_the_end: queue.Queue[object] = queue.Queue()

        def take(item: object) -> None:
            if item == "end":
                at_the_end.put([str(call.exc_value) for call in told])
                try:
                    ours.waitclose(PATIENCE_S)
                except CallbackError as error:
                    at_the_end.put(str(error))
            else:
                fail(item)

        ours.setcallback(take, endmarker="end")
        theirs.send("the item")
        assert at_the_end.get(timeout=PATIENCE_S) == ["the item"]
        assert "ValueError: the item" in str(at_the_end.get(timeout=PATIENCE_S))
        (call,) = told
        assert call.thread is not None
        assert call.thread.name == "xnet-callbacks-initiator"
        assert call.exc_traceback is not None


def test_whoever_waits_is_told_each_time_and_whoever_receives(told: list[threading.ExceptHookArgs]) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        ours.setcallback(fail)
        theirs.send("the item")
        errors = []
        for wait in (ours.waitclose, ours.waitclose, ours.receive):
            with pytest.raises(RemoteError) as caught:
                wait(PATIENCE_S)
            errors.append(caught.value)
        errors.append(ours._getremoteerror())  # type: ignore[arg-type]
        for error in errors:
            assert isinstance(error, CallbackError)
            assert str(error).startswith(f"the callback of channel {ours.id} failed: Traceback")
            assert "ValueError: the item" in str(error)
        assert len(told) == 1


def test_an_error_of_the_other_side_is_not_hidden_by_it(told: list[threading.ExceptHookArgs]) -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id, "the item"), close(channel.id, "their reason"))
        peer.barrier()
        channel.setcallback(fail)
        with pytest.raises(RemoteError, match=r"^their reason$"):
            channel.waitclose(PATIENCE_S)
        with pytest.raises(CallbackError, match="the item"):
            channel.waitclose(PATIENCE_S)


def test_what_the_hook_raises_is_told_as_threads_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hook(call: threading.ExceptHookArgs) -> None:
        raise KeyError("the hook")

    monkeypatch.setattr("threading.excepthook", hook)
    with pair() as both:
        ours, theirs = both.channels()
        ours.setcallback(fail)
        theirs.send("the item")
        with pytest.raises(CallbackError):
            ours.waitclose(PATIENCE_S)
    assert "KeyError: 'the hook'" in capsys.readouterr().err


def test_the_end_of_the_process_that_a_callback_asks_for_is_told_too(
    told: list[threading.ExceptHookArgs],
) -> None:
    """The hook of Python keeps a SystemExit to itself."""
    with pair() as both:
        ours, theirs = both.channels()
        ours.setcallback(lambda item: exit(3))
        theirs.send("the item")
        with pytest.raises(CallbackError, match="SystemExit: 3"):
            ours.waitclose(PATIENCE_S)
    assert [call.exc_type for call in told] == [RuntimeError]


def test_ctrl_c_in_a_callback_that_runs_in_the_main_thread_ends_it() -> None:
    with raw_peer() as peer:
        channel = peer.session.request(frames.INFO)
        peer.write(data(channel.id, 1), data(channel.id, 2), close(channel.id))
        peer.barrier()
        got: list[object] = []

        def take(item: object) -> None:
            got.append(item)
            if item == 1:
                signal.raise_signal(signal.SIGINT)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                channel.setcallback(take, endmarker="end")
        finally:
            signal.signal(signal.SIGINT, before)
        assert got == [1, "end"]
        with pytest.raises(CallbackError, match=INTERRUPT_TEXT):
            channel.waitclose(PATIENCE_S)


def test_an_interrupt_that_a_callback_raises_elsewhere_ends_no_thread(
    told: list[threading.ExceptHookArgs],
) -> None:
    with pair() as both:
        ours, theirs = both.channels()
        other, feeds_other = both.channels()
        got: queue.Queue[object] = queue.Queue()

        def interrupt(item: object) -> None:
            raise KeyboardInterrupt

        ours.setcallback(interrupt)
        other.setcallback(got.put)
        theirs.send("the item")
        feeds_other.send("served")
        assert got.get(timeout=PATIENCE_S) == "served"
        with pytest.raises(CallbackError):
            ours.waitclose(PATIENCE_S)
    assert [call.exc_type for call in told] == [KeyboardInterrupt]
