"""Values as the runner has them: a kind and a content, and the tagged notation of cases and reports.

Not Python's own values: ``1``, ``1.0`` and ``True`` are one key of a dict there, a NaN is not equal to
itself, and ``-0.0`` is equal to ``0.0``. Here two values are equal if a receiver cannot tell them apart.

==========  ==========================================  =======================================
kind        content                                     tagged notation
==========  ==========================================  =======================================
null        None                                        ``null``
bool        bool                                        ``true``
int         int                                         ``{t: int, v: "-5"}`` or ``-5``
float       8 bytes, IEEE 754 big endian                ``{t: float, v: "3ff8000000000000"}`` or ``v: "1.5"``
complex     two floats' contents                        ``{t: complex, v: ["1.5", "-0.0"]}``
bytes       bytes                                       ``{t: bytes, v: "00ff"}``
str         str                                         ``{t: str, v: "a"}`` or ``"a"``
list        tuple of values                             ``{t: list, v: [...]}`` or ``[...]``
tuple       tuple of values                             ``{t: tuple, v: [...]}``
dict        tuple of pairs                              ``{t: dict, v: [[key, value], ...]}``
set         tuple of values                             ``{t: set, v: [...]}``
frozenset   tuple of values                             ``{t: frozenset, v: [...]}``
channel     int or the name of a channel                ``{t: channel, v: "3"}``
py2str      bytes                                       ``{t: py2str, v: "00ff"}``
surrogates  bytes, generalised UTF-8                    ``{t: surrogates, v: "eda080"}``
==========  ==========================================  =======================================

Large ones are described: ``{t: bytes, fill: "61", n: 70000}``, ``{t: str, fill: "x", n: 5}``,
``{t: list, of: 0, n: 1000}``, and ``{t: nest, n: 64}`` for 64 nested lists, the innermost
empty. With ``kind: tuple`` they are tuples, with ``kind: dict, key: a`` dicts with that key; ``inside`` is in
the innermost.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many containers in each other are described, and shown to people.
_DEEP: Final = 16
NAN_BYTES: Final = struct.pack(">d", math.nan)
SEQUENCES: Final = frozenset({"list", "tuple", "set", "frozenset"})
KINDS: Final = frozenset(
    {"null", "bool", "int", "float", "complex", "bytes", "str", "dict", "channel", "py2str", "surrogates"}
    | SEQUENCES
)


@attrs.frozen(eq=False)
class Value:
    """One value of the closed set. Spec: VA-001."""

    kind: str
    content: Any

    def __eq__(self, other: object) -> bool:
        """Compare without recursion: values nest deeper than some versions of Python can compare tuples."""
        waiting: list[tuple[object, object]] = [(self, other)]
        while waiting:
            one, two = waiting.pop()
            if one is two:
                continue
            if isinstance(one, Value) and isinstance(two, Value):
                if one.kind != two.kind:
                    return False
                waiting.append((one.content, two.content))
            elif isinstance(one, tuple) and isinstance(two, tuple):
                if len(one) != len(two):
                    return False
                waiting += zip(one, two, strict=True)
            elif isinstance(one, Value) or isinstance(two, Value) or one != two:
                return False
        return True

    def __hash__(self) -> int:
        return hash((self.kind, self.content))


NULL: Final = Value("null", None)


def float_content(number: float) -> bytes:
    """Return the content of a float; all NaNs are one (VA-004: its other bits may change)."""
    return NAN_BYTES if number != number else struct.pack(">d", number)


def parse_float(text: str) -> bytes:
    """Return the content that 16 hexadecimal digits or a decimal number stand for."""
    if len(text) == 16 and all(c in "0123456789abcdefABCDEF" for c in text):
        return float_content(struct.unpack(">d", bytes.fromhex(text))[0])
    try:
        return float_content(float(text))
    except ValueError:
        raise CaseError(f"{text!r} is neither a decimal number nor 16 hexadecimal digits") from None


def parse_value(tagged: object) -> Value:
    """Return the value of the tagged notation.

    Raises:
        CaseError: It is none.
    """
    if tagged is None:
        return NULL
    if isinstance(tagged, bool):
        return Value("bool", tagged)
    if isinstance(tagged, int):
        return Value("int", tagged)
    if isinstance(tagged, str):
        return Value("str", tagged)
    if isinstance(tagged, list):
        return Value("list", tuple(parse_value(element) for element in tagged))
    if isinstance(tagged, float):
        raise CaseError(f"the float {tagged} in a case: write {{t: float, v: ...}}, which keeps every bit")
    if not isinstance(tagged, dict) or "t" not in tagged:
        raise CaseError(f"{tagged!r} is not a tagged value: expected a map with the keys t and v")
    if "v" not in tagged:
        return _parse_described(tagged)
    try:
        return _parse_tagged(str(tagged["t"]), tagged["v"])
    except (TypeError, ValueError):  # it may be what an adapter has answered: anything at all
        raise CaseError(
            f"{tagged['v']!r:.200} is not valid content for a value of kind {tagged['t']!r:.50}"
        ) from None


def parse_answer(tagged: object) -> Value:
    """Return the value that a program has answered: it may be anything, and only the full notation counts.

    Raises:
        CaseError: It is none.
    """
    waiting = [tagged]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict) and "v" not in one:
            # A large value that is described would be ours to make.
            raise CaseError(f"{one!r:.200} is not a tagged value: expected a map with the keys t and v")
        waiting += one if isinstance(one, list) else one.values() if isinstance(one, dict) else ()
    try:
        return parse_value(tagged)
    except RecursionError:
        raise CaseError("the tagged value is nested too deeply") from None


def _parse_tagged(kind: str, content: Any) -> Value:
    if kind == "null":
        return NULL
    if kind == "bool":
        return Value("bool", content in (True, "true"))
    if kind == "int":
        return Value("int", int(content))
    if kind == "float":
        return Value("float", parse_float(str(content)))
    if kind == "complex":
        real, imaginary = content
        return Value("complex", (parse_float(str(real)), parse_float(str(imaginary))))
    if kind in ("bytes", "py2str", "surrogates"):
        return Value(kind, bytes.fromhex(content))
    if kind == "str" and isinstance(content, str):
        return Value("str", content)
    if kind == "dict":
        return Value("dict", tuple((parse_value(key), parse_value(value)) for key, value in content))
    if kind == "channel":
        text = str(content)
        return Value("channel", int(text) if text.isdigit() else text)
    if kind in SEQUENCES:
        return Value(kind, tuple(parse_value(element) for element in content))
    if kind in KINDS:
        raise TypeError
    raise CaseError(f"unknown kind of value {kind!r}: {', '.join(sorted(KINDS))}")


def _parse_described(tagged: dict[str, Any]) -> Value:
    kind, count = tagged["t"], tagged.get("n")
    if not isinstance(count, int) or count < 0:
        raise CaseError(f"{tagged!r} has neither v nor a number n")
    if kind in ("bytes", "py2str"):
        return Value(kind, bytes.fromhex(tagged.get("fill", "00")) * count)
    if kind == "str":
        return Value("str", tagged.get("fill", "x") * count)
    if kind == "nest":
        return _parse_nest(tagged, count)
    if kind == "list":
        return Value("list", (parse_value(tagged.get("of", 0)),) * count)
    raise CaseError(f"values of kind {kind!r} cannot be described by n")


def _parse_nest(tagged: dict[str, Any], count: int) -> Value:
    kind = tagged.get("kind", "list")
    if kind not in SEQUENCES | {"dict"}:
        raise CaseError(f"values of kind {kind!r} do not nest")
    content: tuple[Value, ...] = (parse_value(tagged["inside"]),) if "inside" in tagged else ()
    key = parse_value(tagged["key"]) if kind == "dict" else None
    for _ in range(count):
        content = (Value(kind, content if key is None else tuple((key, item) for item in content)),)
    return content[0] if content else NULL


def format_shallow(value: Value) -> object:
    """Return the tagged notation, with ``nest`` for containers in each other that have nothing else in them.

    Many parsers of JSON take a hundred levels and no more.
    """
    kind, count, inside = value.kind, 0, value
    if kind not in SEQUENCES | {"dict"}:
        return format_value(value)
    key = value.content[0][0] if kind == "dict" and value.content else None
    while inside.kind == kind and len(inside.content) == 1:
        if kind == "dict" and inside.content[0][0] != key:
            break
        count += 1
        inside = inside.content[0][1] if kind == "dict" else inside.content[0]
    if count < _DEEP:
        return _format(value, format_shallow)
    nest: dict[str, object] = {"t": "nest", "kind": kind, "n": count}
    if key is not None:
        nest["key"] = format_value(key)
    if inside == Value(kind, ()):
        return {**nest, "n": count + 1}
    return {**nest, "inside": format_shallow(inside)}


def format_value(value: Value) -> object:
    """Return the full tagged notation: each scalar but null and bool is text, so that JSON loses nothing."""
    return _format(value, format_value)


def _format(value: Value, inner: Callable[[Value], object]) -> object:
    kind, content = value.kind, value.content
    if kind in ("null", "bool"):
        return content
    if kind in ("int", "str", "channel"):
        return {"t": kind, "v": str(content)}
    if kind == "float":
        return {"t": kind, "v": content.hex()}
    if kind == "complex":
        return {"t": kind, "v": [part.hex() for part in content]}
    if kind in ("bytes", "py2str", "surrogates"):
        return {"t": kind, "v": content.hex()}
    if kind == "dict":
        return {"t": kind, "v": [[inner(key), inner(item)] for key, item in content]}
    return {"t": kind, "v": [inner(element) for element in content]}


def describe(value: Value, most: int = 200) -> str:
    """Return the value as people read it, shortened."""
    text = _describe(value, most, _DEEP)
    return text if len(text) <= most else f"{text[: most - 20]}... ({len(text)} characters)"


def _describe(value: Value, most: int, levels: int) -> str:
    kind, content = value.kind, value.content
    if kind in ("null", "bool"):
        return {None: "null", True: "true", False: "false"}[content]
    if kind == "int":
        return str(content) if content.bit_length() < 2000 else f"an integer of {content.bit_length()} bits"
    if kind == "float":
        return repr(struct.unpack(">d", content)[0])
    if kind == "complex":
        real, imaginary = (struct.unpack(">d", part)[0] for part in content)
        return f"complex({real!r}, {imaginary!r})"
    if kind in ("bytes", "py2str", "surrogates"):
        prefix = "h" if kind == "bytes" else f"{kind} "
        shown = content[:32].hex() + ("" if len(content) <= 32 else f"...({len(content)} bytes)")
        return f"{prefix}'{shown}'"
    if kind == "str":
        if len(content) <= most:
            return repr(content)
        # The end as well: that is where a traceback says what went wrong.
        return f"{content[:40]!r} ... {content[-100:]!r} ({len(content)} characters)"
    if kind == "channel":
        return f"channel({content})"
    if levels == 0 and content:
        return "..."
    if kind == "dict":
        shown = (
            f"{_describe(key, most, levels - 1)}: {_describe(item, most, levels - 1)}"
            for key, item in content[:20]
        )
        return "{" + ", ".join(shown) + "}"
    inner = ", ".join(_describe(element, most, levels - 1) for element in content[:20])
    if len(content) > 20:
        inner += f", ... {len(content)} elements"
    return f"[{inner}]" if kind == "list" else f"{kind}({inner})"
