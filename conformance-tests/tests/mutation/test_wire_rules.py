from __future__ import annotations

from typing import Any

import pytest

from xnet_conformance.errors import CaseError
from xnet_conformance.frames import PREAMBLE, frame
from xnet_conformance.mutation.wire_rules import FrameChanger, parse_rule

PING = frame("PING", 0, b"a").encode()
PONG = frame("PONG", 0, b"b").encode()
DATA = frame("CHANNEL_DATA", 3, b"\x01").encode()


def change(data: bytes, *rules: dict[str, Any]) -> bytes:
    return FrameChanger([parse_rule(rule) for rule in rules], preamble=False)(data)


@pytest.mark.parametrize(
    ("do", "changed"),
    [
        ("drop", DATA),
        ("twice", PING + PING + DATA),
        ("late", DATA + PING),
        ("end", PING),
        ({"payload": "0011"}, frame("PING", 0, b"\x00\x11").encode() + DATA),
        ({"append": "00"}, frame("PING", 0, b"a\x00").encode() + DATA),
        ({"cut": 1}, PING[:-1] + DATA),
        ({"length": 2}, b"\x0b\0\0\0\0\0\0\0\x03a" + DATA),
        ({"type": "PONG"}, frame("PONG", 0, b"a").encode() + DATA),
        ({"channel": 2}, frame("PING", 2, b"a").encode() + DATA),
        ({"header": "little"}, b"\x0b\0\0\0\0\x01\0\0\0a" + DATA),
        ({"after": [{"PONG": "62"}]}, PING + PONG + DATA),
        ({"before": [{"PONG": "62"}]}, PONG + PING + DATA),
        ({"raw": "ff"}, b"\xff" + DATA),
    ],
)
def test_what_rules_do(do: Any, changed: bytes) -> None:
    assert change(PING + DATA, {"frame": "PING", "do": do}) == changed


def test_a_rule_is_about_some_frames_only() -> None:
    assert change(PING * 3, {"frame": "PING", "nth": 2, "do": "drop"}) == PING * 2
    assert change(PING + DATA, {"channel": "zero", "do": "drop"}) == DATA
    assert change(PING + DATA, {"channel": "other", "do": "drop"}) == PING
    assert change(PONG, {"frame": "PING", "do": "drop"}) == PONG


def test_a_field_of_a_map_is_changed_or_removed() -> None:
    payload = bytes.fromhex("a16161 01".replace(" ", ""))
    one = frame("GOAWAY", 0, payload).encode()
    assert change(one, {"do": {"field": "a", "value": 2}})[9:] == bytes.fromhex("a1616102")
    assert change(one, {"do": {"field": "a", "value": None}})[9:] == b"\xa0"


def test_values_are_changed_inside_of_items() -> None:
    item = frame("CHANNEL_DATA", 3, bytes.fromhex("81fb8000000000000000")).encode()
    assert change(item, {"do": {"item": "minus-zero-lost"}})[9:] == bytes.fromhex("81fb0000000000000000")
    with pytest.raises(CaseError, match="unknown change 'worse'"):
        change(item, {"do": {"item": "worse"}})


def test_frames_are_found_however_they_arrive_behind_the_preamble() -> None:
    changer = FrameChanger([parse_rule({"frame": "PING", "do": "drop"})], preamble=True)
    data = b"noise" + PREAMBLE + PING + DATA
    assert b"".join(changer(data[at : at + 1]) for at in range(len(data))) == b"noise" + PREAMBLE + DATA


def test_what_is_no_whole_frame_comes_at_the_end() -> None:
    changer = FrameChanger([parse_rule({"frame": "PING", "do": "late"})], preamble=False)
    assert changer(PING + DATA[:5]) == b""
    assert changer(b"") == PING + DATA[:5]


def test_a_rule_without_an_action_is_a_mistake() -> None:
    with pytest.raises(CaseError, match="needs do"):
        parse_rule({"frame": "PING"})
