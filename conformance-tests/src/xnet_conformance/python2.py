"""What a testee in Python 2 makes of values: its ``str`` is bytes and text in one. Spec: VA-031."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnet_conformance.values import SEQUENCES, Value

if TYPE_CHECKING:
    from collections.abc import Callable


def as_python2(value: Value) -> Value:
    """Return what a value is when Python 2 sends it back: bytes are its str."""
    return _convert(value, lambda one: Value("py2str", one.content) if one.kind == "bytes" else one)


def with_text(value: Value) -> Value:
    """Return a value with each str of Python 2 as text, where it is UTF-8."""
    return _convert(value, _as_text)


def _as_text(value: Value) -> Value:
    if value.kind != "py2str":
        return value
    try:
        return Value("str", value.content.decode("utf-8"))
    except UnicodeDecodeError:
        return value


def _convert(value: Value, scalar: Callable[[Value], Value]) -> Value:
    if value.kind == "dict":
        pairs = ((_convert(k, scalar), _convert(v, scalar)) for k, v in value.content)
        return Value(value.kind, tuple(pairs))
    if value.kind in SEQUENCES:
        return Value(value.kind, tuple(_convert(element, scalar) for element in value.content))
    return scalar(value)
