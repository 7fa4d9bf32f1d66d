"""What is exported: it is as its own schema says, and the schema says enough to find mistakes.

A new step, and a new field of one, go into ``suite/bundle.schema.json``.
"""

from __future__ import annotations

import copy
import functools
import json
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from xnet_conformance.bundle import bundle_schema, make_bundle
from xnet_conformance.case import LAYERS, ROLES
from xnet_conformance.generation.values import generate
from xnet_conformance.matching import MATCHERS
from xnet_conformance.scenario import STEPS
from xnet_conformance.values import KINDS


@functools.cache
def bundle() -> dict[str, Any]:
    """Return it as readers of the file have it: without tuples, and with text for keys."""
    # Not made on import: it takes seconds and 180 MB in each process that collects tests.
    return cast("dict[str, Any]", json.loads(json.dumps(make_bundle())))


@functools.cache
def case_validator() -> Draft202012Validator:
    schema = bundle()["schema"]
    return Draft202012Validator({**schema["$defs"]["case"], "$defs": schema["$defs"]})


def test_the_bundle_is_as_its_own_schema_says() -> None:
    Draft202012Validator.check_schema(bundle()["schema"])
    rest = {**bundle(), "cases": []}
    assert [error.message for error in Draft202012Validator(bundle()["schema"]).iter_errors(rest)] == []
    # Values with thousands of elements take long to look at: of those every fourth.
    large = [case["id"] for case in bundle()["cases"] if len(json.dumps(case)) > 8_000]
    passed_over = set(large) - set(large[::4])
    wrong = {
        case["id"]: f"{list(error.absolute_path)}: {error.message[:200]}"
        for case in bundle()["cases"]
        if case["id"] not in passed_over
        for error in case_validator().iter_errors(case)
    }
    assert wrong == {}
    assert len(bundle()["cases"]) > 900


def test_every_parser_of_json_can_read_it() -> None:
    """A hundred levels are what some take: Ruby's, for one."""
    level: list[Any] = [bundle()]
    deepest = 0
    while level:
        deepest += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    assert deepest <= 100


def test_the_schema_has_what_the_suite_has() -> None:
    definitions = bundle_schema()["$defs"]
    step = definitions["step"]
    assert set(step["properties"]) - {"check", "req", "note"} == set(STEPS)
    assert {tuple(one["required"]) for one in step["oneOf"]} == {(name,) for name in STEPS}
    assert all(step["properties"][name]["description"] for name in STEPS)
    assert tuple(definitions["case"]["properties"]["layer"]["enum"]) == LAYERS
    assert set(definitions["case"]["properties"]["roles"]["items"]["enum"]) == set(ROLES)
    assert set(definitions["pattern"]["then"]["properties"]) == MATCHERS
    assert set(definitions["value"]["then"]["properties"]["t"]["enum"]) == KINDS | {"nest"}


RIGHT = json.loads(json.dumps(generate()[0].as_json()))


@pytest.mark.parametrize(
    "change",
    [
        {"id": "one"},
        {"layer": "cellar"},
        {"req": []},
        {"req": ["five"]},
        {"roles": ["wizard"]},
        {"steps": []},
        {"steps": [{}]},
        {"steps": [{"check": "alone"}]},
        {"steps": [{"dance": 1}]},
        {"steps": [{"kill": None, "end": {}}]},
        {"steps": [{"send": {"PING": {}, "PONG": {}}}]},
        {"steps": [{"send": {"PING": {"hexx": "00"}}}]},
        {"steps": [{"send": {"CHANNEL_DATA": {"ch": "a", "item": {"t": "wizard", "v": 1}}}}]},
        {"steps": [{"expect": {"ITEM": {"ch": "a", "is": {"contain": "x"}}}}]},
        {"steps": [{"repeat": {"times": 2, "steps": [{"dance": 1}]}}]},
        {"steps": [{"goaway": "not a name"}]},
        {"start": {"handshakes": False}},
        {"limit_s": 0},
        {"level": "WILL"},
        {"title": True},
        {"colour": "red"},
    ],
)
def test_what_is_no_case_is_refused(change: dict[str, Any]) -> None:
    assert list(case_validator().iter_errors(RIGHT)) == []
    assert list(case_validator().iter_errors({**copy.deepcopy(RIGHT), **change}))
