"""Encodings that are nearly right: equal keys, what is nearly UTF-8, tags next to ours, a level too deep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.cbor_writing import TAG_NUMBERS, write_head
from xnet_conformance.generation.odd_values import at_depth

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPLEX: Final = "d9a7f882"
_ONE: Final = "f93c00"
_ZERO: Final = "f90000"
_MINUS_ZERO: Final = "f98000"
_HALF: Final = "f93e00"
#: Two keys each that have one form. Spec: VA-022.
_EQUAL: Final = {
    "minus-zero-in-complex": (_COMPLEX + _ZERO + _ONE, _COMPLEX + _MINUS_ZERO + _ONE),
    "minus-zero-imaginary": (_COMPLEX + _HALF + _ZERO, _COMPLEX + _HALF + _MINUS_ZERO),
    "complex-and-float": (_COMPLEX + _HALF + _ZERO, _HALF),
    "complex-minus-zero-and-float": (_COMPLEX + _HALF + _MINUS_ZERO, "fb3ff8000000000000"),
    "complex-minus-zeros-and-false": (_COMPLEX + _MINUS_ZERO + _MINUS_ZERO, "f4"),
    "complex-and-true": (_COMPLEX + _ONE + _ZERO, "f5"),
    "complex-widths": (_COMPLEX + _HALF + _ONE, _COMPLEX + "fb3ff8000000000000fa3f800000"),
    "complex-infinite": (_COMPLEX + "f97c00" + _ZERO, "f97c00"),
    "complex-infinite-twice": (_COMPLEX + "f97c00" + _ONE, _COMPLEX + "fa7f800000" + _ONE),
    "minus-zero-and-false": (_MINUS_ZERO, "f4"),
    "minus-one": ("20", "f9bc00"),
    "2-64": ("c249010000000000000000", "fb43f0000000000000"),
    "minus-2-64": ("3bffffffffffffffff", "fbc3f0000000000000"),
    "minus-2-64-bignum": ("3bffffffffffffffff", "c348ffffffffffffffff"),
    "2-63": ("1b8000000000000000", "fa5f000000"),
    "largest-float": ("c25880fffffffffffff8" + "00" * 121, "fb7fefffffffffffff"),
    "infinity": ("f97c00", "fb7ff0000000000000"),
    "minus-infinity": ("f9fc00", "faff800000"),
    "floats": (_HALF, "fb3ff8000000000000"),
    "subnormal-half": ("f90001", "fb3e70000000000000"),
    "subnormal-half-single": ("f983ff", "fab87fc000"),
    "subnormal-single": ("fa00000001", "fb36a0000000000000"),
    "bignums": ("c249010000000000000000", "c24a00010000000000000000"),
    "bignum-empty": ("c240", "00"),
    "bignum-minus-empty": ("c340", "20"),
    "texts-empty": ("60", "7800"),
    "bytes-empty": ("40", "5800"),
    "tuples-empty": ("d9e42080", "d9e4209800"),
    "frozensets-empty": ("d9e42180", "d9e4219800"),
    "tuples-deep": ("d9e42081d9e4208101", "d9e42081d9e42081" + _COMPLEX + _ONE + _ZERO),
    "tuples-of-text": ("d9e420816161", "d9e42081d9e4234161"),
    "frozensets": ("d9e4218101", "d9e42181f5"),
    "frozensets-order": ("d9e42183016161f6", "d9e42183f66161f93c00"),
    "frozensets-of-tuples": ("d9e42182d9e4208100d9e4208101", "d9e42182d9e42081f5d9e42081f4"),
}
#: Bytes that are nearly, but not quite, UTF-8.
_NO_UTF8: Final = {
    "continuation-alone": "80",
    "continuation-last": "bf",
    "continuation-behind": "c3bc80",
    "overlong-2": "c1bf",
    "overlong-3": "e08080",
    "overlong-3-last": "e09fbf",
    "overlong-4": "f0808080",
    "overlong-4-last": "f08fbfbf",
    "above-last": "f4908080",
    "lead-f5": "f5808080",
    "lead-f8": "f888808080",
    "lead-fe": "fe",
    "cut-2": "c3",
    "cut-3": "e2",
    "cut-3-of-two": "e282",
    "cut-4-of-two": "f09f",
    "cut-4-of-three": "f09f98",
    "second-of-2": "c341",
    "second-of-2-lead": "c3c3",
    "second-of-3": "e24182",
    "third-of-3": "e28241",
    "third-of-3-lead": "e282e2",
    "second-of-4": "f0419880",
    "third-of-4": "f09f4180",
    "fourth-of-4": "f09f9841",
}
#: The same of surrogates, which only tag 58404 carries.
_NO_SURROGATES: Final = {
    "third-of-surrogate": "eda041",
    "third-of-surrogate-lead": "eda0c0",
    "second-of-surrogate": "ed4180",
    "second-of-surrogate-lead": "edc080",
    "cut-surrogate-lead": "ed",
    "cut-surrogate-behind-one": "eda080eda0",
    "surrogate-between": "eda0eda08080",
    "no-surrogate": "ed9fbf",
    "no-surrogate-behind": "ee8080",
}
#: Valid content of each tag, and content that is valid for no tag or for another one.
_RIGHT: Final = {
    2: "4105",
    3: "4105",
    258: "80",
    43000: "82f93c00f93c00",
    58400: "80",
    58401: "80",
    58402: "03",
    58403: "4161",
    58404: "43eda080",
}
_CONTENTS: Final = {
    "int": "05",
    "bytes": "43eda080",
    "text": "6161",
    "array": "80",
    "map": "a0",
    "null": "f6",
}
_COMPLEXES: Final = {
    "nothing": "80",
    "four": "84f93c00f93c00f93c00f93c00",
    "second-int": "82f93c0001",
    "first-int": "8201f93c00",
    "second-null": "82f93c00f6",
    "tuple": "d9e42082f93c00f93c00",
    "bool": "82f5f93c00",
}


#: Lengths and counts of which the last 8, 16 or 32 bits would be right.
_CUT_LENGTHS: Final = {
    "bytes": "5b000000010000000161",
    "text": "7b000000010000000161",
    "array": "9b000000010000000101",
    "map": "bb00000001000000010000",
    "bytes-16-bits": "5a0001000161",
    "array-16-bits": "9a0001000101",
    "array-8-bits": "99010101",
    "text-63-bits": "7b800000000000000161",
    "tuple": "d9e4209b000000010000000101",
    "set": "d901029b000000010000000101",
    "bignum": "c25b000000010000000105",
}
#: Indefinite lengths and simple values, where they are seldom.
_SELDOM: Final = {
    "simple-long-true": "f815",
    "simple-long-null": "f816",
    "simple-long-undefined": "f817",
    "indefinite-in-tuple": "d9e4209f00ff",
    "indefinite-in-set": "d901029f00ff",
    "indefinite-in-complex": "d9a7f89ff93c00f93c00ff",
    "indefinite-in-py2-str": "d9e4235f4161ff",
    "indefinite-in-surrogates": "d9e4245f43eda080ff",
    "indefinite-in-a-key": "a15f4161ff00",
    "indefinite-in-a-list": "81bf0000ff",
    "indefinite-text-empty": "7fff",
    "indefinite-in-a-channel": "d9e4221f",
    "break-in-a-map": "a100ff",
    "break-behind": "8100ff",
}


def refused_values() -> Iterator[tuple[str, str]]:
    """Yield a name and an encoding of each, in hexadecimal digits."""
    for name, (one, other) in _EQUAL.items():
        yield f"equal.{name}", f"d9010282{one}{other}"
    # Neither next to each other nor among a few.
    yield "equal.first-and-third", "a3010002000100"
    yield (
        "equal.far",
        "d90102" + write_head(4, 301).hex() + "".join(write_head(0, n).hex() for n in range(300)) + "00",
    )
    yield "equal.in-a-frozenset-in-a-tuple", "d9e42081d9e4218201f5"
    yield "equal.in-a-value", "a100a2010001" + "00"
    for name, text in _NO_UTF8.items():
        yield f"utf8.{name}", write_head(3, len(text) // 2).hex() + text
        yield f"surrogates.{name}", _surrogates("eda080" + text)
    for name, text in _NO_SURROGATES.items():
        yield f"surrogates.{name}", _surrogates(text)
    yield "utf8.in-a-key", "a161ff00"
    yield "utf8.long", write_head(3, 300).hex() + "61" * 299 + "ff"
    yield from ((f"length-cut.{name}", text) for name, text in _CUT_LENGTHS.items())
    yield from ((f"seldom.{name}", text) for name, text in _SELDOM.items())
    yield from _tags()
    for name, text in _COMPLEXES.items():
        yield f"tag.complex-of.{name}", "d9a7f8" + text
    for name, data in at_depth(513).items():
        yield f"too-deep.{name}", data.hex()
    yield "too-deep.lists", "81" * 512 + "80"
    yield "too-deep.dicts", "a100" * 512 + "a0"
    yield "too-deep.tags", "d9e42081" * 256 + "d9e42080"
    yield "too-deep.frozensets", "d9e42181" * 256 + "d9e42180"
    yield "too-deep.py2-str", "81" * 512 + "d9e4234161"


def _surrogates(content: str) -> str:
    return "d9e424" + write_head(2, len(content) // 2).hex() + content


def _tags() -> Iterator[tuple[str, str]]:
    ours = {2, 3, *TAG_NUMBERS.values()}
    for tag, right in _RIGHT.items():
        for beside in (tag - 1, tag + 1):
            if beside not in ours:
                yield f"tag.{beside}", write_head(6, beside).hex() + right
        # One of ours in its last bytes.
        for more in (1 << 16, 1 << 32):
            yield f"tag.{tag + more}", write_head(6, tag + more).hex() + right
        yield f"tag.{tag}-of.tagged", write_head(6, tag).hex() + write_head(6, tag).hex() + right
        for kind, content in _CONTENTS.items():
            if content[0] != right[0]:
                yield f"tag.{tag}-of.{kind}", write_head(6, tag).hex() + content
