"""Checks that the registry, the CDDL, the frame layout, the prose tables and the examples agree."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from spec_text import ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spec_schema import Schema
    from spec_text import Document, Table

_FRAME_COLUMNS: Final = ("code", "name", "direction", "channel", "payload", "credit")
_TAG_COLUMNS: Final = ("tag", "name", "content", "since", "reason")
#: file, columns that tell the table from others and are compared, section of the registry, and the feature
#: whose rows are meant.
_TABLES: Final = (
    ("20-frames.md", _FRAME_COLUMNS, "frame_types", None),
    ("97-python.md", _FRAME_COLUMNS, "frame_types", "python.strings"),
    ("80-errors.md", ("code", "name", "scope"), "error_codes", None),
    ("40-channels.md", ("code", "meaning"), "channel_codes", None),
    ("85-limits.md", ("name", "key", "unit", "default", "minimum", "maximum", "reason"), "limits", None),
    ("85-limits.md", ("name", "unit", "value", "reason"), "fixed_limits", None),
    ("30-values.md", _TAG_COLUMNS, "tags", None),
    ("97-python.md", _TAG_COLUMNS, "tags", "python.strings"),
    ("95-versioning.md", ("name", "role", "since", "meaning"), "features", None),
)
_PAYLOADS_WITHOUT_RULE: Final = ("empty", "opaque")
#: Rules for items that somebody sends, and for keys of one language; the others belong to these, or are
#: payloads.
_ITEMS_WITH_RULE: Final = frozenset(
    {"status", "info", "relay-order", "relay-ended", "rsync-to-receiver", "rsync-to-sender", "python-config"}
)
_ENUMS: Final = {"direction": ("initiator", "worker", "both"), "channel": ("zero", "nonzero", "any")}


def find_problems(documents: Sequence[Document], schema: Schema) -> list[str]:
    """Return a sentence for each disagreement."""
    problems = schema.cddl_problems()
    for check in (_registry, _references, _cddl, _frames, _config):
        problems += check(schema)
    problems += _texts(documents, schema)
    for file, columns, section, feature in _TABLES:
        problems += _table(documents, schema, file, columns, section, feature)
    problems += _examples(documents, schema)
    return problems


def _registry(schema: Schema) -> list[str]:
    problems = []
    registry = schema.registry
    for section, unique in (
        ("frame_types", ("code", "name")),
        ("error_codes", ("code", "name")),
        ("channel_codes", ("code",)),
        ("limits", ("name", "key")),
        ("fixed_limits", ("name",)),
        ("tags", ("tag", "name")),
        ("features", ("name",)),
        ("config", ("key",)),
    ):
        for column in unique:
            values = [row[column] for row in registry[section]]
            problems += [
                f"registry {section}: {column} {value} is there twice"
                for value in sorted({v for v in values if values.count(v) > 1}, key=str)
            ]
    first, last = (registry["ignorable_frame_types"][end] for end in ("first", "last"))
    for row in registry["frame_types"]:
        problems += [
            f"registry: {row['name']} has {column} {row[column]}, expected one of {', '.join(allowed)}"
            for column, allowed in _ENUMS.items()
            if row[column] not in allowed
        ]
        if row.get("reserved", False) != (first <= row["code"] <= last):
            problems.append(f"registry: {row['name']} is reserved or ignorable, but not both")
    for row in registry["limits"]:
        if not row["minimum"] <= row["default"] <= row.get("maximum", row["default"]):
            problems.append(f"registry: the default of limit {row['name']} is not between its bounds")
    return problems


def _references(schema: Schema) -> list[str]:
    """Each row with an ``id`` leads to a rule; which ids exist is checked with the prose."""
    sections = (
        "frame_types",
        "error_codes",
        "channel_codes",
        "channel_errors",
        "limits",
        "fixed_limits",
        "features",
        "config",
    )
    return [
        f"registry {section}: {row.get('name') or row.get('key') or row.get('code')} has no id of a rule"
        for section in sections
        for row in schema.registry[section]
        if not ID.fullmatch(str(row.get("id")))
    ]


def _texts(documents: Sequence[Document], schema: Schema) -> list[str]:
    """The rule that a row names exists; that of an error code also names the code."""
    rules = {r.id: r.text for document in documents for r in document.requirements}
    problems = []
    for section, rows in schema.registry.items():
        for row in rows if isinstance(rows, list) else [rows]:
            id_ = row.get("id") if isinstance(row, dict) else None
            if id_ is not None and id_ not in rules:
                problems.append(f"registry {section}: there is no {id_}")
    everything = " ".join(rules.values())
    problems += [
        f"{row['id']} is the rule of {row['name']} in the registry but does not name it"
        for row in schema.registry["error_codes"]
        if row["name"] not in rules.get(row["id"], row["name"])
    ]
    problems += [
        f"no rule speaks of the frame type {row['name']}"
        for row in schema.registry["frame_types"]
        if row["name"] not in everything
    ]
    texts = _all_text(documents)
    problems += [
        f"the text {row['text']!r} of the registry is not in the prose"
        for row in schema.registry["channel_errors"]
        if not any(row["text"] in text for text in texts)
    ]
    return problems


def _all_text(documents: Sequence[Document]) -> list[str]:
    texts = [r.text for document in documents for r in document.requirements]
    return texts + [
        cell for document in documents for table in document.tables for row in table.rows for cell in row
    ]


def _cddl(schema: Schema) -> list[str]:
    rules = schema.rules()
    payloads = {row["payload"] for row in schema.registry["frame_types"]} - set(_PAYLOADS_WITHOUT_RULE)
    problems = [f"registry: there is no CDDL rule {payload!r}" for payload in sorted(payloads - rules)]
    plugs = set(re.findall(r"^\$[a-z-]+ /= ([a-z0-9-]+)", schema.cddl, re.MULTILINE))
    reachable = payloads | _ITEMS_WITH_RULE | plugs
    while (
        new := {
            name
            for rule in reachable & rules
            for name in re.findall(r"[a-z][a-z0-9-]*", _rule_body(schema.cddl, rule))
            if name in rules
        }
        - reachable
    ):
        reachable |= new
    problems += [f"messages.cddl: nothing uses the rule {rule!r}" for rule in sorted(rules - reachable)]
    in_cddl = {int(tag) for tag in re.findall(r"#6\.(\d+)", schema.cddl)}
    in_registry = {row["tag"] for row in schema.registry["tags"]}
    problems += [
        f"tag {tag} is in messages.cddl or in the registry, but not in both"
        for tag in sorted(in_cddl ^ in_registry)
    ]
    return problems


def _rule_body(cddl: str, rule: str) -> str:
    plain = re.sub(r";.*", "", cddl)
    match = re.search(rf"^{re.escape(rule)}\s*=(.*?)(?=^\S|\Z)", plain, re.MULTILINE | re.DOTALL)
    if match is None:
        return ""
    # A rule in braces ends at the brace in the first column, which the pattern above stops at.
    return re.sub(r'"[^"]*"', "", match[1])


def _frames(schema: Schema) -> list[str]:
    frames, registry = schema.frames, schema.registry
    problems = []
    if frames["preamble"]["hex"] != registry["preamble"]:
        problems.append("frames.yaml and registry.yaml have different preambles")
    layout = frames["frame"]
    if struct.calcsize(layout["struct"]) != layout["header_bytes"]:
        problems.append("frames.yaml: struct and header_bytes differ")
    offset = 0
    for part in layout["fields"]:
        if part["offset"] != offset:
            problems.append(
                f"frames.yaml: the field {part['name']} is at {part['offset']}, expected {offset}"
            )
        bits = f"({8 * part['bytes']})" if isinstance(part["bytes"], int) else "(8*Length)"
        if f"{part['name'].capitalize()} {bits}" not in layout["notation"]:
            problems.append(f"frames.yaml: the notation has no {part['name'].capitalize()} {bits}")
        offset += part["bytes"] if isinstance(part["bytes"], int) else 0
    if offset != layout["header_bytes"]:
        problems.append(f"frames.yaml: the fields of the header have {offset} bytes")
    return problems


def _config(schema: Schema) -> list[str]:
    bodies = re.findall(r"^(?:python-)?config = \{(.*?)^\}", schema.cddl, re.MULTILINE | re.DOTALL)
    in_cddl = {key for body in bodies for key in re.findall(r'\? "(\w+)"', body)}
    in_registry = {row["key"] for row in schema.registry["config"]}
    return [
        f"the config key {key!r} is in messages.cddl or in the registry, but not in both"
        for key in sorted(in_cddl ^ in_registry)
    ]


def find_table(documents: Sequence[Document], file: str, columns: tuple[str, ...]) -> Table | None:
    """Return the first table of a file that begins with these columns, or None."""
    for document in documents:
        if document.name == file:
            for table in document.tables:
                if table.columns[: len(columns)] == columns:
                    return table
    return None


def _table(
    documents: Sequence[Document],
    schema: Schema,
    file: str,
    columns: tuple[str, ...],
    section: str,
    feature: str | None,
) -> list[str]:
    table = find_table(documents, file, columns)
    if table is None:
        return [f"{file}: there is no table with the columns {', '.join(columns)}"]
    rows = [row for row in schema.registry[section] if row.get("feature") == feature]
    wanted = [tuple(str(row.get(column, "")) for column in columns) for row in rows]
    shown = [row[: len(columns)] for row in table.rows]
    problems = [f"{table.place}: the row {row} is not in the registry" for row in shown if row not in wanted]
    problems += [
        f"{table.place}: the registry's {section} has {row}, the table does not"
        for row in wanted
        if row not in shown
    ]
    return problems


def _examples(documents: Sequence[Document], schema: Schema) -> list[str]:
    """Every frame type is in some dialogue, every tag in some value example."""
    lines = {"xnet-dialogue": "", "xnet-value": ""}
    for document in documents:
        for fence in document.fences:
            if fence.kind in lines:
                lines[fence.kind] += "\n".join(fence.lines) + "\n"
    problems = [
        f"no dialogue shows the frame type {row['name']}"
        for row in schema.registry["frame_types"]
        if not row.get("reserved") and not re.search(rf"(?:I>W|W>I) {row['name']} \d", lines["xnet-dialogue"])
    ]
    problems += [
        f"no value example shows tag {row['tag']}"
        for row in schema.registry["tags"]
        if f"{row['tag']}(" not in lines["xnet-value"]
    ]
    return problems
