"""The whole suite as data, for other runners, and its schema."""

from __future__ import annotations

import inspect
import json
from typing import Any, Final

from xnet_conformance import __version__, case_running
from xnet_conformance.case_files import load_cases
from xnet_conformance.scenario import STEPS
from xnet_conformance.specification import SUITE, VERSION, read_specification

_SCHEMA: Final = SUITE / "bundle.schema.json"
assert case_running.STEP_MODULES  # imported for the steps that they register


def bundle_schema() -> dict[str, Any]:
    """Return the schema of the bundle and of its cases, in which each step has its description."""
    schema: dict[str, Any] = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    properties = schema["$defs"]["step"]["properties"]
    for name, function in STEPS.items():
        properties[name] = {"description": inspect.cleandoc(function.__doc__ or ""), **properties[name]}
    return schema


def make_bundle() -> dict[str, Any]:
    """Return schema, cases, the requirements they are about, fixtures, and the specification's tables."""
    fixtures = {
        # Not the files that an installer compiles next to them.
        folder.name: {
            path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()
        }
        for folder in sorted((SUITE / "fixtures").iterdir())
        if folder.is_dir() and not folder.name.startswith("_")
    }
    return {
        "schema": bundle_schema(),
        "suite": __version__,
        "spec": VERSION,
        "specification": read_specification(),
        "fixtures": fixtures,
        "cases": [case.as_json() for case in load_cases()],
    }
