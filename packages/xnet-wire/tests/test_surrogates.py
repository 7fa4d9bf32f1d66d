"""Texts with surrogates, through both codecs. Spec: VA-006, VA-013, VA-014, VA-022, VA-027, VA-031."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_strategies import exactly, scalars
from xnet_wire.channel_errors import ChannelError, decode_channel_error, encode_channel_error
from xnet_wire.errors import DumpError, ValueFormatError, WireError
from xnet_wire.hello import Hello, decode_hello, encode_hello
from xnet_wire.messages import (
    ExecRequest,
    decode_exec,
    decode_goaway,
    encode_exec,
)
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact
from xnet_wire.value_plain import NOT_PLAIN, decode_plain
from xnet_wire.value_types import PYTHON_STRINGS_FEATURE, SURROGATES_FEATURE
from xnet_wire.values import ValueDecoder, encode, encode_batch, encode_parts

DEFAULT = (True, False)
decoder = ValueDecoder()
encode_odd = partial(encode, surrogates=True)

odd_texts = st.text(
    st.one_of(st.characters(categories=["Cs"]), st.sampled_from("a\xe9\u20ac\U0001f600")), max_size=6
)
odd_items: st.SearchStrategy[Any] = st.recursive(
    st.one_of(scalars, odd_texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(odd_texts, inner, max_size=4),
        st.frozensets(odd_texts, max_size=4),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("\ud800", "d9e42443eda080"),
        ("a\udcff", "d9e4244461edb3bf"),
        ("\udfff\ud800", "d9e42446edbfbfeda080"),
        ("\ud83d\ude00", "d9e42446eda0bdedb880"),  # two code points, not the character
        ("\ud800\U0001f600", "d9e42447eda080f09f9880"),
        ("\ud800" * 100, "d9e42459012c" + "eda080" * 100),
    ],
)
def test_va014_the_content_is_the_code_points(text: str, data: str) -> None:
    assert encode_odd(text).hex() == data
    assert decoder.decode(bytes.fromhex(data)) == text
    assert decode_exact(bytes.fromhex(data), 512, DEFAULT, None) == text
    assert decode_plain(bytes.fromhex(data), 512) == text


@given(odd_items)
def test_a_round_trip_keeps_everything(item: Any) -> None:
    data = encode_odd(item)
    assert data == encode_exact(item, None, None, 512, surrogates=True)
    assert exactly(decoder.decode(data)) == exactly(item)
    assert exactly(decode_exact(data, 512, DEFAULT, None)) == exactly(item)
    for string_keys in (False, True):
        plain = decode_plain(data, 512, string_keys)
        assert plain is NOT_PLAIN or exactly(plain) == exactly(item)


@given(odd_texts)
def test_va013_the_tag_is_for_texts_with_surrogates_only(text: str) -> None:
    has_one = any("\ud800" <= character <= "\udfff" for character in text)
    assert encode_odd(text).startswith(b"\xd9\xe4\x24") == has_one
    if has_one:
        with pytest.raises(DumpError, match="a str with a lone surrogate"):
            encode(text)
    else:
        assert encode(text) == encode_odd(text)


def test_va006_without_the_feature_they_are_refused_with_the_path() -> None:
    with pytest.raises(DumpError, match=r"a str with a lone surrogate \(character 1\) at \['k'\]\[1\]\.$"):
        encode({"k": [0, "a\udcff"]})


@pytest.mark.parametrize(
    "content", ["", "61", "f09f9880", "eda080ff", "eda0", "eda080c080", "eda080f4908080"]
)
@pytest.mark.parametrize("strings", [DEFAULT, (False, True)])
def test_va027_other_content_is_refused(content: str, strings: tuple[bool, bool]) -> None:
    data = b"\xd9\xe4\x24" + encode(bytes.fromhex(content))
    for place in (data, b"\x81" + data, b"\xa1" + data + b"\x00", b"\xd9\x01\x02\x81" + data):
        with pytest.raises(ValueFormatError, match="a text with surrogates"):
            decoder.decode(place, strings)
    assert decode_plain(data, 512) is NOT_PLAIN


@pytest.mark.parametrize("content", ["6161", "00", "80", "d9e42443eda080", "f6"])
def test_va027_content_that_is_not_bytes_is_refused(content: str) -> None:
    with pytest.raises(ValueFormatError, match=r"tag 58404 \(a text with surrogates\) holds"):
        decoder.decode(bytes.fromhex("d9e424" + content))


@given(st.binary(max_size=12))
def test_va027_any_content_is_one_text_or_refused(content: bytes) -> None:
    data = b"\xd9\xe4\x24" + encode(content)
    try:
        text = decoder.decode(data)
    except ValueFormatError:
        return
    assert encode_odd(text) == data


def test_va022_a_text_equals_only_itself() -> None:
    item = {"\U0001f600": 1, "\ud83d\ude00": 2, "\ud83d": 3, b"\xed\xa0\xbd": 4}
    assert decoder.decode(encode_odd(item)) == item
    twice = b"\xa2" + (encode_odd("\udcff") + b"\x00") * 2
    with pytest.raises(ValueFormatError, match="two keys equal to"):
        decoder.decode(twice)


def test_va031_flags_make_bytes_of_them() -> None:
    data = encode_odd(["a\udcff", {"\ud83d\ude00": "\xe9"}])
    wanted = [b"a\xed\xb3\xbf", {b"\xed\xa0\xbd\xed\xb8\x80": b"\xc3\xa9"}]
    assert decoder.decode(data, (True, True)) == wanted
    assert decoder.decode(data, (False, False)) == ["a\udcff", {"\ud83d\ude00": "\xe9"}]


def test_va023_the_tag_takes_a_level() -> None:
    item: Any = "\udcff"
    for _ in range(63):
        item = [item]
    data = encode_odd(item, max_depth=64)
    assert decode_exact(data, 64, DEFAULT, None) == item
    with pytest.raises(DumpError, match="a str with a lone surrogate nested this deeply"):
        encode_odd([item], max_depth=64)


def test_parts_and_batches() -> None:
    item = ["\udcff" * 50, "x"]
    assert b"".join(encode_parts(item, 16, surrogates=True)) == encode_odd(item)
    batch = encode_batch([encode_odd("\udcff"), encode_odd(item)])
    assert decoder.decode_batch(batch) == ["\udcff", item]


def test_the_feature_is_announced_by_default() -> None:
    assert decode_hello(encode_hello(Hello())).features == (SURROGATES_FEATURE, PYTHON_STRINGS_FEATURE)


def test_control_payloads_have_them_in_arguments_only() -> None:
    request = ExecRequest("x", kwargs={"a": ["\udcff"]})
    with pytest.raises(DumpError, match=r"at \['kwargs'\]\['a'\]\[0\]"):
        encode_exec(request)
    assert decode_exec(encode_exec(request, surrogates=True)).kwargs == {"a": ["\udcff"]}
    odd = "\udcff"
    for refused in (
        ExecRequest(odd), ExecRequest("", odd), ExecRequest("", None, odd), ExecRequest("", kwargs={odd: 1}),
    ):  # fmt: skip
        with pytest.raises(DumpError, match="a str with a lone surrogate"):
            encode_exec(refused, surrogates=True)
    assert decode_channel_error(encode_channel_error(ChannelError("a\udcff"))).text == "a?"


@pytest.mark.parametrize(
    ("decode", "content"),
    [
        (decode_channel_error, {"text": "\udcff", "code": "error"}),
        (decode_goaway, {"code": 1, "text": "\udcff", "last": 0}),
        (decode_exec, {"source": "\udcff"}),
        (decode_exec, {"source": "", "file": "\udcff"}),
        (decode_exec, {"source": "", "kwargs": {"\udcff": 1}}),
        (decode_hello, {"version": [1, 0], "implementation": "\udcff"}),
        (decode_hello, {"version": [1, 0], "features": ["\udcff"]}),
        (decode_hello, {"version": [1, 0], "config": {"id": "\udcff"}}),
        (decode_hello, {"version": [1, 0], "config": {"env": {"A": "\udcff"}}}),
    ],
)
def test_fr019_where_the_rule_says_text_they_are_refused(decode: Any, content: Any) -> None:
    """What a peer says there is shown, and written to logs and traces."""
    with pytest.raises(WireError, match=r"expected (a |texts )"):
        decode(encode_odd(content))
