"""Values to CBOR.

One function for each type, found by the type itself, so that a subclass is not taken for its base (VA-006). Each appends
bytes to a list; what they may nest is counted down to 0.
"""

from . import conversion
from .errors import Refused
from .interpreter import PY2, Struct, Text
from .protocol import DEPTH_LIMIT
from .stacks import is_recursion, on_a_fresh_stack
from .strings import SurrogateText, as_seen, has_surrogate

_U8, _U16, _U32, _U64 = Struct(">BB"), Struct(">BH"), Struct(">BI"), Struct(">BQ")
_F64 = Struct(">Bd").pack
INFINITY = float("inf")


def head(major, number):
    """Return the head of a data item in its shortest form (VA-005)."""
    major <<= 5
    if number < 24:
        return _U8.pack(0, major | number)[1:]
    if number < 0x100:
        return _U8.pack(major | 24, number)
    if number < 0x10000:
        return _U16.pack(major | 25, number)
    if number < 0x100000000:
        return _U32.pack(major | 26, number)
    return _U64.pack(major | 27, number)


#: Indexed by -256 to 255.
_SMALL = [head(0, n) for n in range(256)] + [head(1, -1 - n) for n in range(-256, 0)]
_BYTES_HEADS, _TEXT_HEADS, ARRAY_HEADS, _MAP_HEADS = [[head(m, n) for n in range(256)] for m in (2, 3, 4, 5)]
_COMPLEX, TUPLE, _SET = head(6, 43000) + head(4, 2), head(6, 58400), head(6, 258)
_FROZENSET, _CHANNEL, _PY2_STR, _SURROGATES = [head(6, tag) for tag in range(58401, 58405)]

#: What the initiator has announced (VE-002).
PEER_FEATURES = set()


def _put_none(add, item, levels):
    add(b"\xf6")


def _put_bool(add, item, levels):
    add(b"\xf5" if item else b"\xf4")


def _put_int(add, item, levels):
    if -256 <= item < 256:
        add(_SMALL[item])
        return
    tag = b"\xc2"
    major = 0
    if item < 0:
        item = -1 - item
        tag = b"\xc3"
        major = 1
    if item < 2**64:
        add(head(major, item))
        return
    if not levels:
        raise Refused
    digits = "%x" % item
    if len(digits) & 1:
        digits = "0" + digits
    data = bytes(bytearray.fromhex(Text(digits)))
    add(tag + head(2, len(data)) + data)


def _put_float(add, item, levels):
    if item - item == 0:
        add(_F64(0xFB, item))
    elif item != item:
        add(b"\xf9\x7e\x00")
    else:
        add(b"\xf9\x7c\x00" if item > 0 else b"\xf9\xfc\x00")


def _put_complex(add, item, levels):
    if levels < 2:
        raise Refused
    add(_COMPLEX)
    _put_float(add, item.real, 0)
    _put_float(add, item.imag, 0)


def _put_bytes(add, item, levels):
    size = len(item)
    if size < 256:
        add(_BYTES_HEADS[size] + item)
    else:
        add(head(2, size))
        add(item)


def _put_buffer(add, item, levels):
    _put_bytes(add, item.tobytes() if type(item) is memoryview else bytes(item), levels)


def _put_text(add, item, levels):
    data = item.encode("utf-8")
    size = len(data)
    if PY2 and has_surrogate(data):
        raise Refused
    if size < 256:
        add(_TEXT_HEADS[size] + data)
    else:
        add(head(3, size))
        add(data)


def _put_surrogates(add, item, levels):
    if not levels or "surrogates" not in PEER_FEATURES:
        raise Refused
    add(_SURROGATES)
    _put_bytes(add, item.utf8, levels)


def _put_py2_str(add, item, levels):
    if "python.strings" in PEER_FEATURES:  # else it is bytes (PY-010)
        if not levels:
            raise Refused
        add(_PY2_STR)
    _put_bytes(add, item, levels)


def _put_list(add, items, levels):
    if levels < 1:
        raise Refused
    size = len(items)
    add(ARRAY_HEADS[size] if size < 256 else head(4, size))
    levels -= 1
    for item in items:
        ENCODERS[type(item)](add, item, levels)


def _put_tagged_array(tag):
    def put(add, items, levels):
        if levels < 2:
            raise Refused
        size = len(items)
        add(tag + (ARRAY_HEADS[size] if size < 256 else head(4, size)))
        levels -= 2
        for item in items:
            ENCODERS[type(item)](add, item, levels)

    return put


def _put_dict(add, items, levels):
    if levels < 1:
        raise Refused
    size = len(items)
    add(_MAP_HEADS[size] if size < 256 else head(5, size))
    levels -= 1
    for key, value in items.items():
        ENCODERS[type(key)](add, key, levels)
        ENCODERS[type(value)](add, value, levels)


def put_channel(add, item, levels):
    if levels < 1:
        raise Refused
    add(_CHANNEL + head(0, item.id))


def _refuse(add, item, levels):
    raise Refused


class _Encoders(dict):
    def __missing__(self, kind):
        return _refuse


ENCODERS = _Encoders({
    type(None): _put_none,
    bool: _put_bool,
    int: _put_int,
    float: _put_float,
    complex: _put_complex,
    bytes: _put_py2_str if PY2 else _put_bytes,
    bytearray: _put_buffer,
    memoryview: _put_buffer,
    Text: _put_text,
    SurrogateText: _put_surrogates,
    list: _put_list,
    tuple: _put_tagged_array(TUPLE),
    dict: _put_dict,
    set: _put_tagged_array(_SET),
    frozenset: _put_tagged_array(_FROZENSET),
})  # fmt: skip
if PY2:
    ENCODERS[long] = _put_int

    def checked(put):
        def put_checked(add, items, levels):
            for key in items:
                if type(key) in _MIXED:
                    kinds = set(map(type, items))
                    # [VA-011] '\xe9' and u'\xe9' are different here
                    if kinds != _TEXT_ONLY and len(set(map(as_seen, items))) != len(items):
                        raise Refused
                    break
            put(add, items, levels)

        return put_checked

    _TEXT_ONLY, _MIXED = frozenset([Text]), frozenset([Text, tuple, frozenset])

    for _kind in (dict, set, frozenset):
        ENCODERS[_kind] = checked(ENCODERS[_kind])


def encode(item, levels=DEPTH_LIMIT):
    """Return the CBOR of a value, or raise DumpError with the path to what is none (VA-006 to VA-008)."""
    out = []
    try:
        ENCODERS[type(item)](out.append, item, levels)
    except (Refused, UnicodeEncodeError):
        return on_a_fresh_stack(converted, item, levels)
    except RuntimeError as error:
        if not is_recursion(error):
            raise
        return on_a_fresh_stack(encode, item, levels)
    return b"".join(out)


def converted(item, levels):
    return conversion.encode_converted(ENCODERS, "surrogates" in PEER_FEATURES, item, levels)
