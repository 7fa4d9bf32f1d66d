"""The schemas of the conversation with adapters and initiators, and programs that write down what is said."""

from __future__ import annotations

import functools
import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from xnet_conformance.testee import Testee

FOLDER = Path(__file__).resolve().parents[1] / "adapter-protocol"
SCHEMAS: dict[str, dict[str, Any]] = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.schema.json"))
}
_REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)
_LARGE = 8_000
#: Between the suite and a program: writes each line into a file of its own, with its way, and hands it on.
_RECORDER = """
import os, subprocess, sys, threading
program = subprocess.Popen(sys.argv[2:], stdin=-1, stdout=-1)
with open(os.path.join(sys.argv[1], str(os.getpid())), "wb", buffering=0) as record:
    def carry(way, source, target):
        for line in source:
            record.write(way + line)
            target.write(line)
            target.flush()
        target.close()
    threading.Thread(target=carry, args=(b"<", program.stdout, sys.stdout.buffer), daemon=True).start()
    carry(b">", sys.stdin.buffer, program.stdin)
    program.wait()
"""


@functools.cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": reference}, registry=_REGISTRY)


def problems(reference: str, message: object) -> list[str]:
    """Return why a message is not as a schema says: ``answers.schema.json#/$defs/echo``."""
    return [error.message for error in _validator(reference).iter_errors(message)]


def name_of(command: Mapping[str, Any]) -> str:
    """Return under which name a command is in the schemas."""
    kind: str = command["cmd"]
    return str(command[{"run": "op", "do": "do"}[kind]]) if kind in ("run", "do") else kind


def recorded(testee: Testee, folder: Path) -> Testee:
    """Return the testee with something in between that writes down what is said."""
    words = [sys.executable, "-S", "-c", _RECORDER, str(folder), *shlex.split(testee.command)]
    return attrs.evolve(testee, command=shlex.join(words))


def judge(folder: Path) -> tuple[set[str], list[str]]:
    """Return the names of commands that were answered, and what was said that is not as the schemas are.

    Of large lines every fourth is looked at: a value with thousands of elements takes half a second.
    """
    answered: set[str] = set()
    wrong: list[str] = []
    for file in sorted(folder.iterdir()):
        commands: dict[int, dict[str, Any]] = {}
        for number, line in enumerate(file.read_bytes().splitlines()):
            message = json.loads(line[1:])
            passed_over = len(line) > _LARGE and number % 8 > 1
            if line.startswith(b">"):
                commands[message["id"]] = message
                name, kind = name_of(message), "commands"
            else:
                name = name_of(commands[message["id"]])
                answered.add(name)
                kind = "answers"
            found = [] if passed_over else problems(f"{kind}.schema.json#/$defs/{name}", message)
            wrong += [f"{line[:300]!r}: {problem[:300]}" for problem in found]
    return answered, wrong
