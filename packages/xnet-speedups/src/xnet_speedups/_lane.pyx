# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, binding=True
"""The short way of a small item, compiled: ``Channel.send`` and ``Channel.receive`` where nothing is unusual.

Like the codec it decides nothing. It looks whether everything is as it nearly always is (the connection runs,
there is credit, nobody else waits, nothing is traced), and then does what pure Python would do, on the same
attributes of the same objects, under the same lock. If anything is otherwise it has done nothing yet, and the
method of pure Python is called.

Interrupts need not be held back here: no handler runs before this code waits, and then nothing is half done.
Where pure Python is called in the middle of something (``Held``) they are.

Spec: FC-002, FC-014, FC-020 (what an item costs, and when credit is due).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_Size
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GET_SIZE
from cpython.long cimport PyLong_AsLongLong, PyLong_FromLongLong
from cpython.object cimport PyObject
from cpython.set cimport PySet_Size
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memcmp, memcpy, strerror
from posix.unistd cimport read, write

from xnet_speedups._values cimport NO_ITEM, Out, put_plain, take_plain

cdef extern from *:
    """
    #include <poll.h>
    #include <structmember.h>

    static Py_ssize_t xnet_offset(PyObject *descriptor) {
        PyMemberDef *member;
        if (Py_TYPE(descriptor) != &PyMemberDescr_Type) return -1;
        member = ((PyMemberDescrObject *)descriptor)->d_member;
        return member->type == T_OBJECT_EX ? member->offset : -1;
    }

    #define xnet_place(owner, offset) (*(PyObject **)((char *)(owner) + (offset)))

    static int xnet_calls_left(void) {
        PyThreadState *state = PyThreadState_Get();
    #if PY_VERSION_HEX >= 0x030C0000
        return state->py_recursion_remaining;
    #elif PY_VERSION_HEX >= 0x030B0000
        return state->recursion_remaining;
    #else
        return Py_GetRecursionLimit() - state->recursion_depth;
    #endif
    }
    """
    Py_ssize_t xnet_offset(object descriptor)
    PyObject *xnet_place(PyObject *owner, Py_ssize_t offset)
    int xnet_calls_left()
    unsigned long PyThread_get_thread_ident()
    void Py_XDECREF(PyObject *owned)

cdef extern from "poll.h" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    enum:
        POLLIN
    int poll(pollfd *descriptors, unsigned long count, int timeout_ms)

import sys

from xnet_channel.core import states as _states
from xnet_channel.core.account import Account as _Account
from xnet_channel.core.channel_state import ChannelState as _ChannelState
from xnet_channel.core.halves import ReceiveHalf as _ReceiveHalf, SendHalf as _SendHalf
from xnet_channel.core.outgoing import Outgoing as _Outgoing
from xnet_channel.platform import greenlets
from xnet_channel.platform.interrupts import hold_interrupts, release_interrupts
from xnet_channel.platform.stack_room import READ_CALLS as _READ_CALLS
from xnet_channel.platform.waker import Waker as _Waker
from xnet_channel.threads import takers
from xnet_channel.threads.leader_follower import LeaderFollower as _LeaderFollower
from xnet_channel.threads.link import Link as _Link
from xnet_channel.threads.mailbox import Mailbox as _Mailbox
from xnet_channel.threads.reading import READ_BYTES as _READ_BYTES
from xnet_channel.threads.writer import Writer as _Writer
from xnet_wire.frames import FrameDecoder as _FrameDecoder, HEADER_BYTES as _HEADER_BYTES, OWN_BUFFER_BYTES as _OWN
from xnet_wire.limits import ITEM_COST_BYTES as _ITEM_COST_BYTES
from xnet_wire.value_types import DEFAULT_STRINGS as _DEFAULT_STRINGS

cdef object RUNNING = _states.RUNNING
cdef object OPEN = _states.OPEN
cdef object DEFAULT_STRINGS = _DEFAULT_STRINGS
cdef object Mailbox = _Mailbox
cdef dict modules = sys.modules
cdef object NOTHING = object()
cdef Py_ssize_t READ_BYTES = _READ_BYTES
cdef Py_ssize_t OWN_BUFFER_BYTES = _OWN
cdef int64_t ITEM_COST_BYTES = _ITEM_COST_BYTES
cdef int READ_CALLS = _READ_CALLS

cdef enum:
    ON_STACK_BYTES = 1024
    HEADER_BYTES = 9
    #: Type and channel, which are the same for every item of a channel.
    WHERE_BYTES = 5

if _HEADER_BYTES != HEADER_BYTES:
    raise ImportError("the header of a frame has another length")


# -- attributes ----------------------------------------------------------------------------------
# Those of classes with __slots__ are read and written where they lie.

cdef Py_ssize_t place_of(owner, str name) except -1:
    cdef Py_ssize_t found = xnet_offset(vars(owner)[name])
    if found < 0:
        raise ImportError(f"{owner.__name__}.{name} is not a slot")
    return found


cdef Py_ssize_t ACCOUNT_KEPT = place_of(_Account, "kept_bytes")
cdef Py_ssize_t ACCOUNT_MEASURED_FROM = place_of(_Account, "measured_from_bytes")
cdef Py_ssize_t CHANNEL_HEAD = place_of(_ChannelState, "item_head")
cdef Py_ssize_t CHANNEL_RECEIVER = place_of(_ChannelState, "receiver")
cdef Py_ssize_t CHANNEL_SENDER = place_of(_ChannelState, "sender")
cdef Py_ssize_t CHANNEL_STRINGS = place_of(_ChannelState, "strings")
cdef Py_ssize_t DECODER_BIG = place_of(_FrameDecoder, "big")
cdef Py_ssize_t DECODER_REST = place_of(_FrameDecoder, "rest")
cdef Py_ssize_t LEADING_ATTACHED = place_of(_LeaderFollower, "_attached")
cdef Py_ssize_t LEADING_CALLBACKS = place_of(_LeaderFollower, "callback_count")
cdef Py_ssize_t LEADING_FOLLOWERS = place_of(_LeaderFollower, "_followers")
cdef Py_ssize_t LEADING_LENT_TIMER = place_of(_LeaderFollower, "_lent_timer")
cdef Py_ssize_t LEADING_POLL = place_of(_LeaderFollower, "_poll")
cdef Py_ssize_t LEADING_SPINS = place_of(_LeaderFollower, "_spins")
cdef Py_ssize_t LEADING_USES = place_of(_LeaderFollower, "_uses")
cdef Py_ssize_t LEADING_WAKER = place_of(_LeaderFollower, "_waker")
cdef Py_ssize_t LEADING_WHO = place_of(_LeaderFollower, "_leader")
cdef Py_ssize_t LINK_END_ERROR = place_of(_Link, "end_error")
cdef Py_ssize_t LINK_EOF = place_of(_Link, "eof")
cdef Py_ssize_t LINK_FINISHED = place_of(_Link, "finished")
cdef Py_ssize_t LINK_HEARD = place_of(_Link, "heard")
cdef Py_ssize_t LINK_LANE = place_of(_Link, "lane")
cdef Py_ssize_t LINK_LOCK = place_of(_Link, "lock")
cdef Py_ssize_t LINK_TRACER = place_of(_Link, "tracer")
cdef Py_ssize_t MAILBOX_CALLBACK = place_of(_Mailbox, "callback")
cdef Py_ssize_t MAILBOX_LAST_TAKER = place_of(_Mailbox, "last_taker")
cdef Py_ssize_t MAILBOX_LINK = place_of(_Mailbox, "link")
cdef Py_ssize_t MAILBOX_STATE = place_of(_Mailbox, "state")
cdef Py_ssize_t MAILBOX_TURNS = place_of(_Mailbox, "turns")
cdef Py_ssize_t OUT_BUFFERS = place_of(_Outgoing, "buffers")
cdef Py_ssize_t OUT_QUEUED = place_of(_Outgoing, "queued_bytes")
cdef Py_ssize_t OUT_TRACE = place_of(_Outgoing, "trace")
cdef Py_ssize_t RECEIVER_ACCOUNT = place_of(_ReceiveHalf, "account")
cdef Py_ssize_t RECEIVER_ARRIVED = place_of(_ReceiveHalf, "arrived")
cdef Py_ssize_t RECEIVER_CONSUMED = place_of(_ReceiveHalf, "consumed")
cdef Py_ssize_t RECEIVER_GRANTED = place_of(_ReceiveHalf, "granted")
cdef Py_ssize_t RECEIVER_ITEMS = place_of(_ReceiveHalf, "items")
cdef Py_ssize_t RECEIVER_PARTS = place_of(_ReceiveHalf, "parts")
cdef Py_ssize_t RECEIVER_RELIEVED = place_of(_ReceiveHalf, "relieved")
cdef Py_ssize_t RECEIVER_STATE = place_of(_ReceiveHalf, "state")
cdef Py_ssize_t RECEIVER_STEP = place_of(_ReceiveHalf, "step_bytes")
cdef Py_ssize_t RECEIVER_WINDOW = place_of(_ReceiveHalf, "window_bytes")
cdef Py_ssize_t SENDER_CREDIT = place_of(_SendHalf, "credit")
cdef Py_ssize_t SENDER_IN_PARTS = place_of(_SendHalf, "in_parts")
cdef Py_ssize_t SENDER_STATE = place_of(_SendHalf, "state")
cdef Py_ssize_t WAKER_FD = place_of(_Waker, "_read_fd")
cdef Py_ssize_t WRITER_BACKLOG = place_of(_Writer, "_backlog")
cdef Py_ssize_t WRITER_BROKEN = place_of(_Writer, "broken")
cdef Py_ssize_t WRITER_WRITTEN = place_of(_Writer, "written_bytes")


cdef inline object get(object owner, Py_ssize_t place):
    return <object>xnet_place(<PyObject *>owner, place)


cdef inline bint holds(object owner, Py_ssize_t place, object wanted) noexcept:
    return xnet_place(<PyObject *>owner, place) is <PyObject *>wanted


cdef inline int64_t number(object owner, Py_ssize_t place) except? -1:
    return PyLong_AsLongLong(<object>xnet_place(<PyObject *>owner, place))


cdef extern from *:
    """
    static void xnet_put(PyObject *owner, Py_ssize_t offset, PyObject *value) {
        PyObject *before = xnet_place(owner, offset);
        Py_INCREF(value);
        xnet_place(owner, offset) = value;
        Py_XDECREF(before);
    }
    """
    void put "xnet_put"(object owner, Py_ssize_t place, object value)


cdef inline int add(object owner, Py_ssize_t place, int64_t more) except -1:
    put(owner, place, PyLong_FromLongLong(number(owner, place) + more))
    return 0


# -- the lane ------------------------------------------------------------------------------------

@cython.final
cdef class Lane:
    """The short way of one connection, from when the other side's HELLO is here.

    Args:
        endpoint: The connection.
        levels: Deepest nesting that this side announced it takes.
        item_bytes: Longest item that is nothing unusual.

    Threads: as ``Channel``.
    """

    cdef object _link, _connection, _writer, _leading, _reading, _out, _decoder, _sending, _here
    cdef set _cancelled
    cdef dict _open
    cdef int _read_fd, _write_fd, _levels
    cdef int64_t _item_bytes

    def __init__(self, endpoint, int levels, int64_t item_bytes):
        self._link = link = endpoint.link
        self._connection = link.connection
        self._writer = endpoint.writer
        self._leading = endpoint.leading
        self._reading = endpoint.leading.reading
        self._out = link.connection.out
        self._decoder = link.connection.receiving.decoder
        self._sending = endpoint.sending
        self._here = takers.here
        self._cancelled = endpoint.cancelling.threads
        self._open = link.connection.table.open
        self._read_fd = link.descriptors.read_fd
        self._write_fd = link.descriptors.write_fd
        self._levels = levels
        self._item_bytes = item_bytes
        for one, kind in (
            (link, _Link),
            (self._writer, _Writer),
            (self._leading, _LeaderFollower),
            (self._out, _Outgoing),
            (self._decoder, _FrameDecoder),
        ):
            if type(one) is not kind:
                raise TypeError(f"{one!r} is not a {kind.__name__}")

    # -- sending --------------------------------------------------------------------------------

    cdef bint send(self, object mailbox, object item) except -1:
        """Send an item; return whether that is done. Errors are those of ``Channel.send``."""
        cdef uint8_t on_stack[ON_STACK_BYTES]
        cdef Out out
        cdef int64_t position
        if (type(item) is bytes or type(item) is str) and len(item) > ON_STACK_BYTES:
            return False  # pure Python copies it less often
        out.data = on_stack
        out.used = HEADER_BYTES
        out.room = ON_STACK_BYTES
        out.owner = NULL
        try:
            if put_plain(&out, item):
                return False
            if out.used - HEADER_BYTES > self._connection.part_bytes:
                self._sending.send_long(mailbox, PyBytes_FromStringAndSize(<char *>out.data, out.used)[HEADER_BYTES:])
                return True
            lock = get(self._link, LINK_LOCK)
            if not lock.acquire(False):
                return False
            try:
                position = self._write(mailbox, &out)
            finally:
                lock.release()
        finally:
            Py_XDECREF(out.owner)
        if position > 0:
            self._sending.reservations.wait_written(mailbox, position)
        return position >= 0

    cdef int64_t _write(self, object mailbox, Out *out) except -2:
        """Write a frame, whose header is to be filled in.

        Returns:
            0 if the system has it, the place in the stream up to which something has to wait, or -1 if nothing was done.
        """
        cdef object state = get(mailbox, MAILBOX_STATE), sender = get(state, CHANNEL_SENDER)
        cdef object backlog = get(self._writer, WRITER_BACKLOG)
        cdef int64_t cost_bytes = out.used - HEADER_BYTES + ITEM_COST_BYTES
        cdef Py_ssize_t done
        if (
            PySet_Size(self._cancelled)
            or self._connection.phase is not RUNNING
            or not holds(sender, SENDER_STATE, OPEN)
            or not holds(sender, SENDER_IN_PARTS, False)
            or number(sender, SENDER_CREDIT) < cost_bytes
            or PyList_GET_SIZE(get(mailbox, MAILBOX_TURNS))
            or PyList_GET_SIZE(get(self._out, OUT_BUFFERS))
            or not holds(self._out, OUT_TRACE, None)
            or PyList_GET_SIZE(backlog)
            or not holds(self._writer, WRITER_BROKEN, None)
        ):
            return -1
        memcpy(out.data, PyBytes_AS_STRING(get(state, CHANNEL_HEAD)), WHERE_BYTES)
        put_length(out.data + WHERE_BYTES, <uint32_t>(out.used - HEADER_BYTES))
        done = write(self._write_fd, out.data, out.used)  # never waits: the descriptor is non-blocking
        if done <= 0:
            return -1
        add(sender, SENDER_CREDIT, -cost_bytes)
        add(self._out, OUT_QUEUED, out.used)
        add(self._writer, WRITER_WRITTEN, done)
        if done == out.used:
            return 0
        backlog.append(PyBytes_FromStringAndSize(<char *>out.data + done, out.used - done))
        return number(self._out, OUT_QUEUED)

    # -- receiving ------------------------------------------------------------------------------

    cdef object receive(self, object mailbox, bint may_wait):
        """Return the next item, or ``NOTHING`` if pure Python has to look. Errors are those of ``Channel.receive``."""
        cdef object state = get(mailbox, MAILBOX_STATE), receiver = get(state, CHANNEL_RECEIVER)
        cdef object items = get(receiver, RECEIVER_ITEMS), account = get(receiver, RECEIVER_ACCOUNT)
        cdef object lock = get(self._link, LINK_LOCK)
        if not lock.acquire(False):
            return NOTHING
        try:
            if (
                not holds(mailbox, MAILBOX_CALLBACK, None)
                or PySet_Size(self._cancelled)
                or number(receiver, RECEIVER_RELIEVED)
                or greenlets.library is not None
            ):
                return NOTHING
            try:
                put(mailbox, MAILBOX_LAST_TAKER, self._here.taker)
            except AttributeError:  # of a thread that has never received
                return NOTHING
            if not items and not (may_wait and self._lead(mailbox, state, receiver, lock) and items):
                return NOTHING
            before = get(receiver, RECEIVER_CONSUMED)
            taken = items.popleft()
            put(receiver, RECEIVER_CONSUMED, (<tuple>taken)[0])
            add(account, ACCOUNT_KEPT, -<int64_t>(<tuple>taken)[2])
            # What is due is never more than this: most items need no closer look.
            if number(receiver, RECEIVER_ARRIVED) - number(receiver, RECEIVER_GRANTED) >= number(
                receiver, RECEIVER_STEP
            ):
                try:
                    self._writer.return_credit_locked(state)
                except BaseException:
                    items.appendleft(taken)
                    put(receiver, RECEIVER_CONSUMED, before)
                    add(account, ACCOUNT_KEPT, (<tuple>taken)[2])
                    raise
            return (<tuple>taken)[1]
        finally:
            lock.release()

    cdef bint _lead(self, object mailbox, object state, object receiver, object lock) except -1:
        """Wait for something, and read; return whether that was done. See ``leader_follower``."""
        cdef object leading = self._leading, failure = None
        cdef int64_t me = PyThread_get_thread_ident()
        cdef bint readable = False
        if (
            number(leading, LEADING_WHO)
            or not holds(leading, LEADING_ATTACHED, False)
            or holds(leading, LEADING_WAKER, None)
            or PyDict_Contains(modules, "gevent")
            or PyDict_Contains(modules, "eventlet")
            or xnet_calls_left() < READ_CALLS
            or not self._is_usual(mailbox, state, receiver)
        ):
            return False
        put(leading, LEADING_WHO, me)
        lock.release()
        if lock._is_owned():  # pure Python says what is wrong with that
            lock.acquire(False)
            put(leading, LEADING_WHO, 0)
            return False
        try:
            readable = self._look()
        except BaseException as error:
            failure = error
        while not lock.acquire(False):
            try:
                lock.acquire()
                break
            except BaseException as error:
                failure = error
        if number(leading, LEADING_WHO) != me:  # a signal handler used the session
            if failure is not None:
                raise failure
            return False
        try:
            if readable and failure is None:
                readable = self._is_usual(mailbox, state, receiver) and self._read(mailbox, state, receiver)
        finally:
            put(leading, LEADING_WHO, 0)
            add(leading, LEADING_USES, 1)
            if (
                holds(leading, LEADING_LENT_TIMER, None)
                or number(leading, LEADING_FOLLOWERS)
                or number(leading, LEADING_CALLBACKS)
                or not holds(self._link, LINK_EOF, False)
                or not holds(self._link, LINK_FINISHED, False)
            ):
                self._do([(leading._stop_leading_locked,)])
        if failure is not None:
            raise failure
        return readable

    cdef bint _is_usual(self, object mailbox, object state, object receiver) except -1:
        return (
            self._connection.phase is RUNNING
            and self._connection.strings is DEFAULT_STRINGS
            and PyDict_Size(self._open) == 1  # else others may starve: see ``deadlock_relief``
            and holds(mailbox, MAILBOX_CALLBACK, None)
            and holds(receiver, RECEIVER_STATE, OPEN)
            and holds(receiver, RECEIVER_PARTS, None)
            and not number(receiver, RECEIVER_RELIEVED)
            and holds(state, CHANNEL_STRINGS, None)
            and holds(self._decoder, DECODER_BIG, None)
            and holds(self._link, LINK_TRACER, None)
            and holds(self._link, LINK_END_ERROR, None)
            and holds(self._link, LINK_EOF, False)
            and holds(self._link, LINK_FINISHED, False)
        )

    cdef bint _look(self) except -1:
        """Wait until there is something to read, without the lock; return whether that is all there is to look at.

        Raises:
            KeyboardInterrupt: Or whatever else a signal handler raises.
        """
        cdef pollfd looked_at[2]
        cdef int found
        if holds(self._leading, LEADING_SPINS, True):
            return get(self._leading, LEADING_POLL)(None) == self._leading._only_readable
        looked_at[0].fd = self._read_fd
        looked_at[1].fd = <int>number(get(self._leading, LEADING_WAKER), WAKER_FD)
        looked_at[0].events = looked_at[1].events = POLLIN
        while True:
            PyErr_CheckSignals()
            with nogil:
                found = poll(looked_at, 2, -1)
            if found > 0:
                return looked_at[0].revents == POLLIN and not looked_at[1].revents
            if errno != EINTR:
                return False

    cdef bint _read(self, object mailbox, object state, object receiver) except -1:
        """Read once; what is not an item of this channel goes to pure Python. Return whether anything came."""
        cdef object rest = get(self._decoder, DECODER_REST)
        cdef Py_ssize_t before = PyBytes_GET_SIZE(rest), got, at, left
        cdef object data = PyBytes_FromStringAndSize(NULL, before + READ_BYTES)
        cdef char *begin = PyBytes_AS_STRING(data)
        cdef bint incomplete
        memcpy(begin, PyBytes_AS_STRING(rest), before)
        got = read(self._read_fd, begin + before, READ_BYTES)  # never waits
        if got <= 0:
            if got and (errno == EAGAIN or errno == EINTR):
                return False
            self._do([(self._reading.end_locked, OSError(errno, strerror(errno).decode()) if got else None)])
            return False
        put(self._link, LINK_HEARD, True)
        at = self._take_items(begin, before + got, state, receiver, &incomplete)
        left = before + got - at
        rest = PyBytes_FromStringAndSize(begin + at, left)
        put(self._decoder, DECODER_REST, rest if incomplete else b"")
        follow = []
        if number(self._leading, LEADING_FOLLOWERS):
            follow.append((mailbox.waiters.notify_all_locked,))
        if not incomplete:
            follow.append((self._reading.take_locked, rest))
        if follow:
            self._do(follow)
        return True

    cdef Py_ssize_t _take_items(
        self, const char *begin, Py_ssize_t size, object state, object receiver, bint *incomplete
    ) except -1:
        """Queue the items that the data begins with; return where something else begins, and what that is."""
        cdef object items = get(receiver, RECEIVER_ITEMS), account = get(receiver, RECEIVER_ACCOUNT)
        cdef const char *head = PyBytes_AS_STRING(get(state, CHANNEL_HEAD))
        cdef const char *frame
        cdef Py_ssize_t at = 0, length
        cdef int64_t cost_bytes, arrived
        while size - at >= HEADER_BYTES:
            frame = begin + at
            length = get_length(<const uint8_t *>frame + WHERE_BYTES)
            if memcmp(frame, head, WHERE_BYTES) or length > self._item_bytes:
                incomplete[0] = False
                return at
            if length > size - at - HEADER_BYTES:
                # A long one gets a buffer of its own.
                incomplete[0] = length <= OWN_BUFFER_BYTES
                return at
            cost_bytes = length + ITEM_COST_BYTES
            arrived = number(receiver, RECEIVER_ARRIVED) + cost_bytes
            incomplete[0] = False
            if (
                not holds(receiver, RECEIVER_STATE, OPEN)  # making the item before may have run code of anybody (``gc``)
                or arrived - number(receiver, RECEIVER_GRANTED) > number(receiver, RECEIVER_WINDOW)
                or number(account, ACCOUNT_KEPT) + cost_bytes > number(account, ACCOUNT_MEASURED_FROM)
            ):
                return at
            try:
                item = take_plain(
                    <const uint8_t *>frame + HEADER_BYTES, <const uint8_t *>frame + HEADER_BYTES + length, self._levels
                )
            except Exception:  # memory is used up, or an equal key is not: pure Python meets it again
                return at
            if item is NO_ITEM:
                return at
            # Only now, and from what is there now.
            add(receiver, RECEIVER_ARRIVED, cost_bytes)
            add(account, ACCOUNT_KEPT, cost_bytes)
            items.append((get(receiver, RECEIVER_ARRIVED), item, cost_bytes))
            at += HEADER_BYTES + length
        incomplete[0] = True
        return at

    cdef int _do(self, list calls) except -1:
        """Make calls that must not be interrupted in the middle, nor left out.

        Raises:
            KeyboardInterrupt: Or whatever else a signal handler raises, once they are done.
        """
        cdef object failure = None, held
        while True:
            try:
                held = hold_interrupts()
                break
            except BaseException as error:  # came before anything was held
                failure = error
        try:
            for call in calls:
                call[0](*call[1:])
        finally:
            if held is not None:
                release_interrupts(held)
        if failure is not None:
            raise failure
        return 0


cdef inline void put_length(uint8_t *at, uint32_t length) noexcept:
    at[0] = <uint8_t>(length >> 24)
    at[1] = <uint8_t>(length >> 16)
    at[2] = <uint8_t>(length >> 8)
    at[3] = <uint8_t>length


cdef inline Py_ssize_t get_length(const uint8_t *at) noexcept:
    return <Py_ssize_t>at[0] << 24 | <Py_ssize_t>at[1] << 16 | <Py_ssize_t>at[2] << 8 | at[3]


# -- the two methods -----------------------------------------------------------------------------

cdef inline Lane lane_of(object mailbox):
    """Return the lane of a channel, or None."""
    if type(mailbox) is not Mailbox:
        return None
    return get(get(mailbox, MAILBOX_LINK), LINK_LANE)


def quick_send(slow):
    """Return ``Channel.send`` with the short way in front of it."""

    def send(self, item):
        mailbox = self._mailbox
        lane = lane_of(mailbox)
        if lane is None or not lane.send(mailbox, item):
            slow(self, item)

    return send


def quick_receive(slow):
    """Return ``Channel.receive`` with the short way in front of it."""

    def receive(self, timeout=None):
        mailbox = self._mailbox
        lane = lane_of(mailbox)
        if lane is not None:
            item = lane.receive(mailbox, timeout is None)
            if item is not NOTHING:
                return item
        return slow(self, timeout)

    return receive
