"""The ``value:`` lines of examples: Python literals and a few names; and exact comparison."""

from __future__ import annotations

import ast
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Channel:
    """A channel reference as a decoder hands it out."""

    id: int


def evaluate(text: str) -> object:
    """Return the value that the text describes.

    Args:
        text: A Python literal; also ``nan``, ``inf``, ``set()``, ``frozenset(...)``, ``channel(3)``
            and ``repeat(x, n)`` for a long string.

    Raises:
        ValueError: The text is something else.
    """
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ValueError(f"{text!r} is no Python literal: {error.msg}") from error


def _value(node: ast.expr) -> object:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="nan"):
            return float("nan")
        case ast.Name(id="inf"):
            return float("inf")
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(element) for element in elements)
        case ast.Set(elts=elements):
            return {_value(element) for element in elements}
        case ast.Dict(keys=keys, values=values):
            return {
                _value(key): _value(value) for key, value in zip(keys, values, strict=True) if key is not None
            }
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_number(operand)
        case ast.BinOp(left=left, op=operator, right=right):
            return _binary(_number(left), operator, _number(right))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, [_value(argument) for argument in arguments])
    raise ValueError(f"{ast.unparse(node)} is not allowed in a value")


def _number(node: ast.expr) -> int | float | complex:
    value = _value(node)
    if not isinstance(value, int | float | complex):
        raise ValueError(f"{ast.unparse(node)} is no number")
    return value


def _binary(left: complex, operator: ast.operator, right: complex) -> complex:
    if isinstance(operator, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        return int(left**right)
    if isinstance(operator, ast.Add):
        return left + right
    if isinstance(operator, ast.Sub):
        return left - right
    raise ValueError("only **, + and - are allowed in a value")


def _call(name: str, arguments: list[object]) -> object:
    match name, arguments:
        case "set", []:
            return set()
        case "frozenset", []:
            return frozenset()
        case "frozenset", [set() | frozenset() as elements]:
            return frozenset(elements)
        case "channel", [int(id_)]:
            return Channel(id_)
        case "repeat", [str() | bytes() as unit, int(count)]:
            return unit * count
        case "complex", [int() | float() as real, int() | float() as imaginary]:
            return complex(real, imaginary)
    raise ValueError(f"{name}() with these arguments is not allowed in a value")


def same(left: object, right: object) -> bool:
    """Say whether two values are equal in type and content, bit for bit; a NaN equals a NaN."""
    if type(left) is not type(right):
        return False
    match left, right:
        case float(), float():
            return (left != left and right != right) or struct.pack(">d", left) == struct.pack(">d", right)
        case complex(), complex():
            return same(left.real, right.real) and same(left.imag, right.imag)
        case (list() | tuple(), list() | tuple()):
            return len(left) == len(right) and all(map(same, left, right))
        case dict(), dict():
            return same(list(left.items()), list(right.items()))
        case (set() | frozenset(), set() | frozenset()):
            return len(left) == len(right) and all(any(same(a, b) for b in right) for a in left)
    return left == right
