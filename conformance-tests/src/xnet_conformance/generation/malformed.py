"""One case for each encoding that must be refused: 36-values-refused.md, RFC 8949 appendix F, and depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.case import Case
from xnet_conformance.generation.refused_values import refused_values
from xnet_conformance.specification import read_specification

if TYPE_CHECKING:
    from collections.abc import Iterator

#: RFC 8949, appendix F.1: what is not well-formed, by the reason it gives.
APPENDIX_F: Final = {
    "end-in-head": (
        "18 19 1a 1b 1901 1a0102 1b01020304050607 38 58 78 98 9a01ff00 b8 d8 f8 f900 fa0000 fb000000"
    ),
    "string-too-short": "41 61 5affffffff00 5bffffffffffffffff010203 7affffffff00 7b7fffffffffffffff010203",
    "array-too-short": "81 818181818181818181 8200 a1 a20102 a100 a2000000",
    "tag-without-content": "c0",
    "indefinite-string-open": "5f4100 7f6100",
    "indefinite-open": "9f 9f0102 bf bf01020102 819f 9f8000 9f9f9f9f9fffffffff 9f819f819f9fffffff",
    "reserved": "1c 1d 1e 3c 3d 3e 5c 5d 5e 7c 7d 7e 9c 9d 9e bc bd be dc dd de fc fd fe",
    "reserved-simple": "f800 f801 f818 f81f",
    "wrong-chunks": "5f00ff 5f21ff 5f6100ff 5f80ff 5fa0ff 5fc000ff 5fe0ff 7f4100ff 5f5f4100ffff 7f7f6100ffff",
    "break-alone": "ff 81ff 8200ff a1ff a1ff00 a100ff a20000ff 9f81ff 9f829f819f9fffffffff bf00ff bf000000ff",
    "indefinite-number": "1f 3f df",
}
#: Beyond the examples of the specification.
_MORE: Final = {
    "two-items-in-one": "0000",
    "trailing-break": "00ff",
    "tag-unknown-55799": "d9d9f700",
    "tag-epoch": "c100",
    "tag-decimal": "c4820000",
    "tag-uuid": "d82550" + "00" * 16,
    "tag-embedded": "d8184100",
    "tag-tuple-of-map": "d9e420a0",
    "tag-frozenset-of-text": "d9e4216161",
    "tag-bignum-of-array": "c280",
    "tag-bignum-of-int": "c201",
    "tag-bignum-indefinite": "c25f4101ff",
    "tag-complex-of-one": "d9a7f881f93c00",
    "tag-complex-of-map": "d9a7f8a0",
    "tag-channel-negative": "d9e42220",
    "tag-channel-float": "d9e422f93c00",
    "tag-channel-max": "d9e4221b0000000100000000",
    "tag-py2-str-array": "d9e42380",
    "tag-py2-str-not-announced": "d9e4234161",
    "tag-py2-str-as-a-key-not-announced": "a1d9e423416100",
    "tag-surrogates-array": "d9e42480",
    "tag-surrogates-in-a-key": "a1d9e424416100",
    "tag-surrogates-of-surrogates": "d9e424d9e42443eda080",
    "tag-surrogates-latin1": "d9e42444eda080e9",
    "tag-surrogates-cut-in-front": "d9e42444c3eda080",
    "tag-surrogates-elements-twice": "d9010282d9e42443eda080d9e42443eda080",
    "reserved-with-content": "1c05",
    "reserved-length-with-content": "5c0161",
    "simple-19": "f3",
    "simple-255": "f8ff",
    "set-of-lists": "d901028180",
    "frozenset-of-dicts": "d9e42181a0",
    "duplicate-complex": "a20100d9a7f882f93c00f9000000",
    "duplicate-zeroes": "a2f98000000000",
    "duplicate-bignum": "a20100c2410100",
    "duplicate-2-53": "a21b002000000000000000fb434000000000000000",
    "duplicate-2-53-complex": "a21b002000000000000000d9a7f882fb4340000000000000f9000000",
    "duplicate-2-80": "d9010282fb44f0000000000000c24b0100000000000000000000",
    "duplicate-bytes-long-head": "a2416100580161" + "00",
    "duplicate-py2-bytes": "d9010282d9e4234161" + "6161",
    "duplicate-tuples": "a2d9e420810100d9e42081f50000",
    "duplicate-nested-frozensets": "d9010282d9e421820102d9e421820201",
    "duplicate-text-long-head": "a26161007801610000",
    "duplicate-null": "a2f600f600",
    "count-huge-map": "bb7fffffffffffffff",
    "count-huge-bytes": "5b7fffffffffffffff",
    "count-64-bit": "9bffffffffffffffff",
    "utf8-latin1": "61e9",
    "utf8-above-last": "64f4908080",
    "utf8-cut": "62c3",
    "utf8-surrogate-pair": "66eda0bdedb880",
}
#: What a batch must not be. Spec: CH-034.
_BATCHES: Final = {
    "empty-array": "80",
    "no-array": "01",
    "map": "a10000",
    "tuple": "d9e4208100",
    "indefinite": "9f01ff",
    "count-too-large": "9a00ffffff01",
    "count-one-too-many": "8201",
    "trailing": "810102",
    "nothing": "",
    "bad-second": "8201f7",
    "count-32-bits": "9b000000010000000101",
    "count-64-bits": "9bffffffffffffffff01",
    "count-one-less": "81010203",
    "bytes": "4101",
    "set": "d901028101",
    "nothing-behind-count": "81",
    "cut-item": "82011901",
}


def generate() -> list[Case]:
    """Return the cases."""
    cases = [_refused(name, data, "VA-020") for name, data in _refusals()]
    cases += [_batch(name, data) for name, data in _BATCHES.items()]
    return cases


def _refusals() -> Iterator[tuple[str, str]]:
    seen = set()
    for row in read_specification()["examples"]["reject"]:
        if row["code"] == "VALUE_MALFORMED" and row["name"] != "conv-reject":
            seen.add(row["hex"].replace(" ", ""))
            yield f"example.{row['name'].removeprefix('va-bad-')}", row["hex"].replace(" ", "")
    for reason, texts in APPENDIX_F.items():
        for text in texts.split():
            if text not in seen:
                seen.add(text)
                yield f"appendix-f.{reason}.{text[:24]}", text
    for name, text in _MORE.items():
        if text not in seen:
            seen.add(text)
            yield f"more.{name}", text
    for name, text in refused_values():
        if text not in seen:
            seen.add(text)
            yield name, text


def _refused(name: str, data: str, req: str) -> Case:
    reqs = ("VA-023", "LI-004") if name.startswith("too-deep") else (req, "VA-026")
    if name.startswith("equal."):
        reqs = ("VA-022", "VA-020")
    tagged = "d9e424" in data
    needs = ("surrogates",) if tagged else ("no-python.strings",) if name.endswith("not-announced") else ()
    return Case(
        id=f"values.refused.{name}",
        layer="wire.values",
        req=(*reqs, "VA-027") if tagged else reqs,
        title="a malformed item ends the connection",
        roles=("worker", "initiator", "adapter"),
        needs=needs,
        own=True,
        control="values.example.surrogate" if tagged else "values.example.zero",
        steps=(
            {"echo_channel": "a"},
            {"send": {"CHANNEL_DATA": {"ch": "a", "hex": data}}},
            {"goaway": "VALUE_MALFORMED"},
            {"codec": {"hex": data, "refused": True}},
        ),
        source="generated: malformed",
    )


def _batch(name: str, data: str) -> Case:
    # A malformed head may be seen as a bad batch, or as a bad item: the code is the same.
    return Case(
        id=f"values.refused.batch.{name}",
        layer="wire.values",
        req=("CH-034", "CH-038"),
        title="a malformed batch ends the connection, and none of its items arrives",
        roles=("worker", "initiator"),
        own=True,
        control="channel.items.batch",
        steps=(
            {"echo_channel": "a"},
            {"send": {"CHANNEL_BATCH": {"ch": "a", "hex": data}}},
            {"goaway": "VALUE_MALFORMED"},
        ),
        source="generated: malformed",
    )
