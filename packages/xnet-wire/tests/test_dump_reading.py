from __future__ import annotations

import io
import math
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_strategies import exactly, items
from xnet_wire.dump_reading import MAX_TUPLE_DEPTH, Unserializer
from xnet_wire.dump_writing import _Serializer
from xnet_wire.errors import DataFormatError, LoadError


def int4(number: int) -> bytes:
    return number.to_bytes(4, "big", signed=True)


def load(data: bytes, strconfig: tuple[bool, bool] | None = None) -> Any:
    return Unserializer(io.BytesIO(data), strconfig=strconfig).load()


@pytest.mark.parametrize(
    ("data", "obj"),
    [
        (b"F" + int4(-5), -5),
        (b"G" + int4(5), 5),
        (b"H" + int4(3) + b"-12", -12),
        (b"I" + int4(2) + b"12", 12),
        (b"S" + int4(2) + b"\xc3\xa9", "é"),
        (b"N" + int4(2) + b"\xc3\xa9", "é"),
        (b"A" + int4(2) + b"\xc3\xa9", b"\xc3\xa9"),
        (b"D\x7f\xf8" + bytes(6), math.nan),
        (b"L@" + int4(1), (None,)),
        (b"K" + int4(0), []),
        (b"K" + int4(1) + b"F" + int4(0) + b"RP", [True]),
        (b"JNNF".replace(b"NN", b"N" + int4(1) + b"a") + int4(1) + b"P", {"a": 1}),
        (b"LLO" + int4(2), {None}),
        (b"CE" + int4(1), frozenset([False])),
    ],
)
def test_each_opcode_has_its_meaning(data: bytes, obj: Any) -> None:
    assert exactly(load(data + b"Q")) == exactly(obj)


@pytest.mark.parametrize(
    ("strconfig", "py2", "py3", "unicode"),
    [
        (None, "é", "é", "é"),
        ((True, False), "é", "é", "é"),
        ((False, False), b"\xe9", "é", "é"),
        ((True, True), "é", b"\xc3\xa9", "é"),
        ((False, True), b"\xe9", b"\xc3\xa9", "é"),
    ],
)
def test_strings_arrive_by_the_flags(strconfig: Any, py2: Any, py3: Any, unicode: Any) -> None:
    assert load(b"M" + int4(1) + b"\xe9Q", strconfig) == py2
    assert load(b"N" + int4(2) + b"\xc3\xa9Q", strconfig) == py3
    assert load(b"S" + int4(2) + b"\xc3\xa9Q", strconfig) == unicode


DAMAGED = [
    b"ZQ",
    b"Q",
    b"LLQ",
    b"PQ",
    b"LPQ",
    b"JLP",
    b"LLLPQ",
    b"JJLPQ",
    b"@" + int4(1) + b"Q",
    b"@" + int4(-1) + b"Q",
    b"@" + int4(2**31 - 1) + b"Q",
    b"LO" + int4(2) + b"Q",
    b"JO" + int4(1) + b"Q",
    b"JE" + int4(1) + b"Q",
    b"LE" + int4(-1) + b"Q",
    b"K" + int4(-2) + b"Q",
    b"K" + int4(2) + b"Q",
    b"K" + int4(1) + b"F" + int4(1) + b"LPQ",
    b"K" + int4(1) + b"F" + int4(-1) + b"LPQ",
    b"K" + int4(1) + b"RLPQ",
    b"K" + int4(0) + b"F" + int4(0) + b"LPQ",
    b"K" + int4(1) + b"F" + int4(0) + b"LPF" + int4(1) + b"LPQ",
    b"A" + int4(-1) + b"abcQ",
    b"N" + int4(1) + b"\xe9Q",
    b"S" + int4(1) + b"\xe9Q",
    b"H" + int4(2) + b"xxQ",
    b"H" + int4(0) + b"Q",
    b"H" + int4(2) + b" 5Q",
    b"H" + int4(3) + b"1_0Q",
    b"H" + int4(3) + b"--1Q",
    b"H" + int4(5000) + b"9" * 5000 + b"Q",
    b"B" + int4(3) + b"Q",
]


@pytest.mark.parametrize("data", DAMAGED)
def test_damaged_data_is_a_load_error(data: bytes) -> None:
    with pytest.raises((LoadError, EOFError)) as caught:
        load(data)
    assert str(caught.value).startswith("The data ")


@given(items, st.integers(0, 10_000))
def test_data_that_ends_too_early_is_eof(obj: Any, at: int) -> None:
    data = _Serializer().save(obj)
    assert data is not None
    with pytest.raises(EOFError, match="The data ended inside a dump"):
        load(data[: at % len(data)])


@given(st.binary(max_size=60))
def test_any_bytes_give_an_object_or_the_documented_errors(data: bytes) -> None:
    try:
        load(data)
    except (DataFormatError, EOFError):
        pass


opcodes = st.one_of(
    st.sampled_from([bytes([code]) for code in range(0x40, 0x56)]),
    st.integers(-2, 3).map(int4),
    st.sampled_from([b"a", b"\xff", b"12"]),
)


@given(st.lists(opcodes, max_size=40).map(b"".join))
def test_any_program_gives_an_object_or_the_documented_errors(data: bytes) -> None:
    try:
        load(data + b"Q")
    except (DataFormatError, EOFError):
        pass


@given(items, st.integers(0, 10_000), st.integers(0, 255))
def test_damaged_dumps_give_an_object_or_the_documented_errors(obj: Any, at: int, value: int) -> None:
    dump = _Serializer().save(obj)
    assert dump is not None
    data = bytearray(dump)
    data[at % len(data)] = value
    try:
        load(bytes(data))
    except (DataFormatError, EOFError):
        pass


@pytest.mark.parametrize("version", [b"", b"\x01", b"\x03"])
def test_another_version_is_refused(version: bytes) -> None:
    with pytest.raises(DataFormatError, match="a dump begins with its format version"):
        Unserializer(io.BytesIO(version + b"LQ")).load(versioned=True)


def test_a_stream_is_read_exactly_to_the_end_of_the_dump() -> None:
    stream = io.BytesIO(b"LQF" + int4(5) + b"Qrest")
    loader = Unserializer(stream)
    assert loader.load() is None
    assert loader.load() == 5
    assert stream.read() == b"rest"


def test_a_stream_that_gives_less_than_it_is_asked_is_not_trusted() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 70_000))

    data = bytes(3_000_000)
    assert Unserializer(Slow(b"A" + int4(len(data)) + data + b"Q")).load() == data
    with pytest.raises(EOFError, match="3000001 bytes were expected, 3000000 came"):
        Unserializer(Slow(b"A" + int4(len(data) + 1) + data)).load()


@pytest.mark.parametrize("code", [b"A", b"N", b"H", b"K", b"@", b"O", b"M"])
def test_a_claim_allocates_nothing(code: bytes) -> None:
    class Greedy(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            bytearray(size or 0)  # some streams allocate what they are asked for
            return super().read(size)

    tracemalloc.start()
    try:
        with pytest.raises((LoadError, EOFError)):
            Unserializer(Greedy(code + int4(2**31 - 1) + b"Q")).load()
        assert tracemalloc.get_traced_memory()[1] < 1_500_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("container", [b"@", b"E"])
@pytest.mark.parametrize("levels", [995, 1000, 20_000])
@pytest.mark.parametrize("form", ["dict", "set", "frozenset"])
def test_keys_that_python_can_hardly_compare_are_one_key_or_a_load_error(
    form: str, levels: int, container: bytes
) -> None:
    key = b"L" + (container + int4(1)) * levels
    data = (
        b"J" + (key + b"LP") * 2 if form == "dict" else key * 2 + (b"O" if form == "set" else b"E") + int4(2)
    )
    # Which of the two it is, is for the version of Python and the depth of the stack.
    try:
        size = len(load(data + b"Q"))
    except LoadError as error:
        sentence = str(error)
    else:
        sentence = f"nested {size}"
    assert "nested too deeply" in sentence or "nested more than" in sentence or sentence == "nested 1"


def test_nesting_that_python_could_not_hash_is_refused() -> None:
    def tuples(depth: int) -> bytes:
        return b"@" + int4(0) + (b"@" + int4(1)) * (depth - 1) + b"O" + int4(1) + b"Q"

    assert len(load(tuples(MAX_TUPLE_DEPTH))) == 1
    with pytest.raises(LoadError, match="tuples are nested more than 1000 deep"):
        load(tuples(MAX_TUPLE_DEPTH + 1))


def test_references_to_channels_are_resolved_by_the_gateway() -> None:
    class Factory:
        def new(self, number: int) -> tuple[str, int]:
            return ("channel", number)

    class Gateway:
        _channelfactory = Factory()
        _strconfig = (False, True)

    class Channel:
        gateway = Gateway()
        _strconfig = (False, False)

    data = b"B" + int4(7) + b"Q"
    assert Unserializer(io.BytesIO(data), Gateway()).load() == ("channel", 7)
    assert Unserializer(io.BytesIO(data), Channel()).load() == ("channel", 7)
    text = b"N" + int4(1) + b"aQ"
    assert Unserializer(io.BytesIO(text), Gateway()).load() == b"a"
    assert Unserializer(io.BytesIO(text), Channel()).load() == "a"
    assert Unserializer(io.BytesIO(text), Gateway(), (True, False)).load() == "a"
    with pytest.raises(LoadError, match="a reference to channel 7, where no channel is allowed"):
        load(data)
