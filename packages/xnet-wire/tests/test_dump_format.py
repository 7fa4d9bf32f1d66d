"""The four functions, and the comparison with released execnet."""

from __future__ import annotations

import importlib.util
import io
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_strategies import exactly, items
from xnet_wire import dump_format
from xnet_wire.dump_format import dump, dumps, load, loads, opcode
from xnet_wire.errors import DataFormatError, DumpError


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    """Released execnet, asked from the outside only."""
    if importlib.util.find_spec("execnet") is None:
        pytest.skip("released execnet is not installed: there is nothing to compare with")
    import execnet

    module: ModuleType = execnet
    if "site-packages" not in (module.__file__ or ""):
        pytest.skip("what is importable as execnet is not the released one")
    return module


def integers_execnet_can_dump(obj: Any) -> bool:
    """Tell whether no int in it is below -2**31, which released execnet fails on."""
    if isinstance(obj, int):
        return obj >= -(2**31)
    if isinstance(obj, dict):
        return all(integers_execnet_can_dump(part) for pair in obj.items() for part in pair)
    if isinstance(obj, (list, tuple, set, frozenset)):
        return all(map(integers_execnet_can_dump, obj))
    return True


@given(obj=items.filter(integers_execnet_can_dump))
def test_dumps_are_execnets_byte_for_byte(oracle: ModuleType, obj: Any) -> None:
    assert dumps(obj) == oracle.dumps(obj)


@given(obj=items)
def test_execnet_loads_what_we_dump(oracle: ModuleType, obj: Any) -> None:
    assert exactly(oracle.loads(dumps(obj))) == exactly(obj)


@given(
    obj=items.filter(integers_execnet_can_dump),
    py2str_as_py3str=st.booleans(),
    py3str_as_py2str=st.booleans(),
)
def test_we_load_what_execnet_loads(oracle: ModuleType, obj: Any, **flags: bool) -> None:
    data = oracle.dumps(obj)
    try:
        expected = oracle.loads(data, **flags)
    except TypeError:
        return
    assert exactly(loads(data, **flags)) == exactly(expected)


@pytest.mark.parametrize("old", [b"M\0\0\0\2\xe9b", b"S\0\0\0\2\xc3\xa9", b"G\0\0\0\5", b"I\0\0\0\2-5"])
@pytest.mark.parametrize("flags", [{}, {"py2str_as_py3str": True}, {"py3str_as_py2str": True}])
def test_python_2_data_loads_as_in_execnet(oracle: ModuleType, old: bytes, flags: dict[str, bool]) -> None:
    data = b"\x02" + old + b"Q"
    assert exactly(loads(data, **flags)) == exactly(oracle.loads(data, **flags))


@given(st.binary(max_size=40))
def test_what_execnet_reports_as_damaged_we_report_too(oracle: ModuleType, data: bytes) -> None:
    try:
        oracle.loads(b"\x02" + data)
    except Exception:  # noqa: BLE001 - it raises many kinds
        with pytest.raises((DataFormatError, EOFError)):
            loads(b"\x02" + data)


def test_the_opcodes_are_execnets(oracle: ModuleType) -> None:
    theirs = vars(oracle.gateway_base.opcode)
    ours = {name: value for name, value in vars(opcode).items() if name.isupper()}
    assert ours == {name: value for name, value in theirs.items() if name.isupper()}


@given(items)
def test_a_round_trip_keeps_everything(obj: Any) -> None:
    assert exactly(loads(dumps(obj))) == exactly(obj)


@pytest.mark.parametrize("bits", [31, 32, 63, 64, 200])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("delta", [-1, 0, 1])
def test_ints_at_every_boundary(bits: int, sign: int, delta: int) -> None:
    number = sign * 2**bits + delta
    assert loads(dumps(number)) == number
    assert loads(dumps([{number: (number,)}])) == [{number: (number,)}]


def test_bool_is_not_int() -> None:
    assert [type(obj) for obj in loads(dumps([True, 1, False, 0]))] == [bool, int, bool, int]


def test_streams_hold_one_dump_after_the_other() -> None:
    stream = io.BytesIO()
    for obj in (1, "two", (3,)):
        dump(stream, obj)
    stream.write(b"rest")
    stream.seek(0)
    assert [load(stream) for _ in range(3)] == [1, "two", (3,)]
    assert stream.read() == b"rest"


def test_what_follows_a_dump_is_not_looked_at() -> None:
    assert loads(dumps(1) + b"anything") == 1
    assert loads(bytearray(dumps(1))) == 1


def test_load_takes_the_flags_too() -> None:
    data = b"\x02M\0\0\0\1\xe9Q"
    assert load(io.BytesIO(data)) == b"\xe9"
    assert load(io.BytesIO(data), py2str_as_py3str=True) == "é"
    assert loads(dumps("é"), py3str_as_py2str=True) == b"\xc3\xa9"


def test_another_version_is_a_data_format_error() -> None:
    for data in (b"", b"\x01LQ", b"LQ"):
        with pytest.raises(DataFormatError):
            loads(data)


def test_nothing_is_written_of_what_cannot_be_dumped() -> None:
    stream = io.BytesIO()
    with pytest.raises(DumpError):
        dump(stream, [1, object()])
    assert stream.getvalue() == b""


def test_the_classes_are_where_the_compatibility_modules_look() -> None:
    data = dump_format._Serializer().save([1, "a"])
    assert data is not None
    assert dump_format.Unserializer(io.BytesIO(data)).load() == [1, "a"]
