"""What a CHANNEL_CLOSE_ERROR may carry. Spec: CH-041, CH-047, GR-006."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from xnet_conformance.specification import read_specification

if TYPE_CHECKING:
    from xnet_conformance.values import Value

_MOST_LINE: Final = 2**64 - 1


def channel_error_problem(value: Value | None, *, late: bool = False) -> tuple[str, str] | None:
    """Return which rule a payload breaks, and how; None if it is right.

    Args:
        value: The payload, None if it is not a value.
        late: It answers a request that came after GATEWAY_TERMINATE.
    """
    if value is None or value.kind != "dict" or any(key.kind != "str" for key, _ in value.content):
        return "CH-041", "CHANNEL_CLOSE_ERROR whose payload is not a map with text keys"
    fields = {key.content: part for key, part in value.content}
    for key in ("text", "code", "type", "message"):
        if (key in fields or key in ("text", "code")) and (key not in fields or fields[key].kind != "str"):
            return "CH-041", f"CHANNEL_CLOSE_ERROR whose {key!r} is not text"
    frames = fields.get("frames")
    if frames is not None and (frames.kind != "list" or not all(map(_is_frame, frames.content))):
        return "CH-041", "CHANNEL_CLOSE_ERROR whose 'frames' is not a list of [file, line, function]"
    code = fields["code"].content
    if code not in read_specification()["channel_codes"]:
        return "CH-047", f"CHANNEL_CLOSE_ERROR with the code {code!r}, which no rule names"
    if late and code != "terminating":
        return "GR-006", f"a request after GATEWAY_TERMINATE was answered with the code {code!r}"
    return None


def _is_frame(value: Value) -> bool:
    return (
        value.kind == "list"
        and [part.kind for part in value.content] == ["str", "int", "str"]
        and 0 <= value.content[1].content <= _MOST_LINE
    )
