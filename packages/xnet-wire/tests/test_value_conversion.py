"""What stands for a value. Spec: VA-006, VA-011, VA-012."""

from __future__ import annotations

import collections
import enum
from importlib.util import find_spec
from typing import Any

import pytest

from wire_strategies import Reference, exactly, reference_id
from xnet_wire import dump_format, values
from xnet_wire.errors import DumpError
from xnet_wire.messages import ExecRequest, decode_exec, encode_exec
from xnet_wire.value_conversion import NO_VALUE, as_value, find_clash
from xnet_wire.value_types import CONTAINERS, SENDABLE_SCALARS

ACCEPTED = CONTAINERS | SENDABLE_SCALARS
needs_numpy = pytest.mark.skipif(find_spec("numpy") is None, reason="needs numpy, which is not installed")


def named(base: type, name: str = "", **members: Any) -> Any:
    """Return a subclass with the name of its base, or another one."""
    return type(name or base.__name__, (base,), members)


def numpy_scalar(name: str, *arguments: Any) -> Any:
    import numpy as np

    return getattr(np, name)(*arguments)


#: Values of each type that has subclasses.
SUBCLASSED: list[Any] = [
    5, -(2**70), 1.5, 1 - 2j, "h\xe9", b"\xff", [1, "a"], (1, (2,)), {"b": 1, "a": [2]}, {1, "a"},
    frozenset({3}),
]  # fmt: skip


@pytest.mark.parametrize("value", SUBCLASSED, ids=lambda value: type(value).__name__)
def test_va012_an_instance_of_a_subclass_with_the_name_of_its_base_is_taken(value: Any) -> None:
    item = named(type(value))(value)
    assert exactly(as_value(item, ACCEPTED)) == exactly(value)
    for place in (lambda one: one, lambda one: [1, one], lambda one: {"k": (one,)}):
        assert values.encode(place(item)) == values.encode(place(value))
        assert dump_format.dumps(place(item)) == dump_format.dumps(place(value))


def test_va012_a_bytearray_too_but_not_in_dumps_which_take_none() -> None:
    item = named(bytearray)(b"ab")
    assert values.encode([item]) == values.encode([b"ab"])
    with pytest.raises(DumpError, match="can't serialize an object of type"):
        dump_format.dumps(item)


@needs_numpy
@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [
        ("bool_", 1, True),
        ("bool_", 0, False),
        *((f"int{bits}", -5, -5) for bits in (8, 16, 32, 64)),
        *((f"uint{bits}", 2**bits - 1, 2**bits - 1) for bits in (8, 16, 32, 64)),
        *((name, 3, 3) for name in ("intc", "uintc", "longlong", "ulonglong", "intp")),
        *((f"float{bits}", -0.5, -0.5) for bits in (16, 32, 64)),
        ("float32", 0.1, 0.10000000149011612),  # the very number that it holds
        ("float64", -0.0, -0.0),
        ("complex64", 1 - 2j, 1 - 2j),
        ("complex128", 0.1j, 0.1j),
        ("str_", "h\xe9", "h\xe9"),
        ("bytes_", b"a\0b", b"a\0b"),
    ],
)
def test_va012_a_scalar_of_numpy_is_taken_as_pythons(name: str, argument: Any, value: Any) -> None:
    item = numpy_scalar(name, argument)
    assert exactly(as_value(item, ACCEPTED)) == exactly(value)
    assert values.encode({"ok": [item]}) == values.encode({"ok": [value]})
    assert values.encode(item) == values.encode(value)
    assert dump_format.dumps((item,)) == dump_format.dumps((value,))


@needs_numpy
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("longdouble", ("0.1",)),
        ("clongdouble", (1j,)),
        ("datetime64", ("2020-01-01",)),
        ("timedelta64", (1, "s")),
        ("void", (b"ab",)),
        ("array", ([1, 2],)),
        ("array", (True,)),
    ],
)
def test_va012_what_no_value_keeps_exactly_is_refused(name: str, arguments: Any) -> None:
    item = numpy_scalar(name, *arguments)
    assert as_value(item, ACCEPTED) is NO_VALUE
    with pytest.raises(DumpError, match=r"can't serialize an object of type numpy\.\w+ at \['a'\]\[1\]\.$"):
        values.encode({"a": (0, item)})
    with pytest.raises(DumpError, match=r"can't serialize an object of type numpy\.\w+ at \['a'\]\[1\]\.$"):
        dump_format.dumps({"a": (0, item)})


@needs_numpy
def test_va012_a_subclass_of_a_scalar_of_numpy_is_somebody_elses() -> None:
    import numpy as np

    metres = type("Metres", (np.float64,), {})(1.5)
    assert as_value(metres, ACCEPTED) is NO_VALUE


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")  # noqa: PYI024 - what programs have


@pytest.mark.parametrize(
    "item",
    [
        Colour.RED,
        Point(1, 2),
        collections.OrderedDict(a=1),
        collections.defaultdict(int),
        collections.Counter("ab"),
        named(str, "Markup")("x"),
        named(str, "bytes")("x"),  # the name of another type
        type("list", (), {})(),  # only the name
    ],
    ids=lambda item: type(item).__name__,
)
def test_va006_other_subclasses_stay_refused(item: Any) -> None:
    assert as_value(item, ACCEPTED) is NO_VALUE
    with pytest.raises(DumpError, match=r"can't serialize an object of type .* at \[1\]"):
        values.encode([0, item])
    with pytest.raises(DumpError, match=r"can't serialize an object of type .* at \[1\]"):
        dump_format.dumps([0, item])


def test_what_is_named_bool_is_asked_whether_it_is_true() -> None:
    class Verdict:
        def __init__(self, good: bool) -> None:
            self.good = good

        def __bool__(self) -> bool:
            return self.good

    Verdict.__name__ = "bool"
    assert values.encode([Verdict(True), Verdict(False)]) == values.encode([True, False])
    assert values.encode(named(int, "bool")(5)) == values.encode(True)


def test_methods_that_a_subclass_has_put_in_place_are_not_asked() -> None:
    def lie(*_: Any) -> Any:
        raise AssertionError("asked")

    lies = dict.fromkeys(["__iter__", "__len__", "__getitem__", "__int__", "__str__", "items", "encode"], lie)
    for value in SUBCLASSED:
        item = type(type(value).__name__, (type(value),), dict(lies))(value)
        assert values.encode([item]) == values.encode([value])
        assert dump_format.dumps([item]) == dump_format.dumps([value])


def test_a_type_without_a_module_is_refused_like_others() -> None:
    scope: dict[str, Any] = {}
    exec("class Thing: pass", {"__builtins__": __builtins__}, scope)
    with pytest.raises(DumpError, match=r"an object of type (builtins\.)?Thing at \[0\]"):
        values.encode([scope["Thing"]()])


class TestKeys:
    def test_they_are_converted_at_any_depth(self) -> None:
        text = named(str)
        item = {text("k"): 1, (text("a"), frozenset({text("b")})): {text("c")}}
        plain = {"k": 1, ("a", frozenset({"b"})): {"c"}}
        assert values.encode(item) == values.encode(plain)
        assert dump_format.dumps(item) == dump_format.dumps(plain)

    @pytest.mark.parametrize(
        "inner", [lambda key: key, lambda key: (key,), lambda key: frozenset([(1, key)])]
    )
    def test_va011_two_that_become_equal_are_refused(self, inner: Any) -> None:
        loner = named(str, __eq__=lambda self, other: self is other, __hash__=object.__hash__)
        for item, what in (
            ({inner(loner("k")): 1, inner(loner("k")): 2}, "dict in which two keys"),
            ({inner(loner("k")): 1, inner("k"): 2}, "dict in which two keys"),
            ({inner(loner("k")), inner("k")}, "set in which two elements"),
            (frozenset({inner(loner("k")), inner("k")}), "frozenset in which two elements"),
        ):
            for encode in (values.encode, dump_format.dumps):
                with pytest.raises(
                    DumpError, match=rf"can't serialize a {what} become equal, both .* at \[0\]\.$"
                ):
                    encode([item])

    def test_one_that_cannot_be_hashed_as_a_value_is_refused(self) -> None:
        odd = named(list, __hash__=lambda self: 1)
        assert find_clash({odd(): 1}, ACCEPTED) == "a dict with <list> among its keys"
        with pytest.raises(DumpError, match="can't serialize a set with <list> among its elements"):
            values.encode({odd()})

    def test_what_is_no_value_and_references_are_left_to_the_encoder(self) -> None:
        assert find_clash({Reference(1): 1, (Reference(2), range(3)): 2, 1.5: 3}, ACCEPTED) is None
        item = {Reference(1): named(list)([Reference(2)])}
        data = values.encode(item, Reference, reference_id)
        assert data == values.encode({Reference(1): [Reference(2)]}, Reference, reference_id)


class TestEveryWayToAnEncoder:
    def test_parts_batches_and_arguments(self) -> None:
        item, plain = [named(str)("x" * 50)], ["x" * 50]
        assert b"".join(values.encode_parts(item, 16)) == values.encode(plain)
        assert values.encode_batch([values.encode(item)]) == b"\x81" + values.encode(plain)
        payload = encode_exec(ExecRequest("", kwargs={"a": named(int)(5), "b": item}))
        assert exactly(decode_exec(payload).kwargs) == exactly({"a": 5, "b": plain})

    def test_va023_depth_and_cycles_are_seen_through_them(self) -> None:
        kind = named(list)
        deep: Any = kind()
        for _ in range(63):
            deep = kind([deep])
        assert values.encode(deep, max_depth=64) == b"\x81" * 63 + b"\x80"
        with pytest.raises(DumpError, match="nested this deeply"):
            values.encode(kind([deep]), max_depth=64)
        loop = kind()
        loop += [{"a": loop}, loop]
        with pytest.raises(DumpError, match=r"can't serialize a list that contains itself\.$"):
            values.encode(loop)
        with pytest.raises(DumpError, match="nested too deeply, or contains itself"):
            dump_format.dumps(loop)
