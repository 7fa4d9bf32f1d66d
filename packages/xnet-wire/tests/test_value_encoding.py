"""The exact encoder. Spec: VA-002, VA-003, VA-004, VA-005, VA-006, VA-007, VA-023, VA-030."""

from __future__ import annotations

import collections
import enum
import math
from typing import Any

import pytest
from hypothesis import given

from wire_strategies import Reference, exactly, items, items_with_references, reference_id
from xnet_wire.engine import loads
from xnet_wire.errors import DumpError
from xnet_wire.value_decoding import decode_exact
from xnet_wire.value_encoding import encode_exact, head
from xnet_wire.value_types import PY2_STRING_TAG
from xnet_wire.values import ValueDecoder, encode


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    __slots__ = ()


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - what programs have


def nested(depth: int, leaf: Any = None, wrap: type = list) -> Any:
    item = leaf
    for _ in range(depth):
        item = wrap([item])
    return item


@pytest.mark.parametrize(
    ("item", "data"),
    [
        (None, "f6"),
        (True, "f5"),
        (False, "f4"),
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (255, "18ff"),
        (256, "190100"),
        (65536, "1a00010000"),
        (2**32, "1b0000000100000000"),
        (2**64 - 1, "1bffffffffffffffff"),
        (2**64, "c249010000000000000000"),
        (-1, "20"),
        (-(2**64), "3bffffffffffffffff"),
        (-(2**64) - 1, "c349010000000000000000"),
        (1.5, "fb3ff8000000000000"),
        (-0.0, "fb8000000000000000"),
        (math.nan, "f97e00"),
        (math.inf, "f97c00"),
        (-math.inf, "f9fc00"),
        (1 - 2j, "d9a7f882fb3ff0000000000000fbc000000000000000"),
        (b"ab", "426162"),
        (bytearray(b"ab"), "426162"),
        (memoryview(b"ab"), "426162"),
        ("é", "62c3a9"),
        ([], "80"),
        ([1, "a"], "82016161"),
        ((), "d9e42080"),
        ((1,), "d9e4208101"),
        ({1: "a"}, "a1016161"),
        ({(1, 2): 3}, "a1d9e42082010203"),
        ({5}, "d901028105"),
        (frozenset([5]), "d9e4218105"),
        (Reference(9), "d9e42209"),
    ],
)
def test_each_type_has_its_encoding(item: Any, data: str) -> None:
    assert encode_exact(item, Reference, reference_id, 512).hex() == data


@given(items)
def test_a_round_trip_by_the_exact_rules_keeps_everything(item: Any) -> None:
    assert exactly(decode_exact(encode_exact(item, None, None, 512), 512, (True, False), None)) == exactly(
        item
    )


@given(items_with_references)
def test_references_keep_their_ids(item: Any) -> None:
    data = encode_exact(item, Reference, reference_id, 512)
    assert exactly(decode_exact(data, 512, (True, False), Reference)) == exactly(item)


@pytest.mark.parametrize("argument", [0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_head_is_as_short_as_it_can_be(argument: int) -> None:
    data = head(0, argument)
    assert loads(data) == argument
    assert len(data) == next(
        n for n, top in [(1, 24), (2, 2**8), (3, 2**16), (5, 2**32), (9, 2**64)] if argument < top
    )


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (object(), "can't serialize an object of type object."),
        (
            [1, {"report": [0, 1, 2, object()]}],
            "can't serialize an object of type object at [1]['report'][3].",
        ),
        ({"k": range(3)}, "can't serialize an object of type range at ['k']."),
        ([{1, ("a", Ellipsis)}], "can't serialize an object of type ellipsis at [0].<element <tuple>>[1]."),
        ({(1, Ellipsis): 2}, "can't serialize an object of type ellipsis at .<key <tuple>>[1]."),
        (["\ud800"], "can't serialize a str with a lone surrogate (character 0) at [0]."),
        (
            {"ok": {"bad\udfff": 1}},
            r"can't serialize a str with a lone surrogate (character 3) at ['ok'].<key 'bad\udfff'>.",
        ),
        ((Reference(0),), "can't serialize a channel of another connection at [0]."),
    ],
)
def test_a_refusal_names_the_type_and_the_path(item: Any, sentence: str) -> None:
    with pytest.raises(DumpError) as caught:
        encode_exact(item, Reference, reference_id, 512)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("item", "base"),
    [
        (Colour.RED, "int"),
        (Text("x"), "str"),
        (Point(1, 2), "tuple"),
        (collections.OrderedDict(a=1), "dict"),
        (collections.defaultdict(int), "dict"),
        (collections.Counter("ab"), "dict"),
    ],
)
def test_va006_a_subclass_is_refused(item: Any, base: str) -> None:
    with pytest.raises(
        DumpError, match=rf"\(a subclass of {base}; only {base} itself is taken\) at \[0\]\.$"
    ):
        encode_exact([item], None, None, 512)


def test_without_a_channel_type_a_channel_is_an_object_like_any_other() -> None:
    with pytest.raises(DumpError, match=r"an object of type .*Reference at \[0\]"):
        encode_exact([Reference(1)], None, None, 512)


def test_a_subclass_of_the_channel_type_is_a_channel() -> None:
    class Special(Reference):
        pass

    assert encode_exact(Special(3), Reference, reference_id, 512).hex() == "d9e42203"


def test_what_channel_id_raises_is_passed_on() -> None:
    def fail(channel: object) -> int:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        encode_exact([Reference(1)], Reference, fail, 512)


LETTERS = memoryview(b"x").cast("c")  # has the hash of b"x", and is not equal to it


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({LETTERS: 1, b"x": 2}, ".<key <memoryview>>"),
        ({memoryview(b"x"): 1}, ".<key <memoryview>>"),
        ([{LETTERS, "y"}], "[0].<element <memoryview>>"),
        (frozenset({LETTERS}), ".<element <memoryview>>"),
        ({(1, LETTERS): 1, (1, b"x"): 2}, ".<key <tuple>>[1]"),
        ({(1, (frozenset({LETTERS}),))}, ".<element <tuple>>[1][0].<element <memoryview>>"),
    ],
)
def test_va006_a_memoryview_among_keys_could_be_the_same_as_another_key(item: Any, path: str) -> None:
    for write in (encode, lambda item: encode_exact(item, None, None, 512)):
        with pytest.raises(DumpError) as caught:
            write(item)
        assert (
            str(caught.value)
            == f"can't serialize a memoryview in a key or an element (make it bytes) at {path}."
        )
    assert encode_exact({1: (LETTERS,)}, None, None, 512) == encode({1: (LETTERS,)})


def test_a_released_memoryview_is_refused() -> None:
    view = memoryview(b"abc")
    view.release()
    with pytest.raises(DumpError, match=r"a memoryview that was released at \[0\]"):
        encode_exact([view], None, None, 512)


@pytest.mark.parametrize("limit", [64, 512, 2000])
@pytest.mark.parametrize(
    ("leaf", "levels"),
    [
        (None, 0),
        ([], 1),
        ({}, 1),
        ((), 2),
        (set(), 2),
        (frozenset(), 2),
        (2**64, 1),
        (1j, 2),
    ],
)
def test_va023_depth_is_exact(limit: int, leaf: Any, levels: int) -> None:
    fits = nested(limit - levels, leaf)
    data = encode_exact(fits, None, None, limit)
    assert encode_exact(decode_exact(data, limit, (True, False), None), None, None, limit) == data
    with pytest.raises(DumpError, match="nested this deeply"):
        encode_exact([fits], None, None, limit)


def test_va023_a_reference_takes_a_level() -> None:
    encode_exact(nested(511, Reference(1)), Reference, reference_id, 512)
    with pytest.raises(DumpError, match="a channel nested this deeply: it takes one level itself"):
        encode_exact(nested(512, Reference(1)), Reference, reference_id, 512)


def test_tuples_take_two_levels() -> None:
    encode_exact(nested(256, None, tuple), None, None, 512)
    with pytest.raises(DumpError, match="a tuple, set or frozenset takes two"):
        encode_exact(nested(257, None, tuple), None, None, 512)


def test_a_cycle_is_called_a_cycle() -> None:
    loop: list[Any] = []
    loop.append({"self": [loop]})
    with pytest.raises(DumpError) as caught:
        encode_exact([1, loop], None, None, 512)
    assert str(caught.value) == "can't serialize a list that contains itself at [1]."


def test_the_same_object_twice_is_no_cycle() -> None:
    twice = [1]
    assert encode_exact([twice, [twice]], None, None, 512).hex() == "828101818101"


def test_a_message_holds_no_contents() -> None:
    with pytest.raises(DumpError) as caught:
        encode_exact({"password": ["hunter2" * 1000, object()], "x" * 10_000: 1}, None, None, 512)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(DumpError) as caught:
        encode_exact({"x" * 10_000: object()}, None, None, 512)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize("flags", [(True, False), (False, False), (True, True), (False, True)])
def test_va_030_what_came_as_a_str_of_python_2_does_not_leave_as_one(flags: tuple[bool, bool]) -> None:
    py2_str = head(6, PY2_STRING_TAG)
    item = ValueDecoder().decode(head(4, 2) + (py2_str + head(2, 1) + b"x") * 2, flags)
    assert encode(item) in (head(4, 2) + b"\x61x" * 2, head(4, 2) + b"\x41x" * 2)
    assert py2_str not in encode([item, "text", b"bytes", bytearray(b"more"), memoryview(b"view")])
