"""Cases about values: the bytes are the value that the case says they are."""

from __future__ import annotations

from xnet_conformance.cbor_reading import read_value
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.generation.values import generate
from xnet_conformance.specification import read_specification
from xnet_conformance.value_equality import same
from xnet_conformance.values import KINDS, Value, parse_value

CASES = generate()
DECODED = [case for case in CASES if "hex" in case.steps[-1]["codec"]]
ENCODED = [case for case in CASES if "encode" in case.steps[-1]["codec"]]


def kinds(value: Value) -> set[str]:
    if value.kind == "dict":
        return {"dict"}.union(*(kinds(one) for pair in value.content for one in pair))
    if value.kind in ("list", "tuple", "set", "frozenset"):
        return {value.kind}.union(*map(kinds, value.content))
    return {value.kind}


def test_ids_are_unique_and_all_are_for_connections_and_adapters() -> None:
    assert len({case.id for case in CASES}) == len(CASES) == len(DECODED) + len(ENCODED)
    assert {case.roles for case in CASES} == {("worker", "initiator", "adapter")}


def test_what_the_bytes_are_is_what_the_case_says() -> None:
    for case in DECODED:
        echoed, codec = case.steps[1]["echoed"], case.steps[2]["codec"]
        assert echoed["hex"] == codec["hex"]
        assert same(read_value(bytes.fromhex(codec["hex"])), parse_value(echoed["is"])), case.id


def test_there_is_a_case_for_each_kind_but_references() -> None:
    found = set().union(*(kinds(parse_value(case.steps[1]["echoed"]["is"])) for case in DECODED))
    assert found == KINDS - {"channel"}


def test_examples_of_the_specification_are_all_used() -> None:
    names = {row["name"].removeprefix("va-") for row in read_specification()["examples"]["value"]}
    used = {case.id.removeprefix("values.example.") for case in CASES}
    assert {name for name in names - used if "channel" not in name} == {"batch", "conv-value", "rl-order"}


def test_encodings_that_are_as_good_as_fixed_are_what_the_runner_writes() -> None:
    assert len(ENCODED) > 15
    for case in ENCODED:
        codec = case.steps[-1]["codec"]
        assert write_value(parse_value(codec["encode"])).hex() in codec["or"], case.id
