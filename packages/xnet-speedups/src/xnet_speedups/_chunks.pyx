# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=False
"""The cutter of rsync, compiled: where a file is cut follows from its content.

``find_cuts`` is the whole rule. The pure form is ``cut`` of the receiver in ``xnet_rsync``, which also runs where
nothing of ours is installed; a test compares the two.

Spec: RS-050.
"""

from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport uint8_t, uint32_t

#: How many bytes before a cut decide whether it is one.
cdef enum:
    WINDOW = 32

cdef uint32_t CRC_TABLE[256]


cdef void make_crc_table() noexcept:
    """Fill the table of the CRC-32 of RFC 1952."""
    cdef uint32_t value
    cdef int byte, bit
    for byte in range(256):
        value = byte
        for bit in range(8):
            value = <uint32_t>0xEDB88320 ^ (value >> 1) if value & 1 else value >> 1
        CRC_TABLE[byte] = value


make_crc_table()


cdef inline uint32_t crc_of_window(const uint8_t *end) noexcept nogil:
    cdef uint32_t value = ~<uint32_t>0
    cdef int index
    for index in range(-WINDOW, 0):
        value = CRC_TABLE[(value ^ end[index]) & 0xFF] ^ (value >> 8)
    return ~value


cdef struct Rule:
    #: The symbols of a marker as one number, and which bits of such a number are looked at.
    uint32_t marker
    uint32_t symbols
    int width
    #: The bits of the checksum that have to be 0.
    uint32_t zeros


cdef Rule make_rule(const uint8_t[:] marker, int bits):
    cdef Rule rule
    cdef Py_ssize_t index
    rule.marker = 0
    for index in range(marker.shape[0]):
        rule.marker = rule.marker << 2 | (marker[index] & 3)
    rule.width = <int>marker.shape[0]
    rule.symbols = (<uint32_t>1 << 2 * rule.width) - 1
    rule.zeros = (<uint32_t>1 << bits) - 1
    return rule


cdef Py_ssize_t first_place(const uint8_t *data, Py_ssize_t lowest, Py_ssize_t highest, Rule *rule) noexcept nogil:
    """Return the first place from ``lowest`` to ``highest`` that a rule allows, or -1."""
    cdef uint32_t seen = 0
    cdef Py_ssize_t place
    for place in range(lowest - rule.width, lowest - 1):
        seen = seen << 2 | (data[place] & 3)
    for place in range(lowest, highest + 1):
        seen = seen << 2 | (data[place - 1] & 3)
        if (seen & rule.symbols) == rule.marker and not crc_of_window(data + place) & rule.zeros:
            return place
    return -1


def find_cuts(const uint8_t[:] data, Py_ssize_t least, Py_ssize_t most, strong, weak, bint ended):
    """Return where the chunks of some bytes end, as far as it does not depend on bytes that follow.

    Args:
        data: Begins at a cut; more than 0 bytes.
        least: The least size of a chunk, at least 32.
        most: The largest size.
        strong: The marker of rule 1 and how many bits of the checksum are 0 behind it.
        weak: The same for rule 2.
        ended: Nothing follows.

    Threads: any; others run meanwhile.
    """
    cdef Rule first = make_rule(strong[0], strong[1]), second = make_rule(weak[0], weak[1])
    cdef Py_ssize_t size = data.shape[0], at = 0, count = 0, lowest, highest, place, index
    cdef Py_ssize_t last = size - 1 if ended else size - most
    cdef const uint8_t *begin
    cdef Py_ssize_t *found
    if last < 0:
        return []
    begin = &data[0]
    found = <Py_ssize_t *>PyMem_Malloc((size // least + 2) * sizeof(Py_ssize_t))
    if found is NULL:
        raise MemoryError
    try:
        with nogil:
            while at <= last:
                lowest = at + least
                highest = at + most if at + most < size else size
                place = -1
                if lowest <= highest:
                    place = first_place(begin, lowest, highest, &first)
                    if place < 0:
                        place = first_place(begin, lowest, highest, &second)
                at = place if place >= 0 else highest
                found[count] = at
                count += 1
        return [found[index] for index in range(count)]
    finally:
        PyMem_Free(found)
