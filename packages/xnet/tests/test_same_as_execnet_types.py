"""What released execnet sends and dumps, xnet sends and dumps with the same result, type by type.

execnet goes by the *name* of a type. Spec: VA-012.
"""

from __future__ import annotations

import array
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import types
from collections import ChainMap, Counter, OrderedDict, UserDict, defaultdict, deque, namedtuple
from importlib.util import find_spec
from typing import Any, Final

import pytest

from execnet_twins import PATIENCE_S, Lab, Twins

ECHO = "for item in channel: channel.send(item)"


def named(base: type, name: str = "") -> Any:
    """Return a subclass with the name of its base, or another one."""
    return type(name or base.__name__, (base,), {})


def named_tuple(name: str) -> Any:
    point = namedtuple("point", "a b")  # noqa: PYI024 - what users have
    point.__name__ = name
    return point(1, 2)


class Truth:
    """Not a bool, and named so below."""

    def __bool__(self) -> bool:
        return True


Truth.__name__ = "bool"

Colour = enum.Enum("Colour", {"RED": "red"})
Text = enum.Enum("Text", {"A": "a"}, type=str)
Number = enum.IntEnum("Number", {"ONE": 1})

#: By name, so that a failure says which.
ITEMS: Final[dict[str, Any]] = {
    "int named int": named(int)(5),
    "large int named int": named(int)(2**70),
    "float named float": named(float)(-0.0),
    "complex named complex": named(complex)(1j),
    "str named str": named(str)("h\xe9"),
    "bytes named bytes": named(bytes)(b"\xff"),
    "list named list": named(list)([1, named(str)("a")]),
    "tuple named tuple": named(tuple)((1, ())),
    "dict named dict": named(dict)({named(str)("a"): [1]}),
    "set named set": named(set)([1]),
    "frozenset named frozenset": named(frozenset)([1]),
    "OrderedDict named dict": named(OrderedDict, "dict")(b=1, a=2),
    "namedtuple named tuple": named_tuple("tuple"),
    "IntEnum named int": enum.IntEnum("int", {"ONE": 1}).ONE,  # type: ignore[attr-defined]
    "str Enum named str": enum.Enum("str", {"A": "a"}, type=str).A,  # type: ignore[attr-defined]
    "int named bool": named(int, "bool")(5),
    "something named bool": Truth(),
    "in keys": {named(str)("k"): 1, (named(int)(1),): 2},
    "in elements": {named(str)("k")},
    "str named Markup": named(str, "Markup")("x"),
    "int named number": named(int, "number")(5),
    "dict named Config": named(dict, "Config")(),
    "str named unicode": named(str, "unicode")("x"),
    "namedtuple": named_tuple("Point"),
    "OrderedDict": OrderedDict(a=1),
    "defaultdict": defaultdict(int, a=1),
    "Counter": Counter("ab"),
    "ChainMap": ChainMap({}),
    "UserDict": UserDict(),
    "deque": deque([1]),
    "Enum": Colour.RED,
    "IntEnum": Number.ONE,
    "str Enum": Text.A,
    "Ellipsis": ...,
    "NotImplemented": NotImplemented,
    "range": range(3),
    "dict keys": {1: 2}.keys(),
    "array": array.array("i", [1]),
    "mappingproxy": types.MappingProxyType({}),
    "SimpleNamespace": types.SimpleNamespace(a=1),
    "Path": pathlib.PurePosixPath("/x"),
    "Decimal": decimal.Decimal(1),
    "Fraction": fractions.Fraction(1),
    "date": dt.date(2020, 1, 1),
    "exception": ValueError("x"),
    "function": named,
    "type": int,
}
NUMPY: Final[dict[str, str]] = {
    "numpy.bool": "numpy.bool_(True)",
    "numpy.all": "(numpy.arange(3) < 5).all()",
    "numpy.bool in containers": "{'ok': [numpy.bool_(False)], numpy.bool_(True): {numpy.bool_(True)}}",
    "numpy.datetime64": "numpy.datetime64('2020-01-01')",
    "numpy.timedelta64": "numpy.timedelta64(1, 's')",
    "numpy.longdouble": "numpy.longdouble(1)",
    "numpy.ndarray": "numpy.arange(3)",
    "numpy.void": "numpy.void(b'a')",
}
#: Refused by execnet, taken here: their values are exact, and test suites have them in what they report.
TAKEN: Final[dict[str, tuple[str, object]]] = {
    "numpy.int64": ("numpy.int64(-5)", -5),
    "numpy.uint64": ("numpy.uint64(2**64 - 1)", 2**64 - 1),
    "numpy.float32": ("numpy.float32(0.1)", 0.10000000149011612),
    "numpy.float64": ("numpy.float64(0.1)", 0.1),
    "numpy.complex64": ("numpy.complex64(1j)", 1j),
    "numpy.str_": ("numpy.str_('a')", "a"),
    "numpy.bytes_": ("numpy.bytes_(b'a')", b"a"),
}


def show(lab: Lab, item: object) -> None:
    """Show what becomes of an item in a dump, and on its way to another interpreter and back."""
    lab.attempt(lab.execnet.dumps, item)
    channel = lab.gateway.remote_exec(ECHO)
    try:
        channel.send(item)
    except Exception as error:  # noqa: BLE001 - its kind is the result
        lab.lines.append(f"raises {lab.kind_of(error)}")
    else:
        back = channel.receive(PATIENCE_S)
        lab.show(type(back), back)
    channel.close()


def from_numpy(expression: str) -> Any:
    if find_spec("numpy") is None:
        pytest.skip("needs numpy, which is not installed")
    import numpy as np

    return eval(expression, {"numpy": np})


@pytest.mark.parametrize("name", ITEMS)
def test_each_type_is_taken_or_refused_as_by_execnet(twins: Twins, name: str) -> None:
    theirs, ours = twins.run(lambda lab: show(lab, ITEMS[name]))
    assert ours == theirs


@pytest.mark.parametrize("name", NUMPY)
def test_each_type_of_numpy_is_taken_or_refused_as_by_execnet(twins: Twins, name: str) -> None:
    item = from_numpy(NUMPY[name])
    theirs, ours = twins.run(lambda lab: show(lab, item))
    assert ours == theirs


@pytest.mark.parametrize("name", TAKEN)
def test_these_scalars_of_numpy_are_taken_though_execnet_refuses_them(twins: Twins, name: str) -> None:
    expression, value = TAKEN[name]
    item = from_numpy(expression)
    theirs, ours = twins.run(lambda lab: show(lab, item))
    assert theirs == ["raises execnet.DumpError"] * 2
    _, plain = twins.run(lambda lab: show(lab, value))
    assert ours == plain
