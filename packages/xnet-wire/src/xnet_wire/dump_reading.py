"""Read execnet's dump format: a small stack machine that trusts nothing it reads.

Data on disk may be damaged, so every operation checks what it takes from the stack, and a length
or count is believed only as far as bytes follow.
"""

from __future__ import annotations

from struct import Struct

from xnet_wire.dump_opcodes import DUMPFORMAT_VERSION, opcode
from xnet_wire.errors import LoadError
from xnet_wire.item_path import short_repr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final, Protocol

    class Readable(Protocol):
        """What a dump is read from."""

        def read(self, size: int, /) -> bytes:
            """Return at most ``size`` bytes, none at the end."""


_unpack_int4: Final = Struct(">i").unpack
_unpack_float: Final = Struct(">d").unpack
_unpack_complex: Final = Struct(">dd").unpack

#: A claimed length is read in steps of this, because some streams allocate what they are asked.
_STEP_BYTES: Final = 1 << 20

#: Tuples nested deeper are refused: Python hashes a nested tuple on the C stack, without a limit,
#: so that a damaged or hostile dump could end the process. No writer gets as deep as this.
MAX_TUPLE_DEPTH: Final = 1000


class Unserializer:
    """Load objects from a stream, which is read exactly to the end of each dump.

    Args:
        stream: Has ``read(size)``.
        channel_or_gateway: Where references to channels are resolved: an object with a
            ``_channelfactory`` that has ``new(id)``, or one whose ``gateway`` is such an object;
            its ``_strconfig`` is used if the next argument is None. None for dumps on disk.
        strconfig: (py2str_as_py3str, py3str_as_py2str): whether a Python 2 ``str`` is loaded as
            str (Latin-1), else as bytes; and whether a Python 3 ``str`` is loaded as bytes.
    """

    #: What a new object has unless it is told otherwise.
    py2str_as_py3str = True
    py3str_as_py2str = False

    #: The operation of each opcode.
    num2func: dict[bytes, Callable[[Unserializer], None]] = {}  # noqa: RUF012 - filled below

    def __init__(
        self,
        stream: Readable,
        channel_or_gateway: Any = None,
        strconfig: tuple[bool, bool] | None = None,
    ) -> None:
        if strconfig is None:
            strconfig = getattr(channel_or_gateway, "_strconfig", None)
        if strconfig is not None:
            self.py2str_as_py3str, self.py3str_as_py2str = strconfig
        gateway = getattr(channel_or_gateway, "gateway", channel_or_gateway)
        self.channelfactory = getattr(gateway, "_channelfactory", None)
        self.stream = stream
        self.stack: list[Any] = []
        # Lists that have not got all the items they claim, by identity.
        self._unfilled: dict[int, tuple[list[Any], int]] = {}
        # Depth of each tuple that holds tuples, by identity.
        self._tuple_depths: dict[int, int] = {}

    def load(self, versioned: bool = False) -> Any:
        """Load one object.

        Args:
            versioned: Expect the byte of the format version first.

        Returns:
            The object.

        Raises:
            LoadError: The data is damaged, or of another version of the format.
            EOFError: The stream ended inside the dump.
        """
        if versioned:
            version = self.stream.read(1)
            if version != DUMPFORMAT_VERSION:
                raise LoadError(
                    f"The data begins with {version!r}; a dump begins with its format version "
                    f"{DUMPFORMAT_VERSION!r}."
                )
        self.stack = []
        self._unfilled = {}
        self._tuple_depths = {}
        operations = self.num2func
        read = self.stream.read
        while True:
            code = read(1)
            if code == opcode.STOP:
                break
            operation = operations.get(code)
            if operation is None:
                if not code:
                    raise EOFError("The data ended inside a dump.")
                raise LoadError(f"The data has {code!r} where an opcode was expected: it is damaged.")
            try:
                operation(self)
            except (ValueError, TypeError) as error:
                raise LoadError(f"The data is damaged at an opcode {code!r}: {error}.") from None
            except RecursionError:  # two keys or elements have the same hash: Python compares them
                raise LoadError(
                    f"The data is damaged at an opcode {code!r}: keys or elements are nested too deeply."
                ) from None
        if len(self.stack) != 1 or self._unfilled:
            raise LoadError(
                f"The data ended a dump with {len(self.stack)} objects and {len(self._unfilled)} lists "
                "that lack items; one complete object was expected."
            )
        return self.stack.pop()

    def _read(self, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        if size < 0:
            raise ValueError(f"a length is {size}")
        if size <= _STEP_BYTES:
            data = self.stream.read(size)
        else:
            pieces = []
            missing = size
            while missing:
                piece = self.stream.read(min(missing, _STEP_BYTES))
                if not piece:
                    break
                pieces.append(piece)
                missing -= len(piece)
            data = b"".join(pieces)
        if len(data) != size:
            raise EOFError(f"The data ended inside a dump: {size} bytes were expected, {len(data)} came.")
        return data

    def _read_int4(self) -> int:
        number: int = _unpack_int4(self._read(4))[0]
        return number

    def _read_byte_string(self) -> bytes:
        return self._read(self._read_int4())

    def _take(self) -> list[Any]:
        """Take as many objects from the stack as the count that follows says."""
        count = self._read_int4()
        if not 0 <= count <= len(self.stack):
            raise ValueError(f"{count} objects are needed, {len(self.stack)} are there")
        start = len(self.stack) - count
        taken = self.stack[start:]
        del self.stack[start:]
        return taken

    def load_none(self) -> None:
        """Push None."""
        self.stack.append(None)

    def load_true(self) -> None:
        """Push True."""
        self.stack.append(True)

    def load_false(self) -> None:
        """Push False."""
        self.stack.append(False)

    def load_int(self) -> None:
        """Push a four-byte int."""
        self.stack.append(self._read_int4())

    def load_longint(self) -> None:
        """Push an int given by its decimal digits."""
        digits = self._read_byte_string()
        if not digits.lstrip(b"-").isdigit():
            raise ValueError(f"{short_repr(digits)} is not a decimal number")
        self.stack.append(int(digits))

    def load_float(self) -> None:
        """Push a float."""
        self.stack.append(_unpack_float(self._read(8))[0])

    def load_complex(self) -> None:
        """Push a complex number."""
        self.stack.append(complex(*_unpack_complex(self._read(16))))

    def load_bytes(self) -> None:
        """Push bytes."""
        self.stack.append(self._read_byte_string())

    def load_py2string(self) -> None:
        """Push what was a ``str`` in Python 2."""
        data = self._read_byte_string()
        self.stack.append(data.decode("latin-1") if self.py2str_as_py3str else data)

    def load_py3string(self) -> None:
        """Push what was a ``str`` in Python 3."""
        data = self._read_byte_string()
        self.stack.append(data if self.py3str_as_py2str else data.decode())

    def load_unicode(self) -> None:
        """Push what was a ``unicode`` in Python 2."""
        self.stack.append(self._read_byte_string().decode())

    def load_newlist(self) -> None:
        """Push a list that will be filled by ``load_setitem``."""
        count = self._read_int4()
        if count < 0:
            raise ValueError(f"a list has {count} items")
        items: list[Any] = []
        if count:
            # Not [None] * count: the count is a claim. The items come in order, so they append.
            self._unfilled[id(items)] = (items, count)
        self.stack.append(items)

    def load_newdict(self) -> None:
        """Push an empty dict."""
        self.stack.append({})

    def load_setitem(self) -> None:
        """Take a value and a key, and set that item of the container below."""
        if len(self.stack) < 3:
            raise ValueError("fewer than a container, a key and a value are there")
        value = self.stack.pop()
        key = self.stack.pop()
        container = self.stack[-1]
        if type(container) is dict:
            container[key] = value
            return
        unfilled = self._unfilled.get(id(container))
        if unfilled is None:
            raise ValueError(f"an item is set in a {type(container).__name__} that takes none")
        count = unfilled[1]
        if type(key) is not int or key != len(container):
            raise ValueError(f"item {short_repr(key)} of a list comes after {len(container)} items")
        container.append(value)
        if len(container) == count:
            del self._unfilled[id(container)]

    def load_buildtuple(self) -> None:
        """Take objects and push the tuple of them."""
        members = self._take()
        depth = 1 + max([self._tuple_depths.get(id(m), 1) for m in members if type(m) is tuple], default=0)
        if depth > MAX_TUPLE_DEPTH:
            raise ValueError(f"tuples are nested more than {MAX_TUPLE_DEPTH} deep")
        made = tuple(members)
        if depth > 1:
            self._tuple_depths[id(made)] = depth
        self.stack.append(made)

    def load_set(self) -> None:
        """Take objects and push the set of them."""
        self.stack.append(set(self._take()))

    def load_frozenset(self) -> None:
        """Take objects and push the frozenset of them."""
        self.stack.append(frozenset(self._take()))

    def load_channel(self) -> None:
        """Push the channel with a given id."""
        number = self._read_int4()
        if self.channelfactory is None:
            raise ValueError(f"a reference to channel {number}, where no channel is allowed")
        self.stack.append(self.channelfactory.new(number))


Unserializer.num2func.update(
    {
        opcode.BUILDTUPLE: Unserializer.load_buildtuple,
        opcode.BYTES: Unserializer.load_bytes,
        opcode.CHANNEL: Unserializer.load_channel,
        opcode.FALSE: Unserializer.load_false,
        opcode.FLOAT: Unserializer.load_float,
        opcode.FROZENSET: Unserializer.load_frozenset,
        opcode.INT: Unserializer.load_int,
        opcode.LONG: Unserializer.load_int,
        opcode.LONGINT: Unserializer.load_longint,
        opcode.LONGLONG: Unserializer.load_longint,
        opcode.NEWDICT: Unserializer.load_newdict,
        opcode.NEWLIST: Unserializer.load_newlist,
        opcode.NONE: Unserializer.load_none,
        opcode.PY2STRING: Unserializer.load_py2string,
        opcode.PY3STRING: Unserializer.load_py3string,
        opcode.SET: Unserializer.load_set,
        opcode.SETITEM: Unserializer.load_setitem,
        opcode.TRUE: Unserializer.load_true,
        opcode.UNICODE: Unserializer.load_unicode,
        opcode.COMPLEX: Unserializer.load_complex,
    }
)
