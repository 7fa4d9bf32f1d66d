"""What other compiled parts use of the value codec."""

from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

cdef struct Out:
    #: Where an item is written to: at first on the stack, and in a bytes object once it is too long for that.
    uint8_t *data
    Py_ssize_t used
    Py_ssize_t room
    PyObject *owner

cdef int put_plain(Out *out, object item) except -1
cdef object take_plain(const uint8_t *at, const uint8_t *end, int levels)
cdef object NO_ITEM
