"""How cases write a frame to be sent: ``{CHANNEL_DATA: {ch: a, item: 5}}``.

Keys: ``ch`` (name or number; 0 if missing), and one of ``item``/``value`` (a tagged value), ``items`` (a
batch), ``credit``, ``flags``, ``hex``, ``zeros`` (that many zero bytes, after those of ``hex`` if there are
both), ``exec``, ``hello`` or, for GOAWAY and CHANNEL_CLOSE_ERROR, ``code`` and ``text`` (without a code it is
``error``), for GOAWAY also ``last`` (else what the testee opened), for GATEWAY_TERMINATE ``times``.
``TYPE_200`` is a type without a name; ``copies: {of: item, n: 5}`` is a batch of equal items, ``ones: n`` so
many bytes of ff.
``dump`` is a payload in the form of released execnet, as hex, for cases of the legacy role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.cbor_writing import write_head, write_value
from xnet_conformance.errors import CaseError
from xnet_conformance.frames import HEADER, Frame
from xnet_conformance.hello import as_value, write_hello
from xnet_conformance.matching import resolve
from xnet_conformance.session import require_number
from xnet_conformance.specification import ERROR_CODES, FRAME_CODES
from xnet_conformance.values import Value

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario


#: Tasks that a worker may have as a service: it is asked for unless there is a file. Spec: GW-060.
SERVICES: Final = {"rsync-receiver": "rsync"}


def parse_frame(scenario: Scenario, raw: Any) -> Frame:
    """Return the frame of a step.

    Raises:
        CaseError: It is not in the notation.
    """
    name, fields = split(raw)
    channel = scenario.channel(fields.get("ch", 0))
    if name == "GATEWAY_TERMINATE" and not fields:
        fields = {"times": {}}
    if name == "CHANNEL_CLOSE_ERROR" and "text" in fields:
        payload = write_map({"text": fields["text"], "code": fields.get("code", "error")})
    else:
        payload = payload_of(scenario, fields)
    return Frame(frame_code(name), channel, payload, exact="dump" in fields)


def write_map(fields: dict[str, str]) -> bytes:
    """Return a map of texts as CBOR."""
    return write_value(
        Value("dict", tuple((Value("str", key), Value("str", text)) for key, text in fields.items()))
    )


def split(raw: Any) -> tuple[str, dict[str, Any]]:
    """Return name and fields of ``{NAME: {...}}``.

    Raises:
        CaseError: It is something else.
    """
    if isinstance(raw, str):
        return raw, {}
    if not isinstance(raw, dict) or len(raw) != 1:
        raise CaseError(f"{raw!r} is not a frame: expected a map with one key, the name of the type")
    ((name, fields),) = raw.items()
    if fields is not None and not isinstance(fields, dict):
        raise CaseError(f"the fields of {name} are {fields!r}, expected a map")
    return name, fields or {}


def frame_code(name: str) -> int:
    """Return the number of a type.

    Raises:
        CaseError: No frame type has that name.
    """
    if name in FRAME_CODES:
        return FRAME_CODES[name]
    if name.startswith("TYPE_") and name[5:].isdigit():
        return int(name[5:])
    raise CaseError(f"unknown frame type {name!r}")


def payload_of(scenario: Scenario, fields: dict[str, Any]) -> bytes:
    """Return the payload that the fields describe.

    Raises:
        CaseError: They describe none.
    """
    if "hex" in fields or "zeros" in fields:
        return bytes.fromhex(fields.get("hex", "")) + bytes(require_number(fields.get("zeros", 0), "zeros"))
    if "dump" in fields:
        return bytes.fromhex(fields["dump"])
    if "ones" in fields:
        return b"\xff" * require_number(fields["ones"], "ones")
    for key in ("item", "value"):
        if key in fields:
            return write_value(scenario.value(fields[key]))
    if "items" in fields:
        items = [write_value(scenario.value(item)) for item in fields["items"]]
        return write_head(4, len(items)) + b"".join(items)
    if "copies" in fields:
        count = require_number(fields["copies"]["n"], "copies")
        return write_head(4, count) + write_value(scenario.value(fields["copies"]["of"])) * count
    if "exec" in fields:
        return exec_payload(scenario, fields["exec"])
    if "hello" in fields:
        return write_hello(fields["hello"] or {})
    if "code" in fields:
        code = Value("int", ERROR_CODES.get(fields["code"], fields["code"]))
        text = Value("str", fields.get("text", ""))
        said = fields.get("last", scenario.session.conduct.last_of_testee)
        last = Value("int", scenario.channel(said) if said else 0)
        pairs = {"code": code, "text": text, "last": last}
        return write_value(Value("dict", tuple((Value("str", key), item) for key, item in pairs.items())))
    if "times" in fields:
        return write_value(as_value(fields["times"]))
    if "credit" in fields:
        return write_value(Value("int", fields["credit"]))
    if "flags" in fields:
        return write_value(Value("list", tuple(Value("bool", flag) for flag in fields["flags"])))
    return b""


def exec_payload(scenario: Scenario, fields: dict[str, Any]) -> bytes:
    """Return the payload of a CHANNEL_EXEC.

    Args:
        scenario: The case.
        fields: ``{fixture: name, args: {...}, file: text}``, ``{alone: name}`` for the source of a
            fixture of which nothing is called, or ``{source: text, call: ..., kwargs: ...}``; other keys
            are sent as they are.
    """
    pairs: list[tuple[str, Value]] = []
    theirs = scenario.session.theirs
    service = SERVICES.get(fields.get("fixture", ""))
    if (
        service
        and theirs
        and f"service.{service}" in theirs.features
        and not scenario.fixtures.has(fields["fixture"])
    ):
        return exec_payload(scenario, {"service": service})
    if "fixture" in fields:
        pairs.append(("source", Value("str", scenario.fixtures.source(fields["fixture"]))))
        pairs.append(("call", Value("str", "run")))
        pairs.append(("kwargs", resolve(as_value(fields.get("args", {})), scenario.bindings)))
    if "alone" in fields:
        pairs.append(("source", Value("str", scenario.fixtures.source(fields["alone"]))))
    rest = {key: item for key, item in fields.items() if key not in ("fixture", "args", "alone")}
    pairs += [(key, resolve(as_value(item), scenario.bindings)) for key, item in rest.items()]
    return write_value(Value("dict", tuple((Value("str", key), item) for key, item in pairs)))


def wrong_length(one: Frame, length: int) -> bytes:
    """Return the frame with another length in its header."""
    return HEADER.pack(one.type, one.channel, length) + one.payload
