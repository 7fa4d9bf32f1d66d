"""What a HELLO may be. Spec: HS-010, HS-011, HS-012, HS-013, HS-014, FR-018, LI-001."""

from __future__ import annotations

from typing import Any

import pytest

from xnet_wire import codes
from xnet_wire.errors import DumpError, WireError
from xnet_wire.hello import VERSION, Hello, decode_hello, encode_hello
from xnet_wire.limits import Limits
from xnet_wire.values import ValueDecoder, encode


def fields(hello: Hello) -> tuple[object, ...]:
    return (hello.implementation, hello.version, hello.features, hello.limits, hello.credit, hello.config)


@pytest.mark.parametrize(
    "hello",
    [
        Hello(),
        Hello(
            "other 2.0",
            version=(1, 7),
            features=("exec.python", "more"),
            limits=Limits(65_536, 1, 64, 1),
            credit=65_536,
            config={"id": "gw0", "nice": -5, "env": {"A": "b", "C": None}, "alias": True, "unknown": [1]},
        ),
    ],
)
def test_a_hello_arrives_as_it_was_sent(hello: Hello) -> None:
    assert fields(decode_hello(encode_hello(hello))) == fields(hello)


def test_hs010_what_is_missing_has_its_default() -> None:
    hello = decode_hello(encode({"version": [1, 3]}))
    assert fields(hello) == ("", (1, 3), (), Limits(), 1_048_576, None)
    assert decode_hello(encode({"version": [1, 0], "limits": {"depth": 99}})).limits == Limits(depth=99)


def test_hs012_unknown_keys_are_ignored() -> None:
    sent = {
        "version": [1, 0],
        "new": {"a": 1},
        "limits": {"new": -1},
        "features": ["x"],
        "config": {"new": 1},
    }
    hello = decode_hello(encode(sent))
    assert hello.features == ("x",)
    assert hello.config == {"new": 1}


@pytest.mark.parametrize(
    "config", [None, 5, [], "gw0", {}, {1: 2}, {"id": 5}, {"env": {"A": b"b"}}, {"nice": True, "alias": 1}]
)
def test_hs012_what_a_worker_has_as_config_is_ignored_whatever_it_is(config: Any) -> None:
    payload = encode({"version": [1, 0], "config": config})
    assert decode_hello(payload, from_worker=True).config is None
    if config:
        with pytest.raises(WireError):
            decode_hello(payload)


def test_hs013_but_it_has_to_be_a_value_without_duplicate_keys() -> None:
    head = b"\xa2" + encode({"version": [1, 0]})[1:] + encode("config")
    assert decode_hello(head + b"\xa1\x01\x02", from_worker=True).config is None
    for wrong in (b"\xa2\x01\x02\x01\x02", b"\xf7", b"\x81", b"\x01\x01"):
        with pytest.raises(WireError) as caught:
            decode_hello(head + wrong, from_worker=True)
        assert caught.value.code == codes.HELLO_MALFORMED


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 1}, '"version" in HELLO is 1, expected [major, minor].'),
        ({"version": [1]}, '"version" in HELLO is <list>, expected [major, minor].'),
        ({"version": [1, 0, 0]}, '"version" in HELLO is <list>, expected [major, minor].'),
        ({"version": [1, -1]}, '"version" in HELLO is <list>, expected [major, minor].'),
        ({"version": [True, 0]}, '"version" in HELLO is <list>, expected [major, minor].'),
        ({"version": (1, 0)}, '"version" in HELLO is <tuple>, expected [major, minor].'),
        ({"implementation": b"x"}, "\"implementation\" in HELLO is b'x', expected a text."),
        ({"features": "x"}, "\"features\" in HELLO is 'x', expected a list of texts."),
        ({"features": [1]}, '"features" in HELLO is <list>, expected a list of texts.'),
        ({"limits": 5}, '"limits" in HELLO is 5, expected a map.'),
        ({"limits": {1: 5}}, '"limits" in HELLO has a key 1, expected texts as keys.'),
        (
            {"limits": {"frame": 65_535}},
            '"limits.frame" in HELLO is 65535, expected a number from 65536 to 18446744073709551615.',
        ),
        (
            {"limits": {"depth": "deep"}},
            "\"limits.depth\" in HELLO is 'deep', expected a number from 64 to 18446744073709551615.",
        ),
        ({"credit": 65_535}, '"credit" in HELLO is 65535, expected a number from 65536 to 2147483647.'),
        ({"credit": 2**31}, '"credit" in HELLO is 2147483648, expected a number from 65536 to 2147483647.'),
        ({"config": None}, '"config" in HELLO is None, expected a map.'),
        ({"config": {"id": 5}}, '"config.id" in HELLO is 5, expected a text.'),
        ({"config": {"nice": True}}, '"config.nice" in HELLO is True, expected a number.'),
        ({"config": {"alias": 1}}, '"config.alias" in HELLO is 1, expected true or false.'),
        ({"config": {"env": []}}, '"config.env" in HELLO is <list>, expected a map.'),
        (
            {"config": {"env": {"TOKEN": b"secret"}}},
            "\"config.env\" in HELLO maps 'TOKEN' to a bytes, expected texts mapped to texts or null.",
        ),
    ],
)
def test_hs013_a_hello_against_its_rule_is_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WireError) as caught:
        decode_hello(encode({"version": [1, 0], **change}))
    assert caught.value.code == codes.HELLO_MALFORMED
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "payload", [b"", b"\x01", b"\xa0", b"\xa1\x01\x02", encode({"version": [1, 0]}) + b"\x00"]
)
def test_hs013_what_is_no_hello_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError) as caught:
        decode_hello(payload)
    assert caught.value.code == codes.HELLO_MALFORMED


def test_hs011_a_long_hello_is_refused_by_both_sides() -> None:
    with pytest.raises(ValueError, match="at most 65536 are allowed"):
        encode_hello(Hello(config={"env": {"A": "x" * 70_000}}))
    with pytest.raises(WireError, match="HELLO has a payload of 70000 bytes"):
        decode_hello(bytes(70_000))


def test_hs014_the_version_is_judged_before_the_rest() -> None:
    with pytest.raises(WireError) as caught:
        decode_hello(encode({"version": [2, 5], "limits": "another meaning", "credit": 0}))
    assert caught.value.code == codes.VERSION_UNSUPPORTED
    assert "2.5" in str(caught.value)
    assert f"{VERSION[0]}.{VERSION[1]}" in str(caught.value)


def test_a_config_that_cannot_be_sent_is_our_own_mistake() -> None:
    with pytest.raises(DumpError, match=r"at \['config'\]\['id'\]"):
        encode_hello(Hello(config={"id": object()}))


def test_a_worker_sends_no_config() -> None:
    assert "config" not in ValueDecoder().decode(encode_hello(Hello()))


def test_the_repr_shows_no_environment() -> None:
    text = repr(Hello("me", config={"env": {"TOKEN": "secret"}}))
    assert "secret" not in text
    assert text.startswith("<Hello 'me' 1.0 Limits(frame=")


def test_hs014_the_version_is_judged_before_the_types_of_keys() -> None:
    with pytest.raises(WireError, match=r"version 2\.3") as caught:
        decode_hello(encode({"version": [2, 3], 7: None}))
    assert caught.value.code == codes.VERSION_UNSUPPORTED
    with pytest.raises(WireError, match="expected texts as keys") as caught:
        decode_hello(encode({"version": [1, 0], 7: None}))
    assert caught.value.code == codes.HELLO_MALFORMED


def test_fr018_integers_may_be_bignums_of_at_most_64_bits() -> None:
    head = bytes.fromhex("a2 67") + b"version" + bytes.fromhex("82 c2 41 01 00 66") + b"credit"
    assert decode_hello(head + bytes.fromhex("c2 43 01 00 00")).credit == 65_536
    with pytest.raises(WireError, match="version"):
        decode_hello(encode({"version": [1, 2**64]}))
