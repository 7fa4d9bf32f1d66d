"""Cases about HELLO: each wrong one is wrong in one thing, and a right one like it is its control."""

from __future__ import annotations

from xnet_conformance.generation.hello_rules import generate
from xnet_conformance.specification import read_specification

CASES = generate()


def test_ids_are_unique_and_each_refusal_has_a_control() -> None:
    ids = {case.id for case in CASES}
    assert len(ids) == len(CASES)
    for case in CASES:
        assert (case.control is not None) == ("goaway" in case.steps[-1])
        assert case.control in {None, "gateway.hello.only-version", *ids}


def test_each_limit_is_asked_about() -> None:
    """Spec: HS-013, LI-001."""
    keys = {row["name"] for row in read_specification()["limits"]}
    for key in keys:
        assert [case for case in CASES if case.id.startswith(f"gateway.hello.refused.{key}.")], key
