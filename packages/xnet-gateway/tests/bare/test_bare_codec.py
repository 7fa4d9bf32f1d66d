"""The bare worker's own codec against the one of the packages: they share nothing but the specification.

Spec: VA-001 to VA-031, FR-015.
"""

from __future__ import annotations

import inspect
import struct
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bare_helpers import load_here
from bare_strategies import exactly, hashables, items, scalars
from xnet_wire import dump_format, values
from xnet_wire.errors import DumpError, ValueFormatError

bare = load_here()
TABLES = {
    flags: bare.make_table(*flags, None)
    for flags in [(True, False), (True, True), (False, False), (False, True)]
}

#: Bytes that look like CBOR more often than chance would have them.
heads = st.sampled_from(
    [bytes([n]) for n in range(256)]
    + [bytes.fromhex(t) for t in ("d9e420", "d9e421", "d9e423", "d90102", "d9a7f8")]
)
almost_items = st.lists(st.one_of(heads, st.binary(max_size=4), scalars.map(values.encode)), max_size=12).map(
    b"".join
)


class TestEncode:
    @given(items)
    def test_the_packages_read_it(self, item: Any) -> None:
        assert exactly(values.ValueDecoder().decode(bare.encode(item))) == exactly(item)

    @given(st.one_of(scalars, st.lists(scalars), st.tuples(scalars), st.dictionaries(hashables, scalars)))
    def test_va_005_the_same_bytes(self, item: Any) -> None:
        assert bare.encode(item) == values.encode(item)

    @pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
    def test_va_005_every_width_of_heads(self, size: int) -> None:
        for item in (b"x" * size, "x" * size, [None] * size, dict.fromkeys(range(size)), bytearray(size)):
            assert bare.encode(item) == values.encode(item)

    def test_views(self) -> None:
        assert bare.encode(memoryview(b"abcdef")[::2]) == values.encode(b"ace")

    @pytest.mark.parametrize(
        ("item", "words"),
        [
            (object(), "object of type object."),
            ([1, {"report": [0, 0, 0, object()]}], "at [1]['report'][3]"),
            ({(1, print): 0}, "[1]"),
            (type("Sub", (str,), {})("x"), "only str itself"),
            (["\ud800"], "at [0]"),
            ({"\ud800": 1}, "valid Unicode"),
            ({True: {3: {1.5: {b"k": [...]}}}}, "[True][3][1.5][b'k'][0]"),
        ],
    )
    def test_va_006_va_007_the_culprit_and_the_path_to_it(self, item: Any, words: str) -> None:
        with pytest.raises(bare.DumpError) as caught:
            bare.encode(item)
        assert words in str(caught.value)

    def test_va_012_scalars_of_numpy(self) -> None:
        numpy = pytest.importorskip("numpy", reason="needs numpy, which is not installed")
        item = [
            {numpy.int64(1): numpy.bool_(True), (numpy.str_("k"),): numpy.bytes_(b"a\0")},
            numpy.float32(0.1), numpy.uint64(2**64 - 1), numpy.complex128(1j), {numpy.float16(0.5)},
        ]  # fmt: skip
        assert bare.encode(item) == values.encode(item)
        assert bare.dumps(item) == dump_format.dumps(item)
        for kind in ("longdouble", "datetime64", "array"):
            with pytest.raises(bare.DumpError, match=r"numpy\.\w+ at \[0\]"):
                bare.encode([getattr(numpy, kind)(1) if kind != "datetime64" else numpy.datetime64("2020")])

    def test_va_008_depth(self) -> None:
        def nested(levels: int) -> Any:
            item: Any = []
            for _ in range(levels - 1):
                item = [item]
            return item

        for levels in (64, 512, 999):
            assert bare.encode(nested(levels), levels) == b"\x81" * (levels - 1) + b"\x80"
            with pytest.raises(bare.DumpError, match="nested"):
                bare.encode(nested(levels + 1), levels)
        with pytest.raises(bare.DumpError):
            bare.encode([2**64], 1)
        assert bare.encode([2**64], 2) == values.encode([2**64])
        tagged: list[Any] = [(), {()}, frozenset(), 1j]
        for item in tagged:
            with pytest.raises(bare.DumpError):
                bare.encode([item], 2)

    def test_a_cycle(self) -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        with pytest.raises(bare.DumpError, match="nested"):
            bare.encode(cycle)
        # Twice, behind something that is no value as it is: nobody may walk through all of it.
        cycle[:] = [type("int", (int,), {})(5), cycle, {1: cycle}]
        with pytest.raises(bare.DumpError, match="nested"):
            bare.encode(cycle)
        with pytest.raises(bare.DumpError, match="nested"):
            bare.dumps(cycle)

    def test_va_026_a_full_stack(self) -> None:
        item: Any = [1]
        for _ in range(300):
            item = [item]
        wanted = values.encode(item)
        results = []

        def descend(frames: int) -> None:
            if frames:
                descend(frames - 1)
                return
            data = bare.encode(item)
            results.append((data, bare.decode(TABLES[True, False], data)))

        limit = sys.getrecursionlimit()
        depth = len(inspect.stack(0))
        for frames in range(0, limit - depth - 20, 20):
            descend(frames)
        assert len(results) > 20
        assert all(data == wanted and decoded == item for data, decoded in results)
        assert sys.getrecursionlimit() == limit


class TestDecode:
    @given(items)
    def test_what_the_packages_write(self, item: Any) -> None:
        assert exactly(bare.decode(TABLES[True, False], values.encode(item))) == exactly(item)

    @given(almost_items, st.sampled_from(list(TABLES)))
    @example(b"\xa2\xf9\x7e\x00\x00\xf9\x7e\x00\x00", (True, False))
    def test_va_020_va_026_va_031_the_same_verdict(self, data: bytes, flags: tuple[bool, bool]) -> None:
        """Spec: VA-020, VA-021, VA-022, VA-026, VA-031: any bytes give the same value, or none, in both."""
        try:
            wanted = exactly(values.ValueDecoder().decode(data, flags))
        except ValueFormatError:
            with pytest.raises(bare.Malformed):
                bare.decode(TABLES[flags], data)
        else:
            assert exactly(bare.decode(TABLES[flags], data)) == wanted

    @given(items, st.integers(0), st.integers(0, 255))
    def test_one_byte_changed(self, item: Any, place: int, byte: int) -> None:
        data = bytearray(values.encode(item))
        data[place % len(data)] = byte
        self.test_va_020_va_026_va_031_the_same_verdict.hypothesis.inner_test(  # type: ignore[attr-defined]
            self, bytes(data), (True, False)
        )

    @pytest.mark.parametrize("levels", [64, 512])
    def test_va_023_depth(self, levels: int) -> None:
        for opening, end in ((b"\x81", b"\x80"), (b"\xa1\x00", b"\xa0"), (b"\xd9\xe4\x20\x81", b"\x01")):
            count = (levels - 1) if end != b"\x01" else levels // 2
            assert bare.decode(TABLES[True, False], opening * count + end, 0, levels)
            with pytest.raises(bare.Malformed, match="nested"):
                bare.decode(TABLES[True, False], opening * (count + 1) + end, 0, levels)

    @pytest.mark.parametrize(
        "claim", ["9b7fffffffffffffff", "bb7fffffffffffffff", "5bffffffffffffffff", "7b7f", "9affffffff00"]
    )
    def test_va_025_claims(self, claim: str) -> None:
        with pytest.raises(bare.Malformed):
            bare.decode(TABLES[True, False], bytes.fromhex(claim))

    def test_half_floats(self) -> None:
        for bits in range(0, 0x10000, 7):
            data = struct.pack(">H", bits)
            assert exactly(bare._half(data, 0)[0]) == exactly(struct.unpack(">e", data)[0])

    def test_nan_keys(self) -> None:
        """Spec: VA-022."""
        for data in (b"\xa2\xf9\x7e\x00\x00\xf9\x7e\x00\x00", b"\xd9\x01\x02\x82\xf9\x7e\x00\xf9\x7e\x00"):
            assert len(bare.decode(TABLES[True, False], data)) == 2


class TestDumpError:
    def test_both_refuse_alike(self) -> None:
        for item in (object(), [slice(1)], {1: range(3)}, "\udfff"):
            with pytest.raises(DumpError):
                values.encode(item)
            with pytest.raises(bare.DumpError):
                bare.encode(item)
