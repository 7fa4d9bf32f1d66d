"""Patterns for what a testee sends: a tagged value, or one of the matchers below.

``{any: int}`` a value of a kind (``{any: true}``: of any) - ``{bind: name}`` remember it - ``{contains:
text}`` - ``{not_contains: text}`` - ``{at_least: n, at_most: n}`` - ``{has: {key: pattern}}`` a dict with
these text keys - ``{items: [pattern, ...]}`` a list or tuple - ``{one_of: [pattern, ...]}`` - ``{holds:
pattern}`` bytes that encode a value - ``$name`` what was remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.errors import CaseError
from xnet_conformance.value_equality import same
from xnet_conformance.values import Value, describe, parse_value

if TYPE_CHECKING:
    from collections.abc import Callable

MATCHERS: Final = frozenset(
    {"any", "bind", "contains", "not_contains", "at_least", "at_most", "has", "holds", "items", "one_of"}
)


def resolve(value: Value, bindings: dict[str, Any], fresh: Callable[[str], int] | None = None) -> Value:
    """Replace names of channels by their numbers, and ``$name`` by the stored value.

    Args:
        value: What the case says.
        bindings: What it has named.
        fresh: Makes a channel of a new name; without it one is a mistake.

    Raises:
        CaseError: A name means nothing yet.
    """
    kind, content = value.kind, value.content
    if kind == "channel" and isinstance(content, str):
        if content not in bindings and fresh is None:
            raise CaseError(f"channel {content!r} does not exist yet")
        return Value(kind, bindings[content] if fresh is None else fresh(content))
    if kind == "str" and content.startswith("$") and len(content) > 1:
        if content[1:] not in bindings:
            raise CaseError(f"nothing is stored as {content}")
        remembered = bindings[content[1:]]
        return remembered if isinstance(remembered, Value) else parse_value(remembered)
    if kind == "dict":
        return Value(
            kind, tuple((resolve(k, bindings, fresh), resolve(v, bindings, fresh)) for k, v in content)
        )
    if kind in ("list", "tuple", "set", "frozenset"):
        return Value(kind, tuple(resolve(element, bindings, fresh) for element in content))
    return value


def mismatch(pattern: Any, value: Value | None, bindings: dict[str, Any]) -> str | None:
    """Return why a value does not match, or None if it does.

    Raises:
        CaseError: The pattern is not valid.
    """
    if value is None:
        return "there is no value"
    if isinstance(pattern, dict) and pattern and not set(pattern) - MATCHERS:
        return _apply(pattern, value, bindings)
    wanted = resolve(parse_value(pattern), bindings)
    if same(wanted, value):
        return None
    return f"expected {describe(wanted)}, got {describe(value)}"


def _apply(pattern: dict[str, Any], value: Value, bindings: dict[str, Any]) -> str | None:
    for name, wanted in pattern.items():
        problem = _apply_one(name, wanted, value, bindings)
        if problem is not None:
            return problem
    if "bind" in pattern:
        plain = value.kind in ("channel", "int", "str")
        bindings[pattern["bind"]] = value.content if plain else value
    return None


def _apply_one(name: str, wanted: Any, value: Value, bindings: dict[str, Any]) -> str | None:
    kind, content = value.kind, value.content
    if name == "any":
        return None if wanted is True or kind == wanted else f"expected a {wanted}, got {describe(value)}"
    if name in ("contains", "not_contains"):
        return _contains(name == "contains", wanted, value, bindings)
    if name in ("at_least", "at_most"):
        good = kind == "int" and (content >= wanted if name == "at_least" else content <= wanted)
        return (
            None
            if good
            else f"expected an integer of {name.replace('_', ' ')} {wanted}, got {describe(value)}"
        )
    if name == "has":
        return _has(wanted, value, bindings)
    if name == "items":
        return _items(wanted, value, bindings)
    if name == "holds":
        return _holds(wanted, value, bindings)
    if name == "one_of":
        reasons = [mismatch(choice, value, bindings) for choice in wanted]
        return None if None in reasons else "none of these: " + "; ".join(map(str, reasons))
    return None


def _contains(has: bool, wanted: Any, value: Value, bindings: dict[str, Any]) -> str | None:
    text = value.content if value.kind == "str" else describe(value)
    for word in wanted if isinstance(wanted, list) else [wanted]:
        if word.startswith("$") and word[1:] in bindings:
            word = str(bindings[word[1:]])
        if (word in text) != has:
            return f"expected text that {'has' if has else 'has not'} {word!r}, got {describe(value, 2000)}"
    return None


def _has(wanted: dict[str, Any], value: Value, bindings: dict[str, Any]) -> str | None:
    if value.kind != "dict":
        return f"expected a dict, got {describe(value)}"
    fields = {key.content: item for key, item in value.content if key.kind == "str"}
    for key, pattern in wanted.items():
        if key not in fields:
            return f"the key {key!r} is missing from {describe(value)}"
        problem = mismatch(pattern, fields[key], bindings)
        if problem is not None:
            return f"at {key!r}: {problem}"
    return None


def _holds(wanted: Any, value: Value, bindings: dict[str, Any]) -> str | None:
    if value.kind != "bytes":
        return f"expected bytes, got {describe(value)}"
    try:
        held = read_value(value.content)
    except NotAValue as error:
        return f"the bytes do not encode a value: {error}"
    return mismatch(wanted, held, bindings)


def _items(wanted: list[Any], value: Value, bindings: dict[str, Any]) -> str | None:
    if value.kind not in ("list", "tuple"):
        return f"expected a list, got {describe(value)}"
    if len(wanted) != len(value.content):
        return f"expected {len(wanted)} elements, got {describe(value)}"
    for number, (pattern, element) in enumerate(zip(wanted, value.content, strict=True)):
        problem = mismatch(pattern, element, bindings)
        if problem is not None:
            return f"at [{number}]: {problem}"
    return None
