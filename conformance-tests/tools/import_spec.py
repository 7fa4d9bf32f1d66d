"""Write what the suite needs of the specification into the package: `src/xnet_conformance/suite/spec.json`.

``python conformance-tests/tools/import_spec.py [--check]``; with ``--check`` nothing is written, and the
exit status is 1 if the file is not what the specification says now.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parents[2]
SPEC: Final = ROOT / "protocol-spec"
TARGET: Final = ROOT / "conformance-tests" / "src" / "xnet_conformance" / "suite" / "spec.json"

sys.path.insert(0, str(SPEC / "tools"))

import spec_text  # noqa: E402  (found through the line above)


def collect() -> dict[str, Any]:
    """Return the content of the file."""
    documents = spec_text.read_prose(SPEC)
    registry = yaml.safe_load((SPEC / "schema" / "registry.yaml").read_text(encoding="utf-8"))
    machines = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((SPEC / "schema/states").glob("*.yaml"))
    ]
    return {
        "version": (SPEC / "VERSION").read_text(encoding="utf-8").strip(),
        "requirements": [
            {
                "id": row.id,
                "level": row.level,
                "roles": list(row.roles),
                "since": row.since,
                "text": row.text,
                "file": row.place.file,
            }
            for document in documents
            for row in document.requirements
        ],
        "frame_types": [
            {
                **{key: row[key] for key in ("code", "name", "direction", "channel", "payload", "credit")},
                "feature": row.get("feature", ""),
            }
            for row in registry["frame_types"]
        ],
        "error_codes": {row["name"]: row["code"] for row in registry["error_codes"]},
        "channel_codes": [row["code"] for row in registry["channel_codes"]],
        "limits": registry["limits"],
        "fixed_limits": {row["name"]: row["value"] for row in registry["fixed_limits"]},
        "machines": {machine["machine"]: machine for machine in machines},
        "examples": {
            kind: [
                _fields(fence)
                for document in documents
                for fence in document.fences
                if fence.kind == f"xnet-{kind}"
            ]
            for kind in ("value", "reject")
        },
    }


def _fields(fence: spec_text.Fence) -> dict[str, str]:
    pairs = (line.partition(":") for line in fence.lines if line.strip())
    return {"name": fence.name, **{key.strip(): value.strip() for key, _, value in pairs}}


def main(arguments: list[str]) -> int:
    """Write the file, or compare it."""
    text = json.dumps(collect(), indent=1, ensure_ascii=False) + "\n"
    if "--check" not in arguments:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is not what protocol-spec/ says: run {Path(__file__).name}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
