"""A case: requirement ids, what it needs, and steps; data, and nothing in it is specific to a testee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.errors import CaseError
from xnet_conformance.specification import requirements

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS: Final = ("wire.frames", "wire.values", "channel", "flow", "gateway", "group", "rsync", "trace")
ROLES: Final = ("worker", "initiator", "adapter", "legacy")
_KEYS: Final = frozenset(
    [
        "id",
        "title",
        "req",
        "roles",
        "needs",
        "start",
        "own",
        "steps",
        "control",
        "timing",
        "limit",
        "since",
        "until",
        "notes",
        "level",
    ]
)


@attrs.frozen
class Case:
    """One case for one or more roles.

    Attributes:
        id: Permanent, unique, made of words with dots between.
        req: Requirement ids, the one it is about first.
        needs: Features without which it means nothing, such as ``exec.python`` or ``trace``.
        start: How the connection begins: ``hello``, ``environ``, ``handshake``.
        own: It needs a connection that no other case uses.
        control: The case that differs only in what makes this one an error, and has to pass for this to
            count.
        timing: It measures time, which may be stretched on a slow machine.
        limit_s: Seconds it may take.
        level: SHOULD if it names no MUST. Where a case also names a MUST, a step about a SHOULD says so with
            ``req``.
    """

    id: str
    layer: str
    req: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    title: str = ""
    roles: tuple[str, ...] = ("worker",)
    needs: tuple[str, ...] = ()
    start: Mapping[str, Any] = attrs.Factory(dict)
    own: bool = False
    control: str | None = None
    timing: bool = False
    limit_s: float = 10.0
    since: str = "1.0"
    until: str | None = None
    notes: str = ""
    level: str = "MUST"
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data, for the exported bundle and for reports."""
        return {
            key: item for key, item in attrs.asdict(self).items() if item not in (None, "", (), {}, False)
        }


def parse_case(raw: object, layer: str, source: str) -> Case:
    """Check one case of a file.

    Raises:
        CaseError: It is not as the README says; the text names the case and the mistake.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str):
        raise CaseError(f"{source}: a case is a map with an id, not {raw!r:.80}")
    where = f"{source}: {raw['id']}"
    unknown = set(raw) - _KEYS
    if unknown:
        raise CaseError(f"{where}: unknown keys {sorted(unknown)}; known are {sorted(_KEYS)}")
    if layer not in LAYERS:
        raise CaseError(f"{where}: unknown layer {layer!r}")
    ids = raw.get("req")
    if not isinstance(ids, list) or not ids:
        raise CaseError(f"{where}: req is a list with at least one requirement id")
    for id_ in ids:
        if id_ not in requirements():
            raise CaseError(f"{where}: the specification has no requirement {id_}")
    roles = tuple(raw.get("roles", ["worker"]))
    if not roles or set(roles) - set(ROLES):
        raise CaseError(f"{where}: roles is {list(roles)}, expected one or more of {', '.join(ROLES)}")
    steps = raw.get("steps")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) and step for step in steps):
        raise CaseError(f"{where}: steps is a list of maps, with at least one")
    if not isinstance(raw.get("title", ""), str):
        raise CaseError(f"{where}: the title is {raw['title']!r}; YAML needs it in quotes")
    must = [id_ for id_ in ids if requirements()[id_].level == "MUST"]
    level = "MUST" if must else "SHOULD"
    if raw.get("level", level) != level:
        raise CaseError(
            f"{where}: its level is {level}, by {', '.join(must or ids)}: a step about another one has `req`"
        )
    return Case(
        id=raw["id"],
        layer=layer,
        req=tuple(ids),
        steps=tuple(steps),
        title=raw.get("title", ""),
        roles=roles,
        needs=tuple(raw.get("needs", ())),
        start=raw.get("start", {}),
        own=bool(raw.get("own", "start" in raw)),
        control=raw.get("control"),
        timing=bool(raw.get("timing", False)),
        limit_s=float(raw.get("limit", 10)),
        since=str(raw.get("since", "1.0")),
        until=raw.get("until"),
        notes=raw.get("notes", ""),
        level=level,
        source=source,
    )
