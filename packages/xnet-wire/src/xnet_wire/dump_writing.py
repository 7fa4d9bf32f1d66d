"""Write execnet's dump format: the object to the bytes that execnet writes, byte for byte."""

from __future__ import annotations

from struct import Struct

from xnet_wire.dump_opcodes import DUMPFORMAT_VERSION, MAX_INT4, MIN_INT4, opcode
from xnet_wire.errors import DumpError
from xnet_wire.item_path import ELEMENT, ITEM, KEY, VALUE, at_path, describe_refused, short_repr
from xnet_wire.value_conversion import NO_VALUE, as_value, find_clash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_wire.item_path import Step

_pack_int4: Final = Struct(">i").pack
_pack_float: Final = Struct(">d").pack
_pack_complex: Final = Struct(">dd").pack

_ACCEPTED: Final = frozenset(
    {type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset}
)
#: Containers that hash what is in them.
_HASHING: Final = frozenset({dict, set, frozenset})
_CONSTANTS: Final = {None: opcode.NONE, True: opcode.TRUE, False: opcode.FALSE}


class _RefusedError(Exception):
    """Something cannot be dumped; the path is filled in on the way out."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.steps: list[Step] = []


class _Serializer:
    """Dump objects, each complete in itself.

    Args:
        write: Called once with the bytes of each dump; None to have them returned.

    Attributes:
        channel_type: Objects of this type are dumped as a reference to their ``id``. A subclass
            sets it; dumps on disk have no channels.
    """

    channel_type: type | None = None

    def __init__(self, write: Callable[[bytes], object] | None = None) -> None:
        if write is not None and not callable(write):
            raise TypeError(f"{type(write).__name__!r} object is not callable: write takes bytes, or is None")
        self._write = write

    def save(self, obj: object, versioned: bool = False) -> bytes | None:
        """Dump one object.

        Args:
            obj: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset,
                nested freely, and what stands for one of them (see ``value_conversion``).
            versioned: Begin with the byte of the format version.

        Returns:
            The dump, or None when it went to ``write``.

        Raises:
            DumpError: Our caller's object holds something else; names it and the path to it.
                Nothing was written then.
        """
        dump = self.dump(obj, versioned)
        if self._write is None:
            return dump
        self._write(dump)
        return None

    def dump(self, obj: object, versioned: bool = False) -> bytes:
        """Return the dump of one object; as ``save``, but nothing is written."""
        version = [DUMPFORMAT_VERSION] if versioned else []
        out = version.copy()
        try:
            try:
                self._save(obj, out.append)
            except _RefusedError:
                out = version
                _Converter(self.channel_type)._save(obj, out.append)
        except _RefusedError as error:
            path = at_path(error.steps[::-1])
            raise DumpError(f"can't serialize {error.problem}{path}.") from None
        except RecursionError:
            raise DumpError(
                "can't serialize the object: it is nested too deeply, or contains itself."
            ) from None
        out.append(opcode.STOP)
        return b"".join(out)

    def _save(self, obj: Any, put: Callable[[bytes], None]) -> None:
        """Append what pushes ``obj`` on the stack."""
        kind = type(obj)
        if kind is str:
            try:
                _put_bytes(opcode.PY3STRING, obj.encode(), put)
            except UnicodeEncodeError as error:
                raise _RefusedError(f"a str with a lone surrogate (character {error.start})") from None
        elif kind is int:
            _put_int(obj, put)
        elif obj is None or kind is bool:
            put(_CONSTANTS[obj])
        elif kind is bytes:
            _put_bytes(opcode.BYTES, obj, put)
        elif kind is float:
            put(opcode.FLOAT + _pack_float(obj))
        elif kind is complex:
            put(opcode.COMPLEX + _pack_complex(obj.real, obj.imag))
        elif kind is list:
            put(opcode.NEWLIST + _int4(len(obj), "a list"))
            for index, item in enumerate(obj):
                put(opcode.INT + _pack_int4(index))
                self._save_member(item, put, ITEM, index)
                put(opcode.SETITEM)
        elif kind is dict:
            put(opcode.NEWDICT)
            for key, value in obj.items():
                self._save_member(key, put, KEY, key)
                self._save_member(value, put, VALUE, key)
                put(opcode.SETITEM)
        elif kind is tuple:
            for index, item in enumerate(obj):
                self._save_member(item, put, ITEM, index)
            put(opcode.BUILDTUPLE + _int4(len(obj), "a tuple"))
        elif kind is set or kind is frozenset:
            for item in obj:
                self._save_member(item, put, ELEMENT, item)
            code = opcode.SET if kind is set else opcode.FROZENSET
            put(code + _int4(len(obj), f"a {kind.__name__}"))
        elif self.channel_type is not None and isinstance(obj, self.channel_type):
            number: int = obj.id  # type: ignore[attr-defined]
            put(opcode.CHANNEL + _pack_int4(number))
        else:
            raise _RefusedError(describe_refused(kind, _ACCEPTED))

    def _save_member(self, obj: object, put: Callable[[bytes], None], form: str, step: object) -> None:
        """Append a member of a container, and note the step to it if it is refused."""
        try:
            self._save(obj, put)
        except _RefusedError as error:
            error.steps.append((form, step))
            raise


class _Converter(_Serializer):
    """Dump also what stands for a value; see ``value_conversion``. Used where the other one has refused."""

    def __init__(self, channel_type: type | None) -> None:
        super().__init__()
        self.channel_type = channel_type

    def _save(self, obj: Any, put: Callable[[bytes], None]) -> None:
        is_channel = self.channel_type is not None and isinstance(obj, self.channel_type)
        if type(obj) not in _ACCEPTED and not is_channel:
            value = as_value(obj, _ACCEPTED)
            if value is not NO_VALUE:
                obj = value
        clash = find_clash(obj, _ACCEPTED) if type(obj) in _HASHING else None
        if clash is not None:
            raise _RefusedError(clash)
        super()._save(obj, put)


def _put_int(number: int, put: Callable[[bytes], None]) -> None:
    """Append an int: four bytes if they do, else its decimal digits."""
    if MIN_INT4 <= number <= MAX_INT4:
        put(opcode.INT + _pack_int4(number))
        return
    try:
        digits = b"%d" % number
    except ValueError:  # Python's own limit on the length of decimal numbers
        raise _RefusedError(
            f"{short_repr(number)}, which has more decimal digits than Python allows"
        ) from None
    _put_bytes(opcode.LONGINT, digits, put)


def _put_bytes(code: bytes, data: bytes, put: Callable[[bytes], None]) -> None:
    """Append an opcode with a length and bytes."""
    put(code + _int4(len(data), "a string"))
    put(data)


def _int4(count: int, what: str) -> bytes:
    """Return a length or count in four bytes."""
    if count > MAX_INT4:
        raise _RefusedError(f"{what} of {count} entries, more than the {MAX_INT4} the format can count")
    return _pack_int4(count)
