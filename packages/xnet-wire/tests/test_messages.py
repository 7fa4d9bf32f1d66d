"""Payloads of control frames, both ways. Spec: CH-042, FR-009, FR-015, GW-001."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_wire import codes, messages
from xnet_wire.channel_errors import decode_channel_error
from xnet_wire.errors import DumpError, WireError
from xnet_wire.limits import GOAWAY_TEXT_BYTES
from xnet_wire.messages import ExecRequest, Hello
from xnet_wire.values import encode

DECODERS: list[Callable[[bytes], object]] = [
    messages.decode_hello,
    messages.decode_exec,
    messages.decode_goaway,
    messages.decode_credit,
    messages.decode_reconfigure,
    decode_channel_error,
    messages.decode_terminate,
]


@given(st.binary(max_size=50), st.sampled_from(DECODERS))
def test_any_bytes_give_a_message_or_a_wire_error(data: bytes, decode: Callable[[bytes], object]) -> None:
    try:
        decode(data)
    except WireError:
        pass


@pytest.mark.parametrize(
    "request_",
    [
        ExecRequest("pass"),
        ExecRequest("def f(c, x): pass", "a/é.py", "f", {"x": (1, {2: [None]})}, "python"),
        ExecRequest("", follows=True),
        ExecRequest("", kwargs={"x": 1}, service="rsync"),
    ],
)
def test_an_exec_request_arrives_as_it_was_sent(request_: ExecRequest) -> None:
    got = messages.decode_exec(messages.encode_exec(request_))
    for name in ExecRequest.__slots__:
        assert getattr(got, name) == getattr(request_, name)


def test_gw001_only_the_source_is_needed() -> None:
    got = messages.decode_exec(encode({"source": "pass", "new": 1}))
    assert (got.source, got.file, got.call, got.kwargs) == ("pass", None, None, {})


def test_kwargs_that_cannot_be_sent_are_our_own_mistake() -> None:
    with pytest.raises(DumpError, match=r"object at \['kwargs'\]\['x'\]"):
        messages.encode_exec(ExecRequest("", kwargs={"x": object()}))


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}])
def test_fr015_kwargs_have_the_62_levels_that_their_map_and_the_payload_leave(wrap: Any) -> None:
    deep: Any = 1
    for _ in range(62):
        deep = wrap(deep)
    assert messages.decode_exec(messages.encode_exec(ExecRequest("", kwargs={"x": deep}))).kwargs == {
        "x": deep
    }
    with pytest.raises(DumpError, match="The receiver takes 64 levels"):
        messages.encode_exec(ExecRequest("", kwargs={"x": wrap(deep)}))


DEEP: list[tuple[Callable[[bytes], object], dict[str, Any]]] = [
    (messages.decode_hello, {"version": [1, 0]}),
    (messages.decode_exec, {"source": "pass"}),
    (messages.decode_goaway, {"code": 7, "text": "No.", "last": 0}),
    (messages.decode_terminate, {}),
    (decode_channel_error, {"text": "No.", "code": "error"}),
]


@pytest.mark.parametrize(("decode", "content"), DEEP)
@pytest.mark.parametrize("innermost", [b"\x80", b"\xa0", b"\xc2\x41\x05"])
def test_fr015_a_control_payload_has_64_levels_and_not_one_more(
    decode: Callable[[bytes], object], content: dict[str, Any], innermost: bytes
) -> None:
    # An unknown key with something deep in it, behind the keys that there must be.
    head = bytes([0xA0 + len(content) + 1]) + encode(content)[1:] + b"\x63new"
    decode(head + b"\x81" * 62 + innermost)
    with pytest.raises(WireError, match="nested deeper than 64 arrays, maps and tags"):
        decode(head + b"\x81" * 63 + innermost)


@pytest.mark.parametrize("decode", [messages.decode_credit, messages.decode_reconfigure])
def test_fr015_nor_have_those_that_are_no_maps(decode: Callable[[bytes], object]) -> None:
    with pytest.raises(WireError, match="expected a"):
        decode(b"\x81" * 64 + b"\x01")
    with pytest.raises(WireError, match="nested deeper than 64"):
        decode(b"\x81" * 65 + b"\x01")


def test_the_repr_of_a_request_does_not_show_the_source() -> None:
    text = repr(ExecRequest("secret = 1", "f.py", "main"))
    assert text == "<ExecRequest file='f.py' call='main' source of 10 characters>"
    assert repr(ExecRequest("", follows=True)) == "<ExecRequest that follows>"
    assert repr(ExecRequest("", service="rsync")) == "<ExecRequest service='rsync'>"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, 'CHANNEL_EXEC has none of "source", "service" and "follows", expected one.'),
        ({"source": b"x"}, "\"source\" in CHANNEL_EXEC is b'x', expected a text."),
        ({"source": "", "file": 1}, '"file" in CHANNEL_EXEC is 1, expected a text or null.'),
        ({"source": "", "language": 1}, '"language" in CHANNEL_EXEC is 1, expected a text or null.'),
        ({"follows": 1}, '"follows" in CHANNEL_EXEC is 1, expected true.'),
        ({"service": None}, '"service" in CHANNEL_EXEC is None, expected a text.'),
        (
            {"follows": True, "source": ""},
            'CHANNEL_EXEC has "source" and "follows" of "source", "service" and "follows", expected one.',
        ),
        ({"source": "", "call": []}, '"call" in CHANNEL_EXEC is <list>, expected a text or null.'),
        ({"source": "", "kwargs": None}, '"kwargs" in CHANNEL_EXEC is None, expected a map.'),
        ({"source": "", "kwargs": {1: 2}}, '"kwargs" in CHANNEL_EXEC has a key 1, expected texts as keys.'),
    ],
)
def test_an_exec_request_against_its_rule_is_refused(content: Any, sentence: str) -> None:
    refused(messages.decode_exec, content, sentence)


def test_gw008_what_follows_is_checked_as_what_is_in_the_frame() -> None:
    request = messages.decode_following(messages.encode_exec(ExecRequest("pass", kwargs={"x": 1})))
    assert (request.source, request.kwargs) == ("pass", {"x": 1})
    refused(messages.decode_following, {"source": 1}, '"source" in CHANNEL_EXEC is 1, expected a text.')
    for item, words in (
        ({"source": "pass"}, "The request that follows CHANNEL_EXEC is <dict>, expected bytes."),
        (encode({"follows": True}), "The request that follows CHANNEL_EXEC says that it follows yet again."),
    ):
        with pytest.raises(WireError) as caught:
            messages.decode_following(item)
        assert str(caught.value) == words


def test_goaway() -> None:
    assert messages.decode_goaway(messages.encode_goaway(7, "No.", 5)) == (7, "No.", 5)
    assert messages.decode_goaway(encode({"code": 999, "text": "", "last": 0, "more": 1})) == (999, "", 0)
    code, text, _ = messages.decode_goaway(messages.encode_goaway(7, "é" * 10_000))
    assert code == 7
    assert len(text.encode()) <= GOAWAY_TEXT_BYTES
    refused(
        messages.decode_goaway, {"code": 1}, "GOAWAY has code 1 and text None, expected a number and a text."
    )
    refused(messages.decode_goaway, {"code": -1, "text": ""}, None)
    refused(messages.decode_goaway, [1, ""], "GOAWAY is <list>, expected a map.")


@pytest.mark.parametrize("last", [None, -1, 2**32, 2**64, 1.0, True, "1"])
def test_er_008_last_is_the_id_of_a_channel_or_0(last: object) -> None:
    for good in (0, 1, 2**32 - 1):
        assert messages.decode_goaway(messages.encode_goaway(0, "", good))[2] == good
    refused(messages.decode_goaway, {"code": 0, "text": "", "last": last}, None)


@pytest.mark.parametrize("times", [(None, None), (0, 0), (250, None), (None, 86_400_000)])
def test_gr_001_the_times_of_a_termination(times: tuple[int | None, int | None]) -> None:
    assert messages.decode_terminate(messages.encode_terminate(*times)) == times


@pytest.mark.parametrize("wrong", [None, -1, 86_400_001, 2**64, 1.0, True, "1"])
@pytest.mark.parametrize("name", ["finish", "interrupt"])
def test_a_time_against_its_rule_is_refused(name: str, wrong: object) -> None:
    assert messages.decode_terminate(encode({"later": wrong})) == (None, None)
    refused(messages.decode_terminate, {name: wrong}, None)
    refused(messages.decode_terminate, [], "GATEWAY_TERMINATE is <list>, expected a map.")


@pytest.mark.parametrize("credit", [1, 2**31 - 1, 2**64 - 1])
def test_credit(credit: int) -> None:
    assert messages.decode_credit(messages.encode_credit(credit)) == credit


@pytest.mark.parametrize("wrong", [0, -1, True, 1.0, None, 2**64, [5]])
def test_credit_is_a_number_above_0(wrong: object) -> None:
    refused(messages.decode_credit, wrong, None)


@pytest.mark.parametrize("strings", [(True, False), (False, True)])
def test_reconfigure(strings: tuple[bool, bool]) -> None:
    assert messages.decode_reconfigure(messages.encode_reconfigure(strings)) == strings


@pytest.mark.parametrize("wrong", [[], [True], [True, False, True], [1, 0], (True, False), None, {}])
def test_reconfigure_is_two_booleans(wrong: object) -> None:
    refused(messages.decode_reconfigure, wrong, None)


def test_py010_flags_are_for_peers_that_know_them() -> None:
    knows, does_not = Hello(), Hello("a worker", features=("exec.lua",))
    assert messages.knows_strings(knows, (False, True))
    assert messages.knows_strings(knows, (True, False))
    assert not messages.knows_strings(does_not, (True, False))  # which it has anyway
    with pytest.raises(ValueError, match=r"the other side \(a worker\) does not accept strings of Python 2"):
        messages.knows_strings(does_not, (False, False))


def refused(decode: Callable[[bytes], object], content: object, sentence: str | None) -> None:
    with pytest.raises(WireError) as caught:
        decode(encode(content))
    assert caught.value.code == codes.PAYLOAD_MALFORMED
    assert sentence is None or str(caught.value) == sentence
