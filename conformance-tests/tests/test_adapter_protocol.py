"""The conversation with adapters and initiators is what its schemas and its document say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conversation_schemas import FOLDER, SCHEMAS, judge, name_of, problems, recorded
from program_helpers import skeleton
from xnet_conformance.case_files import load_cases, select
from xnet_conformance.initiating import asked
from xnet_conformance.profiles import read_profile
from xnet_conformance.suite_running import run_suite
from xnet_conformance.testee import default_profile

CASES = load_cases()
#: What a case says in its step `sync` that the application is told.
OPTIONS = {"source", "delete", "checksum", "delta", "compress", "setuid", "dry_run"}
COMMANDS = set(SCHEMAS["commands.schema.json"]["$defs"])


def steps_of(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps, those inside of other steps included."""
    for step in steps:
        yield step
        for argument in step.values():
            if isinstance(argument, dict) and isinstance(argument.get("steps"), list):
                yield from steps_of(argument["steps"])


def test_the_schemas_are_schemas_and_each_command_has_its_answer() -> None:
    assert set(SCHEMAS) == {"answers.schema.json", "commands.schema.json", "values.schema.json"}
    for name, schema in SCHEMAS.items():
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == name
    kinds = {"done", "error", "channel_error", "unsupported", "problem", "code"}
    assert set(SCHEMAS["answers.schema.json"]["$defs"]) - kinds == COMMANDS


def test_a_command_is_one_thing_and_not_two() -> None:
    command = {"id": 1, "cmd": "do", "do": "send", "ch": "x", "item": {"t": "int", "v": "5"}}
    assert problems("commands.schema.json", command) == []
    for name in COMMANDS - {"send"}:
        assert problems(f"commands.schema.json#/$defs/{name}", command)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("commands.schema.json", {"cmd": "disconnect"}),
        ("commands.schema.json", {"id": 0, "cmd": "disconnect"}),
        ("commands.schema.json", {"id": 1, "cmd": "dance"}),
        ("commands.schema.json", {"id": 1, "cmd": "disconnect", "now": True}),
        ("commands.schema.json", {"id": 1, "cmd": "do", "do": "send", "ch": "x"}),
        ("commands.schema.json", {"id": 1, "cmd": "do", "do": "send", "ch": "x", "item": {"t": "int"}}),
        ("commands.schema.json", {"id": 1, "cmd": "run", "op": "decode", "hex": "0"}),
        ("answers.schema.json#/$defs/decode", {"id": 1}),
        ("answers.schema.json#/$defs/decode", {"id": 1, "value": 5}),
        ("answers.schema.json#/$defs/decode", {"id": 1, "value": {"t": "int", "v": 5}}),
        ("answers.schema.json#/$defs/decode", {"id": 1, "value": None, "error": "VALUE_MALFORMED"}),
        ("answers.schema.json#/$defs/frames", {"id": 1, "frames": [[11, 0]], "error": None}),
        ("answers.schema.json#/$defs/echo", {"id": 1, "unsupported": "why"}),
        ("answers.schema.json#/$defs/no-such-operation", {"id": 1, "value": None}),
        ("values.schema.json", {"t": "wizard", "v": "x"}),
        ("values.schema.json", [1]),
        ("values.schema.json", {"t": "list", "v": [{"t": "float", "v": "one"}]}),
        ("values.schema.json", {"t": "dict", "v": [[None]]}),
        ("values.schema.json", {"t": "bytes", "fill": "00", "n": 5}),
    ],
)
def test_what_is_none_is_refused(reference: str, message: object) -> None:
    assert problems(reference, message)


def test_every_example_of_the_document_is_one() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    shown: set[str] = set()
    for line in text.splitlines():
        # An answer stands in the row of its command, or speaks of all.
        name = "done"
        for example in re.findall(r"`(\{.*?\})`", line):
            message = json.loads(example)
            if "t" in message:
                assert problems("values.schema.json", message) == [], example
                continue
            message = {"id": 1, **message}
            if "cmd" in message:
                name = name_of(message)
                shown.add(name)
                assert problems("commands.schema.json", message) == [], example
            else:
                where = "" if name == "done" else f"#/$defs/{name}"
                assert problems(f"answers.schema.json{where}", message) == [], example
    assert shown == COMMANDS


def test_whatever_cases_ask_for_is_in_the_schema() -> None:
    seen: set[str] = set()
    for case in CASES:
        for step in steps_of(case.steps):
            if "application" in step:
                message = {"id": 1, "cmd": "do", **asked(step["application"])}
            elif "sync" in step:
                fields = {key: item for key, item in step["sync"].items() if key in OPTIONS}
                message = {"id": 1, "cmd": "do", "do": "rsync", "dest": "/nowhere", **fields}
            elif "codec" in step:
                message = {"id": 1, "cmd": "run", **_asked(step["codec"])}
            else:
                continue
            seen.add(name_of(message))
            assert problems(f"commands.schema.json#/$defs/{name_of(message)}", message) == [], case.id
    assert seen == COMMANDS - {"start", "connect", "disconnect", "echo", "keep", "no-such-operation"}


def _asked(codec: Mapping[str, Any]) -> dict[str, Any]:
    if "frames" in codec:
        return {"op": "frames", "chunks": codec["frames"]}
    if "encode" in codec:
        return {"op": "encode", "value": codec["encode"]}
    return {"op": "decode", "hex": codec["hex"]}


@pytest.mark.parametrize("role", ["adapter", "initiator"])
def test_what_the_suite_says_to_a_skeleton_and_what_that_answers(role: str, tmp_path: Path) -> None:
    """All that is said to ours, and what they answer: test_roles.py."""
    cases = select(CASES, ["smoke.hello", "smoke.ping", "smoke.decode", "frames.stream.*"])
    run_suite(recorded(skeleton(role), tmp_path), read_profile(default_profile(role)), cases, jobs=1)
    answered, wrong = judge(tmp_path)
    assert wrong == []
    asked = {
        "adapter": {"decode", "encode", "frames", "no-such-operation"},
        "initiator": {"connect", "disconnect"},
    }
    assert answered >= {"start"} | asked[role]
