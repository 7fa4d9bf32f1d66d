"""What a receiver said last is why nothing can be sent to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rsync_helpers import PATIENCE_S, Gateways, eventually
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_rsync.conversation import Conversation
from xnet_rsync.errors import ProtocolError, TargetGone
from xnet_rsync.result import TargetResult


def converse(
    gateway: Gateway, source: str, heard: list[object], busy_timeout_s: float | None = None
) -> Conversation:
    channel = gateway.remote_exec(source)

    def note(what: object = "ready") -> bool:
        heard.append(what)
        return what != "busy"

    handlers: dict[str, Callable[..., bool]] = {"ready": note, "text": note}
    return Conversation(channel, TargetResult("gw0", "/copy"), handlers, busy_timeout_s)


def test_messages_are_heard_in_order_and_ready_comes_first(gateway: Gateway) -> None:
    heard: list[object] = []
    talk = converse(gateway, "channel.send(['ready']); channel.send(['text', 1])", heard)
    talk.hear_until(lambda: len(heard) == 2)
    assert heard == ["ready", 1]
    talk = converse(gateway, "channel.send(['text', 1])", heard)
    with pytest.raises(ProtocolError, match="is not a message of this"):
        talk.hear(PATIENCE_S)


def test_hearing_what_is_there_does_not_wait(gateway: Gateway) -> None:
    heard: list[object] = []
    program = "channel.send(['ready']); channel.send(['text', 1]); channel.receive()"
    talk = converse(gateway, program, heard)
    talk.hear(PATIENCE_S)
    talk.hear(PATIENCE_S)
    talk.hear_what_is_there()
    assert heard == ["ready", 1]
    assert talk.waiting_since_s is None


def test_the_bytes_are_counted(gateway: Gateway) -> None:
    talk = converse(gateway, "for item in channel: pass", [])
    talk.send_content(b"x" * 1000)
    talk.send_table(["index", 1, b"y" * 500])
    talk.send_message("finish")
    assert 1500 < talk._result.bytes_sent < 1700


def test_an_error_of_the_receiver_is_what_sending_raises(gateway: Gateway) -> None:
    talk = converse(gateway, "channel.receive(); raise ValueError('no room')", [])
    talk.send_message("begin")

    def fails() -> bool:
        try:
            talk.send_message("more")
        except RemoteError as error:
            return "no room" in str(error)
        return False

    assert eventually(fails)


def test_the_end_of_the_connection_is_what_sending_raises(gateways: Gateways) -> None:
    gateway = gateways()
    talk = converse(gateway, "channel.receive()", [])
    gateway._io.kill_now()
    assert gateway.session.wait_finished(PATIENCE_S)
    with pytest.raises(TargetGone, match="killed"):
        talk.send_message("begin")


BUSY = "channel.send(['ready'])\nwhile True: channel.send(['text', 'busy'])"


def test_rs_009_who_is_busy_for_ever_is_given_up(gateway: Gateway) -> None:
    talk = converse(gateway, BUSY, [], 0.5)
    with pytest.raises(TimeoutError, match=r"for 0.5 s the receiver has said that it is at work"):
        talk.hear_until(lambda: False)


def test_rs_009_what_brings_it_further_or_is_sent_begins_anew(gateway: Gateway) -> None:
    heard: list[object] = []
    program = (
        "channel.send(['ready'])\nfor what in channel:\n for one in 'busy', what: channel.send(['text', one])"
    )
    talk = converse(gateway, program, heard, 0.0)  # a second busy in a row would be too late
    for number in range(5):
        talk.send_message(number)
        talk.hear_until(lambda number=number: heard.count([number]) == 1)  # type: ignore[misc]
    assert heard[:3] == ["ready", "busy", [0]]


def test_messages_that_do_not_end_are_not_heard_for_ever(gateway: Gateway) -> None:
    """So that sending goes on."""
    heard: list[object] = []
    talk = converse(gateway, BUSY, heard)
    talk.send_message("once")
    talk.hear_what_is_there()
    assert len(heard) <= 16_384
