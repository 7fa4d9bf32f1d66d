# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""The value codec, compiled: what is certainly plain, to CBOR and back.

It says nothing about what is wrong. An item that is not plain here (a subclass, a channel, a container as key, too
much nesting, anything malformed) goes to a function of pure Python that its maker gave it, which knows every rule
and has a sentence for every refusal. What this file does itself gives the same bytes and the same items as that
function does; a test compares the two.

No other thread can change an item while it is encoded: nothing here runs Python code before the item is done, and
in a build without the global lock containers are locked one by one.

Spec: VA-001 to VA-014 (encoding), VA-020 to VA-027 (decoding), SE-003 and SE-005 (colliding keys).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.complex cimport PyComplex_ImagAsDouble, PyComplex_RealAsDouble
from cpython.dict cimport PyDict_Next, PyDict_SetItem, PyDict_Size
from cpython.float cimport PyFloat_AS_DOUBLE
from cpython.list cimport PyList_GET_ITEM, PyList_New, PyList_SET_ITEM
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.set cimport PySet_Add, PySet_Size
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

cdef extern from "Python.h":
    uint32_t PyUnicode_READ(int kind, void *data, Py_ssize_t index) nogil
    int PyUnicode_KIND(object text)
    void *PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    bint PyUnicode_IS_ASCII(object text)
    object PyUnicode_DecodeUTF8(const char *data, Py_ssize_t size, const char *errors)
    object PyUnicode_DecodeLatin1(const char *data, Py_ssize_t size, const char *errors)
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow)
    unsigned long long PyLong_AsUnsignedLongLong(object number)
    int _PyBytes_Resize(PyObject **data, Py_ssize_t size) except -1
    char *PyByteArray_AS_STRING(object data)
    Py_ssize_t PyByteArray_GET_SIZE(object data)
    PyObject **PySequence_Fast_ITEMS(object sequence)
    Py_ssize_t PySequence_Fast_GET_SIZE(object sequence)
    void Py_XDECREF(PyObject *owned)

from xnet_wire.key_spread import FEW_KEYS as _FEW_KEYS
from xnet_wire.limits import MIN_DEPTH as _MIN_DEPTH
from xnet_wire import value_types as _types

cdef Py_ssize_t FEW_KEYS = _FEW_KEYS
#: Containers nested deeper than this are not plain. With two levels for each, plus two for a complex number inside,
#: no receiver's limit is reached, so none need be counted while encoding.
cdef int PLAIN_LEVELS = (_MIN_DEPTH - 4) // 2
#: Arrays, maps and tags nested deeper than this are not plain when they come: each takes a frame of the C stack.
cdef int MOST_LEVELS = 200
#: A list is made with its full length at once only up to this many members. A longer one grows as they come, because a
#: payload may claim many times as much as it holds.
cdef Py_ssize_t AT_ONCE = 256

cdef uint64_t SET_TAG = _types.SET_TAG
cdef uint64_t FROZENSET_TAG = _types.FROZENSET_TAG
cdef uint64_t TUPLE_TAG = _types.TUPLE_TAG
cdef uint64_t COMPLEX_TAG = _types.COMPLEX_TAG
cdef uint64_t POSITIVE_BIGNUM_TAG = _types.POSITIVE_BIGNUM_TAG
cdef uint64_t NEGATIVE_BIGNUM_TAG = _types.NEGATIVE_BIGNUM_TAG
cdef uint64_t PY2_STRING_TAG = _types.PY2_STRING_TAG
cdef tuple DEFAULT_STRINGS = _types.DEFAULT_STRINGS

cdef enum:
    UNSIGNED = 0
    NEGATIVE = 1
    BYTES = 2
    TEXT = 3
    ARRAY = 4
    MAP = 5
    TAG = 6
    OTHER = 7

cdef enum:
    ON_STACK_BYTES = 1024
    HEAD_BYTES = 9
    KNOWN_KEYS = 256
    KNOWN_KEY_BYTES = 16


# -- encoding ------------------------------------------------------------------------------------

cdef enum:
    #: What the functions below return: it is written, or pure Python has to be asked. They raise MemoryError.
    DONE = 0
    NOT_PLAIN = 1


cdef int make_room(Out *out, Py_ssize_t more) except -1:
    cdef Py_ssize_t room = out.room * 2
    cdef object larger
    if room < out.used + more:
        room = out.used + more
    if out.owner is NULL:
        larger = PyBytes_FromStringAndSize(NULL, room)
        memcpy(PyBytes_AS_STRING(larger), out.data, out.used)
        Py_INCREF(larger)
        out.owner = <PyObject *>larger
    else:
        _PyBytes_Resize(&out.owner, room)
    out.data = <uint8_t *>PyBytes_AS_STRING(<object>out.owner)
    out.room = room
    return DONE


cdef inline int put_head(Out *out, int major, uint64_t argument) except -1:
    cdef uint8_t initial = <uint8_t>(major << 5)
    cdef uint8_t *at
    cdef int size, index
    if out.room - out.used < HEAD_BYTES:
        make_room(out, HEAD_BYTES)
    at = out.data + out.used
    if argument < 24:
        at[0] = initial | <uint8_t>argument
        out.used += 1
        return DONE
    if argument < 0x100:
        at[0] = initial | 24
        size = 1
    elif argument < 0x10000:
        at[0] = initial | 25
        size = 2
    elif argument < 0x100000000:
        at[0] = initial | 26
        size = 4
    else:
        at[0] = initial | 27
        size = 8
    for index in range(size, 0, -1):
        at[index] = <uint8_t>argument
        argument >>= 8
    out.used += 1 + size
    return DONE


cdef inline int put_bytes(Out *out, const void *data, Py_ssize_t size) except -1:
    if out.room - out.used < size:
        make_room(out, size)
    memcpy(out.data + out.used, data, size)
    out.used += size
    return DONE


cdef inline int put_float(Out *out, double number) except -1:
    cdef uint64_t bits
    cdef uint8_t *at
    cdef int index
    if number != number:
        return put_bytes(out, b"\xf9\x7e\x00", 3)
    if number - number != 0:
        return put_bytes(out, b"\xf9\x7c\x00" if number > 0 else b"\xf9\xfc\x00", 3)
    if out.room - out.used < HEAD_BYTES:
        make_room(out, HEAD_BYTES)
    at = out.data + out.used
    memcpy(&bits, &number, 8)
    at[0] = 0xFB
    for index in range(8, 0, -1):
        at[index] = <uint8_t>bits
        bits >>= 8
    out.used += HEAD_BYTES
    return DONE


cdef int put_wide_text(Out *out, object text) except -1:
    """Write a text that is not ASCII. One with surrogates is not plain."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text), index, size = 0
    cdef int kind = PyUnicode_KIND(text)
    cdef void *data = PyUnicode_DATA(text)
    cdef uint32_t point
    cdef uint8_t *at
    for index in range(length):
        point = PyUnicode_READ(kind, data, index)
        if 0xD800 <= point < 0xE000:
            return NOT_PLAIN
        size += 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
    put_head(out, TEXT, size)
    if out.room - out.used < size:
        make_room(out, size)
    at = out.data + out.used
    for index in range(length):
        point = PyUnicode_READ(kind, data, index)
        if point < 0x80:
            at[0] = <uint8_t>point
            at += 1
            continue
        if point < 0x800:
            at[0] = <uint8_t>(0xC0 | (point >> 6))
            at += 1
        else:
            if point < 0x10000:
                at[0] = <uint8_t>(0xE0 | (point >> 12))
                at += 1
            else:
                at[0] = <uint8_t>(0xF0 | (point >> 18))
                at[1] = <uint8_t>(0x80 | ((point >> 12) & 0x3F))
                at += 2
            at[0] = <uint8_t>(0x80 | ((point >> 6) & 0x3F))
            at += 1
        at[0] = <uint8_t>(0x80 | (point & 0x3F))
        at += 1
    out.used += size
    return DONE


cdef int put(Out *out, object item, int levels) except -1:
    """Write one item; ``levels`` is how many containers deep it may be."""
    cdef object kind = type(item)
    cdef int overflow = 0
    cdef long long number
    if kind is str:
        if not PyUnicode_IS_ASCII(item):
            return put_wide_text(out, item)
        put_head(out, TEXT, PyUnicode_GET_LENGTH(item))
        return put_bytes(out, PyUnicode_DATA(item), PyUnicode_GET_LENGTH(item))
    if kind is int:
        number = PyLong_AsLongLongAndOverflow(item, &overflow)
        if overflow:
            return put_large_int(out, item, overflow)
        if number >= 0:
            return put_head(out, UNSIGNED, <uint64_t>number)
        return put_head(out, NEGATIVE, <uint64_t>(-1 - number))
    if item is None:
        return put_bytes(out, b"\xf6", 1)
    if item is True:
        return put_bytes(out, b"\xf5", 1)
    if item is False:
        return put_bytes(out, b"\xf4", 1)
    if kind is float:
        return put_float(out, PyFloat_AS_DOUBLE(item))
    if kind is bytes:
        put_head(out, BYTES, PyBytes_GET_SIZE(item))
        return put_bytes(out, PyBytes_AS_STRING(item), PyBytes_GET_SIZE(item))
    if kind is bytearray:
        put_head(out, BYTES, PyByteArray_GET_SIZE(item))
        return put_bytes(out, PyByteArray_AS_STRING(item), PyByteArray_GET_SIZE(item))
    if kind is complex:
        put_head(out, TAG, COMPLEX_TAG)
        put_head(out, ARRAY, 2)
        put_float(out, PyComplex_RealAsDouble(item))
        return put_float(out, PyComplex_ImagAsDouble(item))
    if levels == 0:
        return NOT_PLAIN
    if kind is dict:
        return put_dict(out, item, levels - 1)
    if kind is list:
        return put_members(out, item, levels - 1)
    if kind is tuple:
        put_head(out, TAG, TUPLE_TAG)
        return put_members(out, item, levels - 1)
    if kind is set or kind is frozenset:
        return put_set(out, item, kind is set)
    return NOT_PLAIN


cdef int put_large_int(Out *out, object item, int overflow) except -1:
    """Write an integer beyond 63 bits; one beyond 64 bits is not plain."""
    cdef object argument = item if overflow > 0 else ~item
    if argument.bit_length() > 64:
        return NOT_PLAIN
    return put_head(out, UNSIGNED if overflow > 0 else NEGATIVE, PyLong_AsUnsignedLongLong(argument))


cdef int put_dict(Out *out, dict item, int levels) except -1:
    cdef Py_ssize_t position = 0
    cdef PyObject *key
    cdef PyObject *value
    put_head(out, MAP, PyDict_Size(item))
    while PyDict_Next(item, &position, &key, &value):
        if put(out, <object>key, 0) or put(out, <object>value, levels):
            return NOT_PLAIN
    return DONE


cdef int put_members(Out *out, object item, int levels) except -1:
    """Write the members of a list or tuple, as an array."""
    cdef Py_ssize_t index, size = PySequence_Fast_GET_SIZE(item)
    cdef PyObject **members = PySequence_Fast_ITEMS(item)
    put_head(out, ARRAY, size)
    for index in range(size):
        if put(out, <object>members[index], levels):
            return NOT_PLAIN
    return DONE


cdef int put_set(Out *out, object item, bint changeable) except -1:
    put_head(out, TAG, SET_TAG if changeable else FROZENSET_TAG)
    put_head(out, ARRAY, PySet_Size(item))
    for member in item:
        if put(out, member, 0):
            return NOT_PLAIN
    return DONE


cdef int put_plain(Out *out, object item) except -1:
    """Write one item behind what is there already; what there is afterwards if it is not plain does not matter."""
    return put(out, item, PLAIN_LEVELS)


@cython.final
cdef class Encoder:
    """Encode items: what is plain here, the rest by a function of pure Python.

    Args:
        exact: Gives the bytes of any item, or raises what is to be raised.

    Threads: any.
    """

    cdef object _exact

    def __init__(self, exact):
        self._exact = exact

    def encode(self, item):
        """Return the CBOR of one item; raises what ``exact`` does."""
        cdef uint8_t on_stack[ON_STACK_BYTES]
        cdef Out out
        cdef object whole
        cdef int result
        out.data = on_stack
        out.used = 0
        out.room = ON_STACK_BYTES
        out.owner = NULL
        try:
            result = put_plain(&out, item)
        except MemoryError:
            Py_XDECREF(out.owner)
            raise
        if result == NOT_PLAIN:
            Py_XDECREF(out.owner)
            return self._exact(item)
        if out.owner is NULL:
            return PyBytes_FromStringAndSize(<char *>out.data, out.used)
        _PyBytes_Resize(&out.owner, out.used)
        whole = <object>out.owner
        Py_XDECREF(out.owner)  # the reference that ``out`` held
        return whole


# -- decoding ------------------------------------------------------------------------------------

cdef struct In:
    const uint8_t *at
    const uint8_t *end
    #: The payload is for pure Python to look at: it is malformed, or not plain.
    bint gave_up


cdef inline int read_head(In *data, uint64_t *argument) noexcept:
    """Read a head; return its major type, or -1 if there is none."""
    cdef uint8_t initial, info
    cdef int size, index
    cdef uint64_t number = 0
    if data.at >= data.end:
        return -1
    initial = data.at[0]
    info = initial & 31
    data.at += 1
    if info < 24:
        argument[0] = info
        return initial >> 5
    if info > 27:
        return -1
    size = 1 << (info - 24)
    if data.end - data.at < size:
        return -1
    for index in range(size):
        number = number << 8 | data.at[index]
    data.at += size
    argument[0] = number
    return initial >> 5


cdef inline object give_up(In *data):
    data.gave_up = True
    return None


cdef object take(In *data, int levels):
    """Read one item; ``levels`` is how many arrays, maps and tags deep it may be. Spec: VA-023."""
    cdef const uint8_t *begin = data.at
    cdef uint64_t argument = 0
    cdef int major = read_head(data, &argument)
    if major == UNSIGNED:
        return argument
    if major == TEXT or major == BYTES:
        if argument > <uint64_t>(data.end - data.at):
            return give_up(data)
        begin = data.at
        data.at += argument
        if major == BYTES:
            return PyBytes_FromStringAndSize(<const char *>begin, <Py_ssize_t>argument)
        try:
            return PyUnicode_DecodeUTF8(<const char *>begin, <Py_ssize_t>argument, NULL)
        except UnicodeDecodeError:
            return give_up(data)
    if major == NEGATIVE:
        if argument >> 63:
            return give_up(data)
        return -1 - <int64_t>argument
    if major == OTHER:
        return take_other(data, begin[0] & 31, argument)
    if major < 0 or levels == 0:
        return give_up(data)
    # Every member takes a byte at least, so a larger claim cannot be true.
    if major == ARRAY:
        if argument > <uint64_t>(data.end - data.at):
            return give_up(data)
        return take_list(data, <Py_ssize_t>argument, levels - 1)
    if major == MAP:
        if argument > <uint64_t>(data.end - data.at) // 2:
            return give_up(data)
        return take_dict(data, <Py_ssize_t>argument, levels - 1)
    return take_tagged(data, argument, levels - 1)


cdef object take_other(In *data, uint8_t info, uint64_t argument):
    """Make a simple value or a float of what its head says."""
    cdef double number
    cdef float single
    cdef uint32_t bits
    if info == 27:
        memcpy(&number, &argument, 8)
        return number
    if info == 26:
        bits = <uint32_t>argument
        memcpy(&single, &bits, 4)
        if single != single:
            return give_up(data)
        return <double>single
    if info == 25:
        return take_half(data, <int>argument)
    if info == 20:
        return False
    if info == 21:
        return True
    if info == 22:
        return None
    return give_up(data)


cdef object take_half(In *data, int bits):
    """Make a float of a half: those that senders of ours use are the infinities and one NaN."""
    if bits == 0x7C00:
        return INFINITY_
    if bits == 0xFC00:
        return -INFINITY_
    if bits == 0x7E00:
        return NAN_
    return give_up(data)


cdef double INFINITY_ = float("inf")
cdef double NAN_ = float("nan")


cdef object take_list(In *data, Py_ssize_t size, int levels):
    cdef list made
    cdef object member
    cdef Py_ssize_t index, first = size if size < AT_ONCE else AT_ONCE
    made = PyList_New(first)
    for index in range(size):
        member = take(data, levels)
        if index < first:
            Py_INCREF(member)
            PyList_SET_ITEM(made, index, member)
        else:
            made.append(member)
        if data.gave_up:
            return None
    return made


cdef object take_tuple(In *data, Py_ssize_t size, int levels):
    cdef tuple made
    cdef object member
    cdef Py_ssize_t index
    if size > AT_ONCE:
        members = take_list(data, size, levels)
        return None if data.gave_up else tuple(members)
    made = PyTuple_New(size)
    for index in range(size):
        member = take(data, levels)
        Py_INCREF(member)
        PyTuple_SET_ITEM(made, index, member)
        if data.gave_up:
            return None
    return made


cdef object take_dict(In *data, Py_ssize_t size, int levels):
    cdef dict made = {}
    cdef object key, value
    cdef Py_ssize_t index
    cdef bint many = size > FEW_KEYS
    for index in range(size):
        if data.at >= data.end or not is_plain_key(data.at[0], many):
            return give_up(data)
        key = take_known_key(data)
        if key is None:
            key = take(data, 0)
            if data.gave_up:
                return None
        value = take(data, levels)
        if data.gave_up:
            return None
        PyDict_SetItem(made, key, value)
    if PyDict_Size(made) != size:  # there are equal keys
        return give_up(data)
    return made


#: Short ASCII keys that came lately: the same ones come again and again, and a known one needs no new string.
cdef list known_keys = [None] * KNOWN_KEYS


cdef object take_known_key(In *data):
    """Read a key if it is a short text that came lately, or make it known; None if it is something else."""
    cdef const uint8_t *at = data.at
    cdef Py_ssize_t size = at[0] - 0x60, index, offset
    cdef object known
    if not 0 < size <= KNOWN_KEY_BYTES or size >= data.end - at:
        return None
    at += 1
    index = (at[0] * 31 + at[size - 1] * 7 + size) % KNOWN_KEYS
    known = <object>PyList_GET_ITEM(known_keys, index)
    if known is not None and PyUnicode_GET_LENGTH(known) == size and not memcmp(PyUnicode_DATA(known), at, size):
        data.at = at + size
        return known
    for offset in range(size):
        if at[offset] >= 0x80:
            return None
    known = PyUnicode_DecodeUTF8(<const char *>at, size, NULL)
    known_keys[index] = known
    data.at = at + size
    return known


cdef inline bint is_plain_key(uint8_t initial, bint many) noexcept:
    """Whether a head begins a key that is plain: a scalar, among many one that nobody can choose to collide."""
    return 0x40 <= initial < 0x80 or (not many and (initial < 0x40 or initial >= 0xE0))


cdef object take_tagged(In *data, uint64_t tag, int levels):
    cdef uint64_t size = 0
    cdef const uint8_t *begin
    cdef int major = read_head(data, &size)
    cdef object member
    cdef set made
    cdef list members
    if tag == TUPLE_TAG:
        if major != ARRAY or levels == 0 or size > <uint64_t>(data.end - data.at):
            return give_up(data)
        return take_tuple(data, <Py_ssize_t>size, levels - 1)
    if tag == SET_TAG or tag == FROZENSET_TAG:
        if major != ARRAY or levels == 0 or size > <uint64_t>(data.end - data.at):
            return give_up(data)
        made = set()
        for _ in range(<Py_ssize_t>size):
            if data.at >= data.end or not is_plain_key(data.at[0], size > <uint64_t>FEW_KEYS):
                return give_up(data)
            member = take(data, 0)
            if data.gave_up:
                return None
            PySet_Add(made, member)
        if <uint64_t>PySet_Size(made) != size:  # there are equal elements
            return give_up(data)
        return made if tag == SET_TAG else frozenset(made)
    if tag == COMPLEX_TAG:
        if major != ARRAY or levels == 0 or size != 2:
            return give_up(data)
        members = take_list(data, 2, 0)
        if data.gave_up or type(members[0]) is not float or type(members[1]) is not float:
            return give_up(data)
        return complex(members[0], members[1])
    if major != BYTES or size > <uint64_t>(data.end - data.at):
        return give_up(data)
    begin = data.at
    data.at += size
    if tag == POSITIVE_BIGNUM_TAG or tag == NEGATIVE_BIGNUM_TAG:
        member = int.from_bytes(PyBytes_FromStringAndSize(<const char *>begin, <Py_ssize_t>size), "big")
        return member if tag == POSITIVE_BIGNUM_TAG else ~member
    if tag == PY2_STRING_TAG:
        return PyUnicode_DecodeLatin1(<const char *>begin, <Py_ssize_t>size, NULL)
    return give_up(data)


@cython.final
cdef class Decoder:
    """Decode the items of one connection: what is plain here, the rest by an object of pure Python.

    Args:
        exact: A ``ValueDecoder``: it makes every item, or raises what is to be raised.
        max_depth: Deepest nesting this side announced it takes.

    Threads: any, if those of ``exact`` are.
    """

    cdef object _exact
    cdef int _levels

    def __init__(self, exact, max_depth):
        self._exact = exact
        self._levels = min(max_depth, MOST_LEVELS)

    def decode(self, payload, strings=DEFAULT_STRINGS):
        """Decode one item; see ``ValueDecoder.decode``."""
        if strings is DEFAULT_STRINGS or strings == DEFAULT_STRINGS:
            item = decode_or(payload, self._levels)
            if item is not NO_ITEM:
                return item
        return self._exact.decode(payload, strings)

    def decode_batch(self, payload, strings=DEFAULT_STRINGS):
        """Decode the items of a CHANNEL_BATCH payload; see ``ValueDecoder.decode_batch``."""
        if strings is DEFAULT_STRINGS or strings == DEFAULT_STRINGS:
            # The array of the batch takes a level that its items do not have to spare.
            item = decode_or(payload, self._levels + 1)
            if type(item) is list and item:
                return item
        return self._exact.decode_batch(payload, strings)


cdef object NO_ITEM = object()


cdef object take_plain(const uint8_t *at, const uint8_t *end, int levels):
    """Return the item that takes all these bytes, or ``NO_ITEM`` where pure Python has to be asked."""
    cdef In data
    data.at = at
    data.end = end
    data.gave_up = False
    item = take(&data, levels)
    return NO_ITEM if data.gave_up or data.at != data.end else item


cdef object decode_or(object payload, int levels):
    """Return the item of a payload, or ``NO_ITEM``."""
    cdef Py_buffer view
    cdef const uint8_t *at
    if type(payload) is bytes:
        at = <const uint8_t *>PyBytes_AS_STRING(payload)
        return take_plain(at, at + PyBytes_GET_SIZE(payload), levels)
    PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
    try:
        at = <const uint8_t *>view.buf
        return take_plain(at, at + view.len, levels)
    finally:
        PyBuffer_Release(&view)
