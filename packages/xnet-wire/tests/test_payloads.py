"""What all control payloads have in common. Spec: FR-009, FR-015."""

from __future__ import annotations

from typing import Any

import pytest

from xnet_wire import codes
from xnet_wire.errors import WireError
from xnet_wire.payloads import check_text_map, decode_map, decode_payload, is_text, is_uint, take
from xnet_wire.values import encode


def test_a_malformed_payload_keeps_the_reason_and_gets_the_code() -> None:
    with pytest.raises(WireError) as caught:
        decode_payload(b"\x82\x01", "GOAWAY", codes.PAYLOAD_MALFORMED)
    assert caught.value.code == codes.PAYLOAD_MALFORMED
    assert str(caught.value) == (
        "The payload of GOAWAY is malformed. "
        "Malformed item: an array claims 2 entries in the 1 bytes left (byte 0)."
    )


@pytest.mark.parametrize("innermost", [b"\x01", b"\x80", b"\xa0"])
def test_fr015_a_control_payload_has_at_most_64_levels(innermost: bytes) -> None:
    levels = 64 if innermost == b"\x01" else 63
    decode_payload(b"\x81" * levels + innermost, "GOAWAY", codes.PAYLOAD_MALFORMED)
    with pytest.raises(WireError, match="nested deeper than 64") as caught:
        decode_payload(b"\x81" * (levels + 1) + innermost, "GOAWAY", codes.PAYLOAD_MALFORMED)
    assert caught.value.code == codes.PAYLOAD_MALFORMED


def test_control_payloads_hold_no_channels() -> None:
    with pytest.raises(WireError, match="where no channel can be received"):
        decode_payload(bytes.fromhex("d9e42205"), "CHANNEL_EXEC", codes.PAYLOAD_MALFORMED)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([1], "GOAWAY is <list>, expected a map."),
        ({1: 2}, "GOAWAY has a key 1, expected texts as keys."),
        ({b"code": 2}, "GOAWAY has a key b'code', expected texts as keys."),
    ],
)
def test_a_map_has_texts_as_keys(content: Any, sentence: str) -> None:
    with pytest.raises(WireError) as caught:
        decode_map(encode(content), "GOAWAY", codes.PAYLOAD_MALFORMED)
    assert str(caught.value) == sentence
    with pytest.raises(WireError):
        check_text_map(content, "GOAWAY", codes.PAYLOAD_MALFORMED)


def test_take_names_what_is_missing() -> None:
    assert take({"a": 1}, "a", "HELLO", codes.HELLO_MALFORMED) == 1
    with pytest.raises(WireError, match=r'^HELLO has no "version"\.$') as caught:
        take({}, "version", "HELLO", codes.HELLO_MALFORMED)
    assert caught.value.code == codes.HELLO_MALFORMED


@pytest.mark.parametrize(
    ("value", "answer"),
    [(0, True), (2**64 - 1, True), (2**64, False), (-1, False), (True, False), (1.0, False), ("1", False)],
)
def test_an_unsigned_integer_is_what_cddl_says(value: object, answer: bool) -> None:
    assert is_uint(value) is answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [("", True), ("a", True), ("h\xe9\U0001f600", True), ("a\ud800", False), (b"a", False), (None, False)],
)
def test_a_text_has_no_surrogates(value: object, answer: bool) -> None:
    assert is_text(value) is answer
