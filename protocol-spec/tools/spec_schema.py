"""The schema files as data, and the one function that judges CBOR by a CDDL rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml
from cddl_verifier import SchemaError, Validator

if TYPE_CHECKING:
    from pathlib import Path

MACHINES: Final = ("send-half", "receive-half", "connection")


@dataclass(frozen=True)
class Schema:
    """What the files under ``schema/`` say.

    Attributes:
        registry: ``registry.yaml``.
        frames: ``frames.yaml``.
        machines: ``states/*.yaml`` by name.
        cddl: Text of ``messages.cddl``.
        root: The specification's folder.
    """

    registry: dict[str, Any]
    frames: dict[str, Any]
    machines: dict[str, dict[str, Any]]
    cddl: str
    root: Path

    def rules(self) -> set[str]:
        """Return the names of the CDDL rules."""
        return {
            line.split("=", 1)[0].strip()
            for line in self.cddl.splitlines()
            if "=" in line and line[:1].isalpha()
        }

    def frame_type(self, name: str) -> dict[str, Any] | None:
        """Return the row of a frame type, or None if there is none."""
        for row in self.registry["frame_types"]:
            if row["name"] == name:
                return dict(row)
        return None

    def cddl_problems(self) -> list[str]:
        """Return what is wrong with the CDDL itself."""
        try:
            _validator(self.cddl)
        except SchemaError as error:
            return [f"schema/messages.cddl: {error}"]
        return []

    def mismatches(self, rule: str, payload: bytes) -> list[str]:
        """Return why the CBOR does not match the rule; empty if it does.

        The only place that knows which CDDL library is used.
        """
        if rule not in self.rules():
            return [f"schema/messages.cddl has no rule {rule!r}"]
        result = _validator(self.cddl).validate(payload, rule)
        if result.valid:
            return []
        return [str(diagnostic) for diagnostic in result.diagnostics] or [f"it does not match {rule}"]


@cache
def _validator(cddl: str) -> Validator:
    return Validator(cddl)


def read_schema(spec: Path) -> Schema:
    """Read the schema files of the specification in folder ``spec``."""
    folder = spec / "schema"
    return Schema(
        registry=_load(folder / "registry.yaml"),
        frames=_load(folder / "frames.yaml"),
        machines={name: _load(folder / "states" / f"{name}.yaml") for name in MACHINES},
        cddl=(folder / "messages.cddl").read_text(encoding="utf-8"),
        root=spec,
    )


def _load(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TypeError(f"{path} is not a map")
    return content
