"""Checks of the state tables: complete, closed, and equal to the tables in the prose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registry_checks import find_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spec_schema import Schema
    from spec_text import Document

_OUTCOMES: Final = ("to", "error", "ignored")
#: The prose shows the half machines; the machine of the connection is told by its rules.
_SHOWN: Final = ("send-half", "receive-half")


def find_problems(documents: Sequence[Document], schema: Schema) -> list[str]:
    """Return a sentence for each hole, contradiction or difference."""
    known = {r.id for document in documents for r in document.requirements}
    problems = []
    for name, machine in schema.machines.items():
        problems += [f"states/{name}.yaml: {text}" for text in _machine_problems(machine, schema, known)]
    for name in _SHOWN:
        problems += _prose_problems(documents, name, schema.machines[name])
    return problems


def outcome(row: dict[str, Any]) -> str:
    """Return what a row says in one word: the next state, an error, or ``ignored``."""
    if row.get("ignored"):
        return "ignored"
    return str(row.get("to") or row["error"])


def table_of(machine: dict[str, Any], role: str) -> dict[tuple[str, str], str]:
    """Return (state, input) -> outcome for one role."""
    return {
        (row["state"], row["input"]): outcome(row)
        for row in machine["transitions"]
        if role in row.get("role", [role])
    }


def _machine_problems(machine: dict[str, Any], schema: Schema, known: set[str]) -> Iterator[str]:
    codes = {row["name"] for row in schema.registry["error_codes"]} | {"local"}
    seen = set()
    for row in machine["transitions"]:
        where = f"{row['state']} + {row['input']}"
        if row["state"] not in machine["states"] or row["input"] not in machine["inputs"]:
            yield f"{where}: there is no such state or input"
        if sum(name in row for name in _OUTCOMES) != 1:
            yield f"{where}: it has not exactly one of {', '.join(_OUTCOMES)}"
            continue
        if "to" in row and row["to"] not in machine["states"]:
            yield f"{where}: there is no state {row['to']}"
        if "error" in row and row["error"] not in codes:
            yield f"{where}: there is no error code {row['error']}"
        if "error" in row and row["input"].startswith("SEND_") != (row["error"] == "local"):
            yield f"{where}: what we send wrongly is 'local', what the peer sends wrongly has a code"
        if row.get("id") not in known:
            yield f"{where}: there is no {row.get('id')}"
        for role in row.get("role", ["initiator", "worker"]):
            if (role, where) in seen:
                yield f"{where}: there are two rows for {role}"
            seen.add((role, where))
    yield from _holes(machine, seen)


def _holes(machine: dict[str, Any], seen: set[tuple[str, str]]) -> Iterator[str]:
    """A pair without a row has to be named under ``never``: it cannot happen."""
    never = machine.get("never", [])
    for role in ("initiator", "worker"):
        for state in machine["states"]:
            for input_ in machine["inputs"]:
                impossible = any(
                    role in rule.get("role", [role])
                    and state in rule.get("state", [state])
                    and input_ in rule.get("input", [input_])
                    for rule in never
                )
                if impossible == ((role, f"{state} + {input_}") in seen):
                    problem = "has a row but can never happen" if impossible else "has no row"
                    yield f"{state} + {input_} {problem} for {role}"


def _prose_problems(documents: Sequence[Document], name: str, machine: dict[str, Any]) -> Iterator[str]:
    columns = ("state", *(input_.lower() for input_ in machine["inputs"]))
    table = find_table(documents, "40-channels.md", columns)
    if table is None:
        yield f"40-channels.md has no table of the {name}"
        return
    outcomes = table_of(machine, "initiator")
    shown = {
        (row[0], input_): cell
        for row in table.rows
        for input_, cell in zip(machine["inputs"], row[1:], strict=True)
    }
    for pair in sorted(outcomes.keys() | shown.keys()):
        if outcomes.get(pair) != shown.get(pair):
            yield (
                f"{table.place}: {pair[0]} + {pair[1]} is {shown.get(pair)} here "
                f"and {outcomes.get(pair)} in states/{name}.yaml"
            )
