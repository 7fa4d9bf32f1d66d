from __future__ import annotations

import collections
import enum
import tracemalloc
from typing import Any

import pytest

from wire_strategies import on_a_full_stack
from xnet_wire.dump_writing import _Serializer
from xnet_wire.errors import DumpError


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("obj", "dump"),
    [
        (None, "4c"),
        (True, "52"),
        (False, "43"),
        (5, "4600000005"),
        (-1, "46ffffffff"),
        (2**31 - 1, "467fffffff"),
        (-(2**31), "4680000000"),
        (2**31, "480000000a32313437343833363438"),
        (-(2**31) - 1, "480000000b2d32313437343833363439"),
        (1.5, "443ff8000000000000"),
        (1j, "5400000000000000003ff0000000000000"),
        (b"ab", "41000000026162"),
        ("é", "4e00000002c3a9"),
        ((), "4000000000"),
        ((1,), "46000000014000000001"),
        ([None], "4b0000000146000000004c50"),
        ({1: "a"}, "4a46000000014e000000016150"),
        ({1}, "46000000014f00000001"),
        (frozenset([1]), "46000000014500000001"),
    ],
)
def test_each_type_has_its_dump(obj: Any, dump: str) -> None:
    assert _Serializer().save(obj) == bytes.fromhex(dump) + b"Q"
    assert _Serializer().save(obj, versioned=True) == b"\x02" + bytes.fromhex(dump) + b"Q"


def test_with_a_writer_nothing_is_returned_and_nothing_half_is_written() -> None:
    written: list[bytes] = []
    serializer = _Serializer(written.append)
    assert serializer.save([1]) is None
    with pytest.raises(DumpError):
        serializer.save([1, object()])
    assert serializer.save(None, True) is None
    assert written == [bytes.fromhex("4b0000000146000000004600000001 50") + b"Q", b"\x02LQ"]
    with pytest.raises(TypeError, match="'list' object is not callable"):
        _Serializer(written)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("obj", "sentence"),
    [
        (object(), "can't serialize an object of type object."),
        (bytearray(b"x"), "can't serialize an object of type bytearray."),
        (
            [1, {"report": (0, 1, 2, object())}],
            "can't serialize an object of type object at [1]['report'][3].",
        ),
        ({1, (2, range(3))}, "can't serialize an object of type range at .<element <tuple>>[1]."),
        ({(1, ...): 2}, "can't serialize an object of type ellipsis at .<key <tuple>>[1]."),
        ({"k": "\ud800"}, "can't serialize a str with a lone surrogate (character 0) at ['k']."),
        (
            [10**5000],
            "can't serialize <int of 16610 bits>, which has more decimal digits than Python allows at [0].",
        ),
    ],
)
def test_a_refusal_names_the_type_and_the_path(obj: Any, sentence: str) -> None:
    with pytest.raises(DumpError) as caught:
        _Serializer().save(obj)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("obj", [Colour.RED, collections.OrderedDict(a=1)])
def test_a_subclass_is_refused(obj: Any) -> None:
    with pytest.raises(DumpError, match=r"\(a subclass of (int|dict); only (int|dict) itself is taken\)"):
        _Serializer().save(obj)


def test_endless_nesting_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(DumpError, match="nested too deeply, or contains itself"):
        _Serializer().save(loop)
    for result in on_a_full_stack(lambda: _Serializer().save([[[[[1]]]]])):
        assert isinstance(result, (bytes, DumpError)), repr(result)


def test_a_subclass_may_dump_channels_as_references() -> None:
    class Channel:
        id = 7

    class WithChannels(_Serializer):
        channel_type = Channel

    assert WithChannels().save((Channel(),)) == bytes.fromhex("4200000007 4000000001") + b"Q"
    with pytest.raises(DumpError):
        _Serializer().save(Channel())


def test_a_length_that_four_bytes_cannot_hold_is_refused_before_anything_is_copied() -> None:
    tracemalloc.start()
    try:
        data = bytes(2**31)  # zeros that the system does not make before somebody looks at them
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(DumpError, match="a string of 2147483648 entries, more than the 2147483647"):
            _Serializer().save(data)
        assert tracemalloc.get_traced_memory()[1] < before + 1_000_000
    finally:
        tracemalloc.stop()
