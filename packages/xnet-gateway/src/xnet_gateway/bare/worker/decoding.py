"""CBOR to values, strictly.

A table of 256 functions, one for each first byte of a data item: function(data, position of that byte, levels left) ->
(value, position behind it). One table for each setting of the coercion flags.
"""

from . import explaining
from .encoding import ARRAY_HEADS, INFINITY, TUPLE
from .errors import Malformed
from .interpreter import IS_PYPY, PY2, Struct, partial, repeat, struct_error
from .protocol import DEPTH_LIMIT
from .stacks import is_recursion, on_a_fresh_stack
from .strings import has_surrogate, surrogate_text

_KEY = chr if PY2 else int  # what an element of bytes is, from its number
_ARRAYS = frozenset(map(_KEY, range(0x80, 0x9C)))
_STRINGS = frozenset(map(_KEY, range(0x40, 0x5C)))
_NUMBERS = frozenset(map(_KEY, range(0x00, 0x1C)))
WIDE = {24: (1, Struct(">B")), 25: (2, Struct(">H")), 26: (4, Struct(">I")), 27: (8, Struct(">Q"))}
_f32, _f64, _u16 = Struct(">f").unpack_from, Struct(">d").unpack_from, Struct(">H").unpack_from


def _half(data, at):
    """Return the float in two bytes; ``struct`` of Python 2 has no code for it."""
    bits = _u16(data, at)[0]
    exponent, fraction = bits >> 10 & 31, bits & 0x3FF
    if exponent == 31:
        value = float("nan") if fraction else INFINITY
    elif exponent:
        value = (1024 + fraction) * 2.0 ** (exponent - 25)
    else:
        value = fraction * 2.0**-24
    return (-value if bits >> 15 else value,)


_nans = [0]


def _other_nan():
    """Return a NaN that no other is identical to: PyPy knows only one for each pattern of bits, and would take
    two of them for the same key, against VA-022."""
    _nans[0] = (_nans[0] + 1) & 0xFFFFFFFF
    return Struct(">d").unpack(Struct(">Q").pack(0x7FF8000000000000 | _nans[0]))[0]


def make_table(py2str_as_text, text_as_bytes, channel_of):
    """Return the table of a receiver.

    py2str_as_text, text_as_bytes: the coercion flags (VA-031); text is Python 2's unicode.
    channel_of: gives the channel for an id, or None where no references are allowed.
    """
    table = {} if PY2 else [None] * 256

    def cut_off():
        return Malformed("it ends too early")

    def nested():
        return Malformed("it is nested too deeply")

    # Each takes the number in the head, and the position in front of what follows the head.

    # -- majors 2 and 3

    def get_bytes(size, data, at, levels):
        at += 1
        end = at + size
        part = data[at:end]
        if len(part) != size:
            raise cut_off()
        return part, end

    def get_text(size, data, at, levels):
        at += 1
        end = at + size
        part = data[at:end]
        if len(part) != size:
            raise cut_off()
        text = part.decode("utf-8")
        if PY2 and has_surrogate(part):
            raise Malformed("a text is not UTF-8: it has a surrogate")
        return (part if text_as_bytes else text), end

    def get_plain_text(size, data, at, levels):
        at += 1
        end = at + size
        part = data[at:end]
        if len(part) != size:
            raise cut_off()
        return part.decode("utf-8"), end

    # -- majors 4 and 5

    def get_array(size, data, at, levels):
        at += 1
        if not levels:
            raise nested()
        if size > len(data) - at:
            raise cut_off()
        levels -= 1
        items = []
        add = items.append
        for _ in repeat(None, size):
            item, at = table[data[at]](data, at, levels)
            add(item)
        return items, at

    def get_map(size, data, at, levels):
        at += 1
        if not levels:
            raise nested()
        if size > len(data) - at:
            raise cut_off()
        levels -= 1
        result = {}
        for _ in repeat(None, size):
            key, at = table[data[at]](data, at, levels)
            item, at = table[data[at]](data, at, levels)
            try:
                result[key] = item
            except TypeError:
                raise Malformed("a map has a key that cannot be hashed: " + explaining.short(key))
        if len(result) != size:
            raise Malformed("a map has equal keys")
        return result, at

    # -- major 6

    def get_tagged(tag, data, at, levels):
        at += 1
        if not levels:
            raise nested()
        content = tags.get(tag)
        if content is None:
            raise Malformed("tag %d is none of this protocol's" % tag)
        allowed, make = content
        first = data[at]
        if first not in allowed:
            raise Malformed("tag %d has the wrong kind of content" % tag)
        item, at = table[first](data, at, levels - 1)
        return make(item), at

    def make_set(items):
        try:
            result = set(items)
        except TypeError:
            raise Malformed("a set has an element that cannot be hashed")
        if len(result) != len(items):
            raise Malformed("a set has equal elements")
        return result

    def make_complex(items):
        if len(items) != 2 or type(items[0]) is not float or type(items[1]) is not float:
            raise Malformed("the content of tag 43000 is not two floats")
        return complex(items[0], items[1])

    def make_number(data):
        return int("".join(["%02x" % byte for byte in bytearray(data)]) or "0", 16)

    def make_channel(number):
        if channel_of is None:
            raise Malformed("a reference to channel %d where none is allowed" % number)
        return channel_of(number)

    def make_surrogates(data):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            text = data.decode("utf-8", "strict" if PY2 else "surrogatepass")
        if not has_surrogate(data):
            raise Malformed("tag 58404 is on a text without surrogates")
        if text_as_bytes:
            return data
        return surrogate_text(text, data) if PY2 and text.encode("utf-8") != data else text

    def make_py2_str(data):
        return data.decode("latin-1") if py2str_as_text and not PY2 else data

    tags = {
        2: (_STRINGS, make_number),
        3: (_STRINGS, lambda data: -1 - make_number(data)),
        258: (_ARRAYS, make_set),
        43000: (_ARRAYS, make_complex),
        58400: (_ARRAYS, tuple),
        58401: (_ARRAYS, lambda items: frozenset(make_set(items))),
        58402: (_NUMBERS, make_channel),
        58403: (_STRINGS, make_py2_str),
        58404: (_STRINGS, make_surrogates),
    }

    # -- heads: a number in the first byte or in the 1, 2, 4 or 8 bytes behind it

    def behind(body, info):
        width, struct = WIDE[info]
        unpack = struct.unpack_from
        return lambda data, at, levels: body(unpack(data, at + 1)[0], data, at + width, levels)

    def get_number(number, data, at, levels):
        return number, at + 1

    def get_negative(number, data, at, levels):
        return -1 - number, at + 1

    def constant(value):
        return lambda data, at, levels: (value, at + 1)

    def get_float(width, unpack):
        def get(data, at, levels):
            value = unpack(data, at + 1)[0]
            if value != value and IS_PYPY:
                value = _other_nan()
            return value, at + width

        return get

    def refused(number, data, at, levels):
        raise Malformed("the byte 0x%02x begins no value" % number)

    for number in range(256):
        table[_KEY(number)] = partial(refused, number)
    if not PY2 and not text_as_bytes:
        get_text = get_plain_text
    bodies = (get_number, get_negative, get_bytes, get_text, get_array, get_map, get_tagged)
    for major, body in enumerate(bodies):
        for info in range(28):
            table[_KEY(major << 5 | info)] = partial(body, info) if info < 24 else behind(body, info)
    for number, value in ((0xF4, False), (0xF5, True), (0xF6, None)):
        table[_KEY(number)] = constant(value)
    # Nearly all tags are those of short tuples; this is get_tagged and get_array in fewer steps.
    short_tuples = dict((TUPLE[1:] + ARRAY_HEADS[size], size) for size in range(24))

    def get_usual_tag(data, at, levels):
        size = short_tuples.get(data[at + 1 : at + 4])
        if size is None or levels < 2:
            return unusual_tag(data, at, levels)
        at += 4
        levels -= 2
        items = []
        for _ in repeat(None, size):
            item, at = table[data[at]](data, at, levels)
            items.append(item)
        return tuple(items), at

    unusual_tag = table[_KEY(0xD9)]
    table[_KEY(0xD9)] = get_usual_tag
    table[_KEY(0xF9)] = get_float(3, _half)
    table[_KEY(0xFA)] = get_float(5, _f32)
    table[_KEY(0xFB)] = get_float(9, _f64)
    return table


def decode(table, data, at=0, levels=DEPTH_LIMIT):
    """Return the one value in the bytes from ``at`` to the end, or raise Malformed. Total: VA-026."""
    value, end = decode_first(table, data, at, levels)
    if end != len(data):
        raise Malformed("%d bytes follow the item" % (len(data) - end))
    return value


def decode_first(table, data, at, levels):
    """Return a value and the position behind it."""
    try:
        return table[data[at]](data, at, levels)
    except (IndexError, struct_error):
        raise Malformed("it ends too early")
    except UnicodeDecodeError as error:
        raise Malformed("a text is not UTF-8: %s" % error)
    except RuntimeError as error:
        if not is_recursion(error):
            raise
        return on_a_fresh_stack(decode_first, table, data, at, levels)
