"""The specification as data: frame types, codes, requirements, state tables, examples.

It comes from `suite/spec.json`, which `conformance-tests/tools/import_spec.py` writes from `protocol-spec/`,
so that an installed suite needs nothing else.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Final

import attrs

SUITE: Final = Path(__file__).resolve().parent / "suite"


@attrs.frozen
class Requirement:
    """One numbered sentence of the specification."""

    id: str
    level: str
    roles: tuple[str, ...]
    since: str
    text: str
    file: str


@attrs.frozen
class FrameType:
    """One row of the table of frame types; ``feature`` if it is only for peers that announced one."""

    code: int
    name: str
    direction: str
    channel: str
    payload: str
    credit: str
    feature: str = ""


@functools.cache
def read_specification() -> dict[str, Any]:
    """Return `suite/spec.json`."""
    loaded: dict[str, Any] = json.loads((SUITE / "spec.json").read_text(encoding="utf-8"))
    return loaded


@functools.cache
def requirements() -> dict[str, Requirement]:
    """Return all requirements by id, in reading order."""
    return {
        row["id"]: Requirement(**{**row, "roles": tuple(row["roles"])})
        for row in read_specification()["requirements"]
    }


FRAME_TYPES: Final = tuple(FrameType(**row) for row in read_specification()["frame_types"])
TYPES_BY_CODE: Final = {row.code: row for row in FRAME_TYPES}
FRAME_CODES: Final = {row.name: row.code for row in FRAME_TYPES}
FRAME_NAMES: Final = {row.code: row.name for row in FRAME_TYPES}
ERROR_CODES: Final[dict[str, int]] = read_specification()["error_codes"]
ERROR_NAMES: Final = {code: name for name, code in ERROR_CODES.items()}
VERSION: Final[str] = read_specification()["version"]


def error_name(code: int) -> str:
    """Return the name of an error code, or its number."""
    return ERROR_NAMES.get(code, f"code {code}")
