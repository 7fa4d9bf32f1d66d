"""Programs that converse in lines of JSON, written by a test."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from xnet_conformance.specification import SUITE
from xnet_conformance.testee import Testee, from_command

SKELETONS = SUITE / "skeletons" / "python"
ZOO_WORKER = Path(__file__).resolve().parents[1] / "testees" / "zoo" / "worker.py"
_LOOP = """import json, os, sys
def reply(**fields):
    print(json.dumps({"id": line["id"], **fields}), flush=True)
for text in sys.stdin:
    line = json.loads(text)
    if line["cmd"] == "start":
        START
    else:
        OTHERWISE
"""


def python(*words: str, role: str = "worker") -> Testee:
    """Return the testee that is a program in Python."""
    return from_command(shlex.join([sys.executable, "-S", *words]), role)


def zoo(habit: str) -> Testee:
    """Return the worker of the zoo with a habit."""
    return python(str(ZOO_WORKER), habit)


def skeleton(role: str) -> Testee:
    """Return what ``new-testee`` writes."""
    return python("-u", str(SKELETONS / f"{role}.py"), role=role)


def program(
    folder: Path,
    otherwise: str = "pass",
    start: str = "reply(protocol=1, operations=['decode', 'encode', 'frames'])",
    role: str = "adapter",
) -> Testee:
    """Return a program that does this for ``start`` and that for every other line."""
    path = folder / f"{role}.py"
    path.write_text(_LOOP.replace("START", start).replace("OTHERWISE", otherwise))
    return python(str(path), role=role)
