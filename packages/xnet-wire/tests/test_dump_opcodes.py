from __future__ import annotations

from xnet_wire.dump_opcodes import DUMPFORMAT_VERSION, MAX_INT4, MIN_INT4, opcode

#: In the order of the bytes from ``@``. Data on disk depends on it.
PINNED = """
BUILDTUPLE BYTES CHANNEL FALSE FLOAT FROZENSET INT LONG LONGINT LONGLONG NEWDICT NEWLIST NONE
PY2STRING PY3STRING SET SETITEM STOP TRUE UNICODE COMPLEX
"""


def test_the_opcodes_are_pinned() -> None:
    codes = {name: value for name, value in vars(opcode).items() if name.isupper()}
    assert codes == {name: bytes([0x40 + index]) for index, name in enumerate(PINNED.split())}
    assert opcode.COMPLEX == b"T"


def test_the_version_and_the_range_of_numbers() -> None:
    assert DUMPFORMAT_VERSION == b"\x02"
    assert (MIN_INT4, MAX_INT4) == (-(2**31), 2**31 - 1)
