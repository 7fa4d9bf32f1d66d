"""One case for each value: the examples of 35-values-examples.md, and the boundaries of each kind.

A worker and an initiator get it and send it back; an adapter decodes it.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.case import Case
from xnet_conformance.cbor_reading import read_value
from xnet_conformance.cbor_writing import write_head, write_value
from xnet_conformance.generation.odd_values import odd_values
from xnet_conformance.specification import read_specification
from xnet_conformance.values import Value, format_shallow, format_value, parse_value

if TYPE_CHECKING:
    from collections.abc import Iterator

#: On their own these are not values.
_ON_CONNECTIONS: Final = ("va-batch", "conv-value")
_REQ: Final = {
    "int": ["VA-002", "VA-021"],
    "float": ["VA-004", "VA-021"],
    "complex": ["VA-004", "VA-001"],
    "dict": ["VA-009", "VA-001"],
    "py2str": ["VA-031", "PY-011"],
    "surrogates": ["VA-013", "VA-014", "VA-027"],
}
_BOUNDARIES: Final = (
    23,
    24,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**53,
    2**53 + 1,
    2**63 - 1,
)
_BIG: Final = (2**63, 2**64 - 1, 2**64, 2**64 + 1, 2**127, 2**1000 + 1, 2**1024, 2**4100 + 1)
_LENGTHS: Final = (0, 1, 23, 24, 255, 256, 65535, 65536)
_FLOATS: Final = {
    "zero": 0.0,
    "minus-zero": -0.0,
    "one": 1.0,
    "third": 1 / 3,
    "largest": 1.7976931348623157e308,
    "smallest": 5e-324,
    "smallest-normal": 2.2250738585072014e-308,
    "integral": 2.0**53,
    "large-integral": 1e300,
}
_HALVES: Final = {
    "subnormal": 0x0001,
    "subnormal-largest": 0x03FF,
    "subnormal-minus": 0x8200,
    "smallest-normal": 0x0400,
    "minus-zero": 0x8000,
    "third": 0x3555,
    "largest": 0x7BFF,
    "nan": 0x7E01,
    "nan-minus": 0xFC01,
    "infinity": 0x7C00,
}
#: Texts with surrogates. A pair of them is two code points, even next to the character that it is in UTF-16.
_SURROGATES: Final = {
    "first": "\ud800",
    "last": "\udfff",
    "high-last": "\udbff",
    "low-first": "\udc00",
    "wrong-order": "\udc00\ud800",
    "pair": "\ud83d\ude00",
    "pair-and-character": "\U0001f600\ud83d\ude00\U0001f600",
    "among-others": "a\x7f\x80\u07ff\u0800\ud7ff\udcff\ue000\uffff\U00010000\U0010ffff",
    "bytes-of-a-file-name": "caf\udce9.txt",
    "many": "\udc80" * 5000,
}

#: Keys that are different, though many a language takes some of them for one: by their text, by being empty.
_ALIKE: Final[tuple[object, ...]] = (
    None,
    False,
    1,
    "1",
    "1.0",
    {"t": "tuple", "v": [1]},
    {"t": "tuple", "v": ["1"]},
    {"t": "frozenset", "v": [1]},
    "",
    {"t": "tuple", "v": []},
    {"t": "frozenset", "v": []},
    "null",
    "false",
    "é",
    "e\u0301",
)
#: Numbers that are different, though not as floats of 64 bits.
_NEAR: Final[tuple[object, ...]] = (
    2**53,
    2**53 + 1,
    {"t": "float", "v": str(2.0**53 + 2)},
    2**80,
    2**80 + 1,
    {"t": "float", "v": str(2.0**81)},
    -(2**53) - 1,
    {"t": "complex", "v": [str(2.0**53), "1.0"]},
    {"t": "complex", "v": [str(2.0**53), "-1.0"]},
    {"t": "complex", "v": ["1.0", str(2.0**53)]},
    {"t": "complex", "v": ["1.5", "5e-324"]},
    {"t": "float", "v": "1.5"},
    {"t": "float", "v": "-1.5"},
    {"t": "float", "v": "inf"},
    {"t": "float", "v": "-inf"},
    {"t": "float", "v": "1e300"},
    2**64,
    -(2**64),
    -1,
)


def generate() -> list[Case]:
    """Return the cases."""
    cases = [
        _case(f"values.example.{row['name'].removeprefix('va-')}", bytes.fromhex(row["hex"]))
        for row in _examples()
    ]
    cases += [_case(f"values.{name}", data) for name, data in _boundaries()]
    cases += [_encoding(name, data, accepted) for name, data, accepted in _must_encode()]
    return cases


def _examples() -> list[dict[str, str]]:
    rows = [row for row in read_specification()["examples"]["value"] if row["name"] not in _ON_CONNECTIONS]
    # What names a channel only a connection can give a meaning: see cases/channel/references.yaml.
    return [row for row in rows if not _has(read_value(bytes.fromhex(row["hex"])), "channel")]


def _boundaries() -> Iterator[tuple[str, bytes]]:
    for number in (*_BOUNDARIES, *_BIG):
        name = str(number) if number < 2**64 else f"bits-{number.bit_length()}-{number % 10}"
        yield f"int.{name}", _int(number)
        yield f"int.minus.{name}", _int(-number)
    for wide in range(1, 4):
        width = 1 << wide
        yield f"int.wide.{8 * width}", bytes([24 + wide]) + (7).to_bytes(width, "big")
        yield f"int.minus.wide.{8 * width}", bytes([0x38 + wide]) + (7).to_bytes(width, "big")
    for name, float_ in _FLOATS.items():
        yield f"float.{name}", b"\xfb" + struct.pack(">d", float_)
    for name, bits in _HALVES.items():
        yield f"float.half.{name}", b"\xf9" + bits.to_bytes(2, "big")
    for name, bits in (
        ("subnormal", 1),
        ("subnormal-largest", 0x007FFFFF),
        ("subnormal-minus", 0x80400000),
        ("largest", 0x7F7FFFFF),
        ("nan-signalling", 0x7F800001),
        ("nan-minus", 0xFFC00000),
    ):
        yield f"float.single.{name}", b"\xfa" + bits.to_bytes(4, "big")
    yield "complex.half", b"\xd9\xa7\xf8\x82\xf9\x3c\x00\xf9\x80\x00"
    yield (
        "complex.nan",
        b"\xd9\xa7\xf8\x82\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00\xfb\xff\xf0\x00\x00\x00\x00\x00\x00",
    )
    for count in _LENGTHS:
        yield f"bytes.length.{count}", write_head(2, count) + bytes(n % 251 for n in range(count))
        yield f"str.length.{count}", write_head(3, count) + b"x" * count
    for count in (0, 1, 23, 24, 255, 256, 3000, 65_536):
        yield f"list.length.{count}", write_head(4, count) + b"\x00" * count
        yield f"dict.length.{count}", write_head(5, count) + b"".join(_int(n) + b"\xf6" for n in range(count))
        yield (
            f"set.length.{count}",
            b"\xd9\x01\x02" + write_head(4, count) + b"".join(_int(n) for n in range(count)),
        )
    yield from odd_values()
    yield "str.all-planes", _text("\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff")
    yield "str.combining", _text("e\u0301\u00e9\u202e\ufeff")
    yield "str.byte-order-mark", _text("\ufefftext")
    yield "str.newlines", _text("a\r\nb\rc\n\x1b[31m")
    for name, odd in _SURROGATES.items():
        yield f"surrogates.{name}", _tagged({"t": "surrogates", "v": _generalised(odd)})
    yield (
        "surrogates.everywhere",
        _tagged(
            [
                {"t": "tuple", "v": [{"t": "surrogates", "v": "eda080"}]},
                {"t": "frozenset", "v": [{"t": "surrogates", "v": "edbfbf"}, "x"]},
                {
                    "t": "dict",
                    "v": [[{"t": "surrogates", "v": "edb3bf"}, {"t": "surrogates", "v": "61eda080"}]],
                },
            ]
        ),
    )
    yield "nest.64", b"\x81" * 63 + b"\x80"
    yield "nest.512", b"\x81" * 511 + b"\x80"
    yield "nest.tuples", b"\xd9\xe4\x20\x81" * 255 + b"\xd9\xe4\x20\x80"
    yield "nest.dicts", b"\xa1\x61a" * 510 + b"\xa0"
    yield "nest.bignum", b"\x81" * 510 + b"\xc2\x49\x01" + bytes(8)
    yield "dict.order", _tagged({"t": "dict", "v": [["z", 1], ["a", 2], [3, 4], [-1, 5], ["m", 6]]})
    yield (
        "dict.keys-of-all-kinds",
        _tagged(
            {
                "t": "dict",
                "v": [
                    [None, 0],
                    [True, 1],
                    [{"t": "float", "v": "1.5"}, 2],
                    [{"t": "complex", "v": ["0.0", "1.0"]}, 3],
                    [{"t": "bytes", "v": "00ff"}, 4],
                    ["text", 5],
                    [{"t": "tuple", "v": [1, {"t": "tuple", "v": ["x"]}]}, 6],
                    [{"t": "frozenset", "v": [1, 2]}, 7],
                    [2**70, 8],
                ],
            }
        ),
    )
    yield (
        "dict.two-nan-keys",
        b"\xa2\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00\x01\xfb\x7f\xf8\x00\x00\x00\x00\x00\x00\x02",
    )
    yield (
        "set.nested",
        _tagged(
            {
                "t": "set",
                "v": [{"t": "frozenset", "v": [{"t": "frozenset", "v": []}]}, {"t": "tuple", "v": []}],
            }
        ),
    )
    yield "set.alike", _tagged({"t": "set", "v": _ALIKE})
    yield "dict.alike", _tagged({"t": "dict", "v": [[key, n] for n, key in enumerate(_ALIKE)]})
    yield "set.text-and-bytes", _tagged({"t": "set", "v": ["1", {"t": "bytes", "v": "31"}]})
    yield "set.near-numbers", _tagged({"t": "set", "v": _NEAR})
    yield "dict.near-numbers", _tagged({"t": "dict", "v": [[key, n] for n, key in enumerate(_NEAR)]})
    yield "tuple.one", _tagged({"t": "tuple", "v": [{"t": "list", "v": []}]})
    yield "set.minus-zero", b"\xd9\x01\x02\x81\xfb\x80\x00\x00\x00\x00\x00\x00\x00"


def _must_encode() -> Iterator[tuple[str, bytes, list[bytes]]]:
    """Yield values whose encoding is nearly fixed, and what is accepted. Spec: VA-002, VA-003, VA-005."""
    for number in (0, 23, 24, -1, -24, -25, 255, 256, 65536, 2**32, 2**64 - 1, -(2**64), 2**64, -(2**64) - 1):
        yield f"int.{number}", _int(number), [_int(number)]
    yield "empty-list", b"\x80", [b"\x80"]
    yield "text", _text("a"), [_text("a")]
    odd = write_value(Value("surrogates", b"\xed\xa0\x80"))
    yield "surrogates", odd, [odd]
    yield "bool", b"\xf5", [b"\xf5"]
    yield "null", b"\xf6", [b"\xf6"]


def _case(id_: str, data: bytes) -> Case:
    value = read_value(data)
    has_py2 = _has(value, "py2str")
    step: dict[str, Any] = {"ch": "a", "hex": data.hex(), "is": format_shallow(value)}
    if has_py2:
        text = format_value(Value("str", value.content.decode("latin-1")))
        step["back"] = {"one_of": [text, format_value(value)]}
    decoded = step.get("back", step["is"])
    return Case(
        id=id_,
        layer="wire.values",
        req=_req(id_, value),
        title=f"the value {_short(id_)} arrives unchanged",
        roles=("worker", "initiator", "adapter"),
        needs=_needs(value),
        steps=({"echo_channel": "a"}, {"echoed": step}, {"codec": {"hex": data.hex(), "is": decoded}}),
        source="generated: values",
    )


def _encoding(name: str, data: bytes, accepted: list[bytes]) -> Case:
    value = read_value(data)
    is_ = format_value(value)
    return Case(
        id=f"values.encode.{name.replace('-', 'minus-') if name.startswith('int.-') else name}",
        layer="wire.values",
        req=("VA-005", "VA-002", "VA-003"),
        title="the encoding that comes back is the shortest",
        roles=("worker", "initiator", "adapter"),
        needs=_needs(value),
        steps=(
            {"echo_channel": "a"},
            {"encoded": {"ch": "a", "is": is_, "or": [option.hex() for option in accepted]}},
            {"codec": {"encode": is_, "or": [option.hex() for option in accepted]}},
        ),
        source="generated: values",
    )


def _req(id_: str, value: Value) -> tuple[str, ...]:
    if ".long-head." in id_:
        return ("VA-021",)
    if ".nest." in id_:
        return ("VA-023",)
    if ".never-equal." in id_:
        return ("VA-022",)
    return tuple(_REQ.get(value.kind, ["VA-001"]))


def _needs(value: Value) -> tuple[str, ...]:
    features = {"surrogates": "surrogates", "py2str": "python.strings"}
    return tuple(feature for kind, feature in features.items() if _has(value, kind))


def _short(id_: str) -> str:
    return id_.removeprefix("values.").removeprefix("example.")


def _has(value: Value, kind: str) -> bool:
    # No recursion: values nest as deep as the specification lets them.
    waiting: list[object] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Value):
            if part.kind == kind:
                return True
            waiting.append(part.content)
        elif isinstance(part, tuple):
            waiting += part
    return False


def _int(number: int) -> bytes:
    return write_value(Value("int", number))


def _generalised(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


def _text(text: str) -> bytes:
    return write_value(Value("str", text))


def _tagged(tagged: object) -> bytes:
    return write_value(parse_value(tagged))
