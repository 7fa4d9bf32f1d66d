"""execnet's dump format."""

from . import conversion, explaining, imports
from .encoding import ENCODERS
from .errors import DataFormatError, DumpError, Refused
from .interpreter import PY2, Integers, Struct, Text, struct_error
from .protocol import ENCODE_DEPTH
from .stacks import is_recursion
from .strings import SurrogateText


class LoadError(DataFormatError):
    """The bytes are no dump."""


def dumps(item):
    """Return the item in execnet's dump format. Raises: DumpError."""
    out = [b"\x02"]
    try:
        try:
            _dump(out.append, item)
        except Refused:
            out = out[:1]
            accepted = frozenset(kind for kind in ENCODERS if kind not in (bytearray, memoryview, SurrogateText))
            _dump(out.append, conversion.Conversion(accepted).value_of(item, ENCODE_DEPTH))
    except Refused as error:
        raise DumpError("can't serialize an object of type %s." % error)
    except RuntimeError as error:
        if not is_recursion(error):
            raise
        raise DumpError("can't serialize the object: it is nested too deeply, or contains itself.")
    except (ValueError, struct_error) as error:  # a lone surrogate, or more than the format can count
        raise DumpError("can't serialize the object: %s." % error)
    out.append(b"Q")
    return b"".join(out)


def _dump(add, item):
    kind = type(item)
    four = Struct(">i").pack
    if item is None or kind is bool:
        add(b"L" if item is None else b"R" if item else b"C")
    elif kind in Integers and -(2**31) <= item < 2**31:
        add(b"F" + four(item))
    elif kind is float:
        add(b"D" + Struct(">d").pack(item))
    elif kind is complex:
        add(b"T" + Struct(">dd").pack(item.real, item.imag))
    elif kind in Integers or kind is bytes or kind is Text:
        if kind in Integers:
            code, data = b"H", str(item).encode("ascii")
        elif kind is bytes:
            code, data = b"M" if PY2 else b"A", item
        else:
            code, data = b"S" if PY2 else b"N", item.encode("utf-8")
        add(code + four(len(data)))
        add(data)
    elif kind is list:
        add(b"K" + four(len(item)))
        for number, member in enumerate(item):
            _dump(add, number)
            _dump(add, member)
            add(b"P")
    elif kind is dict:
        add(b"J")
        for key, value in item.items():
            _dump(add, key)
            _dump(add, value)
            add(b"P")
    elif kind in (tuple, set, frozenset):
        for member in item:
            _dump(add, member)
        add({tuple: b"@", set: b"O", frozenset: b"E"}[kind] + four(len(item)))
    else:
        raise Refused(kind.__name__)


def loads(data, py2str_as_py3str=False, py3str_as_py2str=False):
    """Return the object of a dump. Raises: LoadError, EOFError."""
    with imports.own_imports():
        from io import BytesIO

    return load(BytesIO(data), py2str_as_py3str, py3str_as_py2str)


def dump(stream, item):
    """Write the dump of an object to a binary stream."""
    stream.write(dumps(item))


def load(stream, py2str_as_py3str=False, py3str_as_py2str=False):
    """Read one dump from a binary stream, exactly to its end; damaged data gives nothing but the two errors."""

    def read(size):
        parts = []
        while size > 0:
            part = stream.read(min(size, 1 << 20))  # not what a length claims, at once
            if not part:
                raise EOFError("The data ended inside a dump.")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def number():
        return Struct(">i").unpack(read(4))[0]

    def size():
        claimed = number()
        if claimed < 0:
            raise ValueError("a length is %d" % claimed)
        return claimed

    def string():
        return read(size())

    def take():
        count = size()
        if count > len(stack):
            raise ValueError("%d objects are wanted, %d are there" % (count, len(stack)))
        at = len(stack) - count
        taken = stack[at:]
        del stack[at:]
        return taken

    def new_list():
        items = []
        lacking[id(items)] = (items, size())
        return items

    def new_tuple():
        # Python hashes nested tuples on the stack of C, without a limit.
        members = take()
        depth = 1 + max([depths.get(id(member), 0) for member in members] or [0])
        if depth > 1000:
            raise ValueError("tuples are nested too deeply")
        result = tuple(members)
        depths[id(result)] = depth
        kept.append(result)
        return result

    def set_item():
        value, key, container = stack.pop(), stack.pop(), stack[-1]
        if type(container) is dict:
            container[key] = value
            return
        count = lacking[id(container)][1]
        if type(key) not in Integers or key != len(container) or key >= count or value is container:
            raise ValueError("item %s comes after %d of %d" % (explaining.short(key), len(container), count))
        container.append(value)

    def integer():
        digits = string()
        if not digits.lstrip(b"-").isdigit():
            raise ValueError("%s is no decimal number" % explaining.short(digits))
        return int(digits)

    def py2_str():
        data = string()
        return data.decode("latin-1") if py2str_as_py3str and not PY2 else data

    def py3_str():
        data = string()
        return data if py3str_as_py2str else data.decode("utf-8")

    stack, lacking, depths, kept = [], {}, {}, []
    makers = {
        b"L": lambda: None, b"R": lambda: True, b"C": lambda: False, b"F": number, b"G": number, b"H": integer,
        b"I": integer, b"D": lambda: Struct(">d").unpack(read(8))[0],
        b"T": lambda: complex(*Struct(">dd").unpack(read(16))), b"A": string, b"M": py2_str, b"N": py3_str,
        b"S": lambda: string().decode("utf-8"), b"K": new_list, b"J": dict, b"@": new_tuple,
        b"O": lambda: set(take()), b"E": lambda: frozenset(take()),
    }  # fmt: skip
    if read(1) != b"\x02":
        raise LoadError("The data is no dump of format version 2.")
    while True:
        code = read(1)
        try:
            if code == b"Q":
                short_of = [count for items, count in lacking.values() if len(items) != count]
                if len(stack) != 1 or short_of:
                    raise ValueError("%d objects, %d lists that lack items" % (len(stack), len(short_of)))
                return stack[0]
            if code == b"P":
                set_item()
            else:
                stack.append(makers[code]())
        except (ValueError, TypeError, LookupError, RuntimeError) as error:
            raise LoadError("The data is damaged at an opcode %r: %s." % (code, error))
