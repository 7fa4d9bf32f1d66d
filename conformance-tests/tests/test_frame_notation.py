"""How cases write frames."""

from __future__ import annotations

import re
from typing import Any

import pytest

from runner_peer import Peer, cbor
from xnet_conformance.errors import CaseError
from xnet_conformance.frame_notation import frame_code, parse_frame, split, wrong_length
from xnet_conformance.frames import HEADER, Frame, frame


def pairs(*found: list[Any]) -> bytes:
    """Return the encoding of a dict."""
    return cbor({"t": "dict", "v": list(found)})


A_MAP = {"t": "dict", "v": [["a", 1]]}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("GATEWAY_TERMINATE", frame("GATEWAY_TERMINATE", 0, b"\xa0")),
        ({"GATEWAY_TERMINATE": {"hex": ""}}, frame("GATEWAY_TERMINATE")),
        (
            {"GATEWAY_TERMINATE": {"times": {"finish": 7}}},
            frame("GATEWAY_TERMINATE", 0, pairs(["finish", 7])),
        ),
        ({"CHANNEL_CLOSE": {"ch": 3}}, frame("CHANNEL_CLOSE", 3)),
        ({"TYPE_200": {"ch": 4294967295, "hex": "00"}}, Frame(200, 4294967295, b"\0")),
        ({"PING": {"zeros": 3}}, frame("PING", 0, b"\0\0\0")),
        ({"PING": {"ones": 2}}, frame("PING", 0, b"\xff\xff")),
        ({"CHANNEL_DATA": {"ch": 1, "item": A_MAP}}, frame("CHANNEL_DATA", 1, b"\xa1\x61a\x01")),
        ({"CHANNEL_DATA": {"ch": 1, "value": None}}, frame("CHANNEL_DATA", 1, b"\xf6")),
        ({"CHANNEL_BATCH": {"ch": 1, "items": [1, "a"]}}, frame("CHANNEL_BATCH", 1, b"\x82\x01\x61a")),
        (
            {"CHANNEL_BATCH": {"ch": 1, "copies": {"of": 7, "n": 30}}},
            frame("CHANNEL_BATCH", 1, b"\x98\x1e" + b"\x07" * 30),
        ),
        (
            {"CHANNEL_EXEC": {"ch": 1, "exec": {"source": "x", "odd": 1}}},
            frame("CHANNEL_EXEC", 1, pairs(["source", "x"], ["odd", 1])),
        ),
        (
            {
                "HELLO": {
                    "hello": {
                        "version": {"absent": True},
                        "features": {"absent": True},
                        "implementation": "i",
                    }
                }
            },
            frame("HELLO", 0, pairs(["implementation", "i"])),
        ),
        (
            {"GOAWAY": {"code": "FRAME_TOO_LARGE", "text": "t"}},
            frame("GOAWAY", 0, pairs(["code", 3], ["text", "t"], ["last", 0])),
        ),
        (
            {"GOAWAY": {"code": 999, "last": 5}},
            frame("GOAWAY", 0, pairs(["code", 999], ["text", ""], ["last", 5])),
        ),
        (
            {"CHANNEL_CLOSE_ERROR": {"ch": 1, "text": "why"}},
            frame("CHANNEL_CLOSE_ERROR", 1, pairs(["text", "why"], ["code", "error"])),
        ),
        ({"CHANNEL_CREDIT": {"ch": 1, "credit": 24}}, frame("CHANNEL_CREDIT", 1, b"\x18\x18")),
        ({"RECONFIGURE": {"flags": [True, False]}}, frame("RECONFIGURE", 0, b"\x82\xf5\xf4")),
    ],
)
def test_what_a_case_writes_is_what_is_sent(raw: Any, expected: Frame, peer: Peer) -> None:
    assert parse_frame(peer.scenario(), raw) == expected


def test_a_dump_is_sent_as_it_is_also_to_released_execnet(peer: Peer) -> None:
    one = parse_frame(peer.scenario(), {"CHANNEL_DATA": {"ch": 1, "dump": "4b0051"}})
    assert (one.payload, one.exact) == (b"K\0Q", True)
    assert not parse_frame(peer.scenario(), {"CHANNEL_DATA": {"ch": 1, "hex": "01"}}).exact


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (5, "5 is not a frame"),
        ({}, "{} is not a frame"),
        ({"PING": {}, "PONG": {}}, "is not a frame"),
        ({"PING": [1]}, "the fields of PING are [1], expected a map"),
    ],
)
def test_what_is_no_frame_is_told(raw: Any, words: str) -> None:
    with pytest.raises(CaseError, match=re.escape(words)):
        split(raw)


def test_types_have_names_or_numbers() -> None:
    assert split({"PING": None}) == ("PING", {})
    assert (frame_code("PING"), frame_code("TYPE_18")) == (11, 18)
    for name in ("PINGS", "TYPE_", "TYPE_x", "ITEM"):
        with pytest.raises(CaseError, match=f"unknown frame type '{name}'"):
            frame_code(name)


def test_a_header_can_lie() -> None:
    assert wrong_length(frame("PING", 0, b"ab"), 5) == HEADER.pack(11, 0, 5) + b"ab"
