"""The bare worker: the worker side of the xnet protocol in one file, for Python 2.7, 3.6 and newer, and PyPy.

This text is sent to an interpreter in which nothing of ours is installed (see ``bootstrap``) and is never
imported. It uses the standard library only and shares no code with the packages; protocol-spec/ is what it was
written from, and ids such as FR-007 are the requirements there.

Sections, in this order; each uses only the ones above it:

    Two Pythons       names that differ between 2 and 3
    Later             what is compiled at its first use
    Numbers           frame types, error codes, limits
    Errors            what can be caught, and by whom
    Encoding          values to CBOR
    Decoding          CBOR to values, strictly
    Control payloads  HELLO, EXEC and the like, checked
    Interrupts        when Ctrl-C may strike
    Sleeping          a thread waits, another wakes it
    Greenlets         what changes when code uses gevent or eventlet
    Trace             EXECNET_DEBUG, XNET_TRACE_JSON
    Channels          the state of one, what users hold, files over it
    Link              the connection: who reads, who writes, what frames do
    Callbacks         the thread that runs them
    Executing         CHANNEL_EXEC
    execnet's names   for code that imports execnet
    Worker            configuration, answers, the end
    Starting          standard input and output become the connection

Threads: the main thread runs executions and, while it waits for anything, reads the connection. Any thread that
waits may read (it *leads*); others that wait meanwhile sleep and are woken. Whenever nobody leads for some
milliseconds, the *keeper* thread does, so frames are answered while code is busy. All state is under one lock,
``link.lock``; names ending in ``_locked`` are called with it. Where code uses greenlets, all of them are in the main
thread, which then leaves reading to the keeper.
"""

import os
import select
import sys
import time
from errno import EAGAIN, EEXIST, EINTR
from itertools import repeat

from _collections import deque  # without what is around it, which takes a while to load
from _struct import Struct
from _struct import error as struct_error
from _weakref import ref


class OS(object):
    """What reads, writes, waits or ends here has to go on to do so when code has had it replaced (gevent, eventlet,
    freezegun, pyfakefs, tests). Those look for it in modules, by name and by value, and not in classes."""

    read, write, close, pipe, dup, dup2, fstat = os.read, os.write, os.close, os.pipe, os.dup, os.dup2, os.fstat
    open, getpid, kill, _exit = os.open, os.getpid, os.kill, os._exit
    set_blocking, set_inheritable = getattr(os, "set_blocking", None), getattr(os, "set_inheritable", None)
    select, poll = select.select, getattr(select, "poll", None)


class CLOCK(object):
    monotonic = getattr(time, "monotonic", time.time)
    monotonic_ns = getattr(time, "monotonic_ns", None)
    sleep = time.sleep


try:
    from _functools import partial
except ImportError:

    def partial(function, argument):  # PyPy, where this is the quicker way, too
        return lambda data, at, levels: function(argument, data, at, levels)


# ---- Two Pythons ------------------------------------------------------------------------------

PY2 = sys.version_info[0] == 2
compiled = compile  # which code of a sandbox takes away
getframe, getrecursionlimit = sys._getframe, sys.getrecursionlimit
IS_PYPY = hasattr(sys, "pypy_version_info")

if PY2:
    from signal import SIGINT, default_int_handler, getsignal, signal
    from thread import _local, allocate_lock, get_ident, start_new_thread

    Text, Integers = unicode, (int, long)
    _BaseTimeout, _OSErrors = IOError, (IOError, OSError)

    def execute(code, namespace, names=None):
        exec("exec code in namespace, names")

    def native(text):
        """Return a text as what the interpreter takes for names: file names, variables of the environment."""
        return text.encode("utf-8") if isinstance(text, Text) else text

else:
    from _signal import SIGINT, default_int_handler, getsignal, signal
    from _thread import RLock, _local, allocate_lock, get_ident, start_new_thread

    Text, Integers = str, (int,)
    _BaseTimeout, _OSErrors = TimeoutError, (OSError,)
    execute = eval  # of a code object: what "exec" does, and the coroutine if it is one

    def native(text):
        return text


def as_text(something):
    """Return valid text: bytes as UTF-8, and whatever is no Unicode replaced."""
    if isinstance(something, bytes):
        return something.decode("utf-8", "replace")
    if not isinstance(something, Text):
        try:
            something = Text(something)
        except Exception:  # its __str__ is the user's, or gives bytes that are no ASCII
            try:
                something = str(something).decode("utf-8", "replace")
            except Exception:
                something = Text(repr(type(something)))
    data = something.encode("utf-8", "replace")
    if PY2 and _has_surrogate(data):  # which are no error there
        with own_imports():
            data = __import__("re").sub(b"\xed[\xa0-\xbf][\x80-\xbf]", b"?", data)
    return data.decode("utf-8", "replace")


def implementation():
    """Return what HELLO and INFO say about this program."""
    name = "pypy" if IS_PYPY else getattr(getattr(sys, "implementation", None), "name", "cpython")
    return "xnet-bare/%s %s-%s" % (VERSION, name, ".".join(map(str, sys.version_info[:3])))


# ---- Later ------------------------------------------------------------------------------------
# To compile this file takes longer than anything else at a start. So what is marked with ``later``, and is not needed
# to execute something and to send and receive small items, is put off: ``bootstrap`` takes it out of what is compiled
# first, and leaves a ``Later`` in its place. All of it is compiled as soon as any of it is used.


def later(thing):
    return thing  # this file as a whole, or compiled code of it: nothing is put off


class Later(object):
    """Stands for a function, a class, or a method that is not compiled yet."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *arguments, **named):
        compile_rest()
        return globals()[self.name](*arguments, **named)

    def __get__(self, instance, kind):
        compile_rest()
        return getattr(kind if instance is None else instance, self.name)


REST = []  # the text of it, as long as it is not compiled


def compile_rest():
    """Compile what was put off, and put it into its places."""
    with REST_GUARD:
        if REST:
            names = {}
            execute(compiled(REST[0], OWN_FILE, "exec", 0, True), globals(), names)
            for name, thing in names.items():
                place = globals()[name]
                if type(place) is Later:
                    globals()[name] = thing
                else:
                    for method, function in list(thing.__dict__.items()):
                        if type(place.__dict__.get(method)) is Later:
                            setattr(place, method, function)
            del REST[:]


# ---- Imports ----------------------------------------------------------------------------------

KEPT = []  # how imports work before anything is executed
OWN_IMPORTS = []  # the one object of this process, once it is needed


def keep_imports():
    """Take note of how imports work, before anything is executed."""
    names = __import__("__builtin__" if PY2 else "builtins").__dict__
    if PY2:
        __import__("imp")
    finders = dict(sys.path_importer_cache)
    KEPT[:] = list(sys.path), list(sys.meta_path), list(sys.path_hooks), finders, dict(sys.modules), names, dict(names)


@later
def own_imports():
    if not OWN_IMPORTS:
        if not KEPT:
            keep_imports()
        OWN_IMPORTS.append(OwnImports())
    return OWN_IMPORTS[0]


@later
class OwnImports(object):
    """In a block of this a thread imports as it did when this worker began, whatever executed code has done since to
    sys.path, sys.meta_path, sys.path_hooks, sys.modules and builtins. Afterwards all is as the code wants it."""

    def __init__(self):
        self.path, meta, self.hooks, self.finders, self.modules, self.names, self.builtins = KEPT
        self.path = [entry for entry in self.path if entry]  # what lies in the working directory is not ours
        self.find = [
            self.in_path if getattr(finder, "__name__", "") == "PathFinder" else finder.find_spec
            for finder in meta
            if hasattr(finder, "find_spec")
        ]
        self.guard = Guard(allocate_lock())
        self._inside = {}  # in how many blocks each thread is
        self.back = {}
        self.changed = {}
        self.odd = []

    def __enter__(self):
        me = get_ident()
        with self.guard:
            for name, module in self.modules.items():
                if name not in sys.modules:
                    sys.modules[name] = self.back[name] = module
            for name in "sys", "builtins", "__builtin__":
                if name in self.modules:
                    sys.modules[name] = self.modules[name]  # made anew they lack half
            for name, value in self.builtins.items():
                now = self.names.get(name, KEPT)
                # Other changes stay: who has put in another `open` needs it in all threads at all times.
                if now is not value and (name == "__import__" or now is KEPT or now is None):
                    self.changed.setdefault(name, now)
                    self.names[name] = value
            theirs = sys.__dict__.get("meta_path", KEPT)
            if type(theirs) is not list:  # with which nothing can be imported at all
                self.odd.append(theirs)
                sys.meta_path = theirs = []
            if self not in theirs:
                theirs.insert(0, self)
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *error):
        me = get_ident()
        with self.guard:
            self._inside[me] = self._inside.get(me, 1) - 1
            if not self._inside[me]:
                del self._inside[me]
            if self._inside:
                return
            while self.back:
                name, module = self.back.popitem()
                if sys.modules.get(name) is module:
                    del sys.modules[name]
            while self.changed:
                name, value = self.changed.popitem()
                if self.names.get(name, KEPT) is self.builtins[name]:
                    if value is KEPT:
                        del self.names[name]
                    else:
                        self.names[name] = value
            theirs = sys.__dict__.get("meta_path", KEPT)
            if type(theirs) is list and self in theirs:
                theirs.remove(self)
            while self.odd:
                sys.meta_path = self.odd.pop()
                if sys.meta_path is KEPT:
                    del sys.meta_path

    def find_spec(self, name, path=None, target=None):
        if get_ident() in self._inside:
            for find in self.find:
                spec = find(name, path, target)
                if spec is not None:
                    return spec
            raise ModuleNotFoundError("No module named %r" % name, name=name)

    def in_path(self, name, path, target):
        for entry in self.path if path is None else path:
            if entry not in self.finders:
                self.finders[entry] = None
                for hook in self.hooks:
                    try:
                        self.finders[entry] = hook(entry)
                        break
                    except ImportError:
                        pass
            finder = self.finders[entry]
            spec = None if finder is None else finder.find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec

    def find_module(self, name, path=None):
        """As Python 2 asks."""
        if PY2 and get_ident() in self._inside:
            try:
                found = self.modules["imp"].find_module(name.rpartition(".")[2], self.path if path is None else path)
            except ImportError:
                return
            return Found(self.modules["imp"], found)


@later
class Found(object):
    """A module that Python 2 has found."""

    def __init__(self, imp, found):
        self.imp, self.found = imp, found

    def load_module(self, name):
        try:
            return sys.modules.get(name) or self.imp.load_module(name, *self.found)
        finally:
            if self.found[0] is not None:
                self.found[0].close()


# ---- Numbers ----------------------------------------------------------------------------------

VERSION = "0.1.0"  # of this implementation
PROTOCOL = (1, 0)
PREAMBLE = b"\x89XNET\r\n\x1a\n"

STATUS, RECONFIGURE, TERMINATE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST = range(8)
HELLO, CREDIT, PART, PING, PONG, INFO, GOAWAY, BATCH, CHANNEL_OPEN, CANCEL = range(8, 18)
FRAME_NAMES = (
    "STATUS RECONFIGURE GATEWAY_TERMINATE CHANNEL_EXEC CHANNEL_DATA CHANNEL_CLOSE CHANNEL_CLOSE_ERROR "
    "CHANNEL_LAST_MESSAGE HELLO CHANNEL_CREDIT CHANNEL_PART PING PONG INFO GOAWAY CHANNEL_BATCH CHANNEL_OPEN "
    "CHANNEL_CANCEL"
).split()
HANDLERS = (
    "question reconfigure terminate exec data close close_error last hello credit part ping pong question goaway batch "
    "open cancel"
).split()
ON_CHANNEL_ZERO = frozenset((HELLO, TERMINATE, PING, PONG, GOAWAY))
EMPTY = frozenset((CLOSE, LAST, STATUS, INFO, CHANNEL_OPEN, CANCEL))

VERSION_UNSUPPORTED, FRAME_UNKNOWN_TYPE, FRAME_TOO_LARGE, VALUE_MALFORMED = 1, 2, 3, 4
CREDIT_OVERDRAWN, CREDIT_OVERFLOW, STATE_VIOLATION, LIMIT_EXCEEDED = 5, 6, 7, 8
HELLO_MALFORMED, CONFIG_REFUSED, INTERNAL_ERROR, ROLE_VIOLATION, PAYLOAD_MALFORMED = 9, 10, 12, 13, 14

FRAME_LIMIT, ITEM_LIMIT, DEPTH_LIMIT, CHANNEL_LIMIT, WINDOW = 1048576, 2147483647, 512, 65536, 1048576
HELLO_LIMIT, ERROR_LIMIT, GOAWAY_TEXT_LIMIT, CONTROL_DEPTH = 65536, 65536, 4096, 64
MAX_CREDIT, MAX_ID, ITEM_COST, PART_LIMIT = 2147483647, 2**32 - 1, 64, 262144
#: Nesting that an encoder tries at all: a peer may announce more, but Python's stack has an end.
ENCODE_DEPTH = 1000
#: Answers (PONG, CREDIT ...) that the initiator may leave unread before the connection ends. LI-010
MAX_UNREAD = 8388608
BATCH_SIZE = 32768

GRACE, INTERRUPT_GRACE, WRITE_GRACE = 5000, 10000, 1.0  # GR-001: milliseconds; seconds
STALL, NEXT_STALL = 0.5, 0.02  # seconds; FC-042
STUCK, STUCK_STEP = 5.0, 1.0  # seconds; FC-040
LAST_CREDIT = 0.2  # seconds that an ending worker waits for credit (GR-011)
NOTICED, NOTICES = 0.05, 5  # seconds that the main thread gets to notice an interrupt, then twice as many; how often
NAP = 0.005  # seconds after which the keeper looks whether anybody reads

OPEN, ENDED, CLOSED = "open", "ended", "closed"
INTERRUPT_TEXT = "keyboard-interrupted"
REFUSED_TEXT = "concurrent remote_exec would cause deadlock for main_thread_only execmodel"
NO_FILE = "<remote exec>"
NO_ENDMARKER = object()

HEADER = Struct(">BII")


# ---- Errors -----------------------------------------------------------------------------------


class Broken(Exception):
    """The initiator broke a rule of the protocol (or this worker cannot go on): the connection ends."""

    def __init__(self, code, text):
        Exception.__init__(self, code, text)
        self.code = code
        self.text = text


class Malformed(Exception):
    """Bytes that are no value."""


class RemoteError(Exception):
    """The other side closed the channel with an error, or is told of one: the map of CHANNEL_CLOSE_ERROR (CH-041).

    ``formatted`` is its text, ``code`` a word that programs compare, the others are None or empty if they are not known.
    """

    def __init__(self, formatted, code="error", type=None, message=None, frames=()):
        Exception.__init__(self, formatted)
        self.formatted = formatted
        self.code, self.type, self.message, self.frames = code, type, message, frames

    def __str__(self):
        return native(self.formatted)

    def __repr__(self):
        return "%s: %s" % (type(self).__name__, native(self.formatted))


INTERRUPT = RemoteError(INTERRUPT_TEXT, "interrupted")
CANCELLED = RemoteError("cancelled", "cancelled")


@later
class CallbackError(RemoteError):
    """The callback of a channel failed, here; ``threading.excepthook`` was told of it when it happened."""


class TimeoutError(_BaseTimeout):
    """Nothing came in time."""


class DataFormatError(Exception):
    """What ``dumps`` and ``loads`` of execnet may raise."""


class DumpError(DataFormatError):
    """The item cannot be sent, or dumped."""


if PY2:

    class ClosedError(IOError, OSError):
        """Nothing can be sent (any more); programs catch either."""

else:
    ClosedError = OSError

CANNOT_SEND = "cannot send (already closed?): "


class WorkerEnding(ClosedError):
    """This worker was asked to end, and what its code wants to send nobody takes any more (GR-011)."""



# ---- Encoding ---------------------------------------------------------------------------------
# One function for each type, found by the type itself, so that a subclass is not taken for its base (VA-006).
# Each appends bytes to a list; what they may nest is counted down to 0.


class Refused(Exception):
    """Raised inside the encoder. ``Conversion`` then looks whether something stands for a value (VA-012), and
    ``explain`` for the place and the words if nothing does."""


_U8, _U16, _U32, _U64 = Struct(">BB"), Struct(">BH"), Struct(">BI"), Struct(">BQ")
_F64 = Struct(">Bd").pack
_INFINITY = float("inf")


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
_BYTES_HEADS, _TEXT_HEADS, _ARRAY_HEADS, _MAP_HEADS = [[head(m, n) for n in range(256)] for m in (2, 3, 4, 5)]
_COMPLEX, _TUPLE, _SET = head(6, 43000) + head(4, 2), head(6, 58400), head(6, 258)
_FROZENSET, _CHANNEL, _PY2_STR, _SURROGATES = [head(6, tag) for tag in range(58401, 58405)]

#: What the initiator has announced (VE-002).
PEER_FEATURES = set()


class SurrogateText(Text):
    """A text that has surrogates, with its bytes as ``utf8``: what one becomes before it is encoded (VA-013), and what
    arrives in Python 2 if there is a pair in it, which would be one character when it is sent on (VA-010)."""

    if sys.maxunicode < 0x10000:  # two units, as that character: it is another key, all the same

        def __eq__(self, other):
            return type(other) is SurrogateText and other.utf8 == self.utf8

        def __ne__(self, other):
            return not self == other

        def __hash__(self):
            return hash(self.utf8)


def surrogate_text(text, utf8):
    text = SurrogateText(text)
    text.utf8 = utf8
    return text


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
    if PY2 and _has_surrogate(data):
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


def _has_surrogate(data):
    """Return whether bytes that Python 2 takes for UTF-8 hold surrogates, which are not UTF-8."""
    if len(data) > 500 and 0xED not in bytearray(data):
        return False  # which looks at several bytes at a time, as `find` there does not
    at = data.find(b"\xed")
    while at >= 0:
        if data[at + 1 : at + 2] >= b"\xa0":
            return True
        at = data.find(b"\xed", at + 3)
    return False


def _put_list(add, items, levels):
    if levels < 1:
        raise Refused
    size = len(items)
    add(_ARRAY_HEADS[size] if size < 256 else head(4, size))
    levels -= 1
    for item in items:
        ENCODERS[type(item)](add, item, levels)


def _put_tagged_array(tag):
    def put(add, items, levels):
        if levels < 2:
            raise Refused
        size = len(items)
        add(tag + (_ARRAY_HEADS[size] if size < 256 else head(4, size)))
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


def _put_channel(add, item, levels):
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
    tuple: _put_tagged_array(_TUPLE),
    dict: _put_dict,
    set: _put_tagged_array(_SET),
    frozenset: _put_tagged_array(_FROZENSET),
})  # fmt: skip
if PY2:
    ENCODERS[long] = _put_int

    def as_seen(key):
        """Return a key as the other side compares it: there, a ``str`` becomes text."""
        if type(key) in (tuple, frozenset):
            return type(key)(map(as_seen, key))
        return key.decode("latin-1") if type(key) is bytes else key

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
    levels = min(levels, ENCODE_DEPTH)
    try:
        ENCODERS[type(item)](out.append, item, levels)
    except (Refused, UnicodeEncodeError):
        return on_a_fresh_stack(encode_converted, item, levels)
    except RuntimeError as error:
        if not is_recursion(error):
            raise
        return on_a_fresh_stack(encode, item, levels)
    return b"".join(out)


@later
def encode_converted(item, levels):
    """Encode what was refused as it is, or raise DumpError."""
    item = Conversion(ENCODERS, "surrogates" in PEER_FEATURES).value_of(item, levels)
    out = []
    try:
        ENCODERS[type(item)](out.append, item, levels)
    except (Refused, UnicodeEncodeError):
        raise DumpError(explain(item, levels))
    return b"".join(out)


@later
def module_of(kind):
    return getattr(kind, "__module__", None)  # a class made by exec may have none


@later
class Conversion(object):
    """Makes values of what stands for one (VA-012): instances of subclasses that are named like their base, which is
    what execnet goes by, and scalars of numpy. Both are known by names, so nothing is imported. Content is read with
    the methods of the built-in type."""

    CONTENT = dict((kind, kind.__pos__) for kind in Integers + (float, complex))
    for kind in (bytes, Text, bytearray, list, tuple):
        CONTENT[kind] = lambda item, get=kind.__getitem__: get(item, slice(None))
    for kind in (set, frozenset):
        CONTENT[kind] = lambda item, kind=kind: kind(kind.__iter__(item))
    CONTENT[dict] = lambda item: dict(dict.items(item))

    #: numpy's families of scalars, by their names in its versions.
    FAMILIES = {
        "bool": bool, "bool_": bool, "integer": lambda item: item.__index__(), "floating": float,
        "complexfloating": complex, "str_": CONTENT[Text], "unicode_": CONTENT[Text], "bytes_": CONTENT[bytes],
        "string_": CONTENT[bytes],
    }  # fmt: skip
    #: Members of them that no value keeps exactly.
    ONLY_NUMPY = "timedelta64 longdouble float96 float128 clongdouble complex192 complex256".split()

    def __init__(self, accepted, surrogates=False):
        self.accepted = accepted  # types
        self.surrogates = surrogates  # whether texts may have them

    def value_of(self, item, levels, path=""):
        """Return the item with values in place of what stands for them; what stands for none stays as it is."""
        kind = type(item)
        if kind not in self.accepted:
            item = self.one(item, kind)
            kind = type(item)
        if kind is Text and self.surrogates:
            try:
                data = item.encode("utf-8")
            except UnicodeEncodeError:
                # One by one in PyPy: for a whole text it takes time by the square of its length.
                data = b"".join([one.encode("utf-8", "surrogatepass") for one in (item if IS_PYPY else [item])])
            return surrogate_text(item, data) if _has_surrogate(data) else item
        if levels <= 0 and kind in (list, tuple, dict, set, frozenset):
            # At once: what contains itself twice has no end.
            text = "can't serialize a %s nested this deeply at %s: there is a limit, or it contains itself."
            raise DumpError(text % (kind.__name__, path))
        if kind in (list, tuple):
            return kind([self.value_of(one, levels - 1, "%s[%d]" % (path[:400], n)) for n, one in enumerate(item)])
        if kind is dict:
            pairs = []
            for key, value in list(item.items()):
                value = self.value_of(value, levels - 1, "%s[%s]" % (path[:400], short(key)))
                pairs.append((self.value_of(key, levels - 1, "%s.<key %s>" % (path[:400], short(key))), value))
            self.check([key for key, _ in pairs], kind, path)
            return dict(pairs)
        if kind in (set, frozenset):
            step = "%s.<element %s>"
            items = [self.value_of(one, levels - 1, step % (path[:400], short(one))) for one in list(item)]
            self.check(items, kind, path)
            return kind(items)
        return item

    def one(self, item, kind):
        name = kind.__name__
        if module_of(kind) == "numpy":
            families = [] if name in self.ONLY_NUMPY else self.FAMILIES
            for base in kind.__mro__:
                if base.__name__ in families and module_of(base) == "numpy":
                    return self.FAMILIES[base.__name__](item)
            return item
        for base in kind.__mro__[1:]:
            if base in self.accepted and base.__name__ == name:
                return self.CONTENT[base](item)
        # It has no subclasses, so this is somebody's own; it knows whether it is true.
        return bool(item) if name == "bool" else item

    def check(self, members, kind, path):
        """Refuse keys or elements that were different, and hashable, as what they are only (VA-011)."""
        what = "keys" if kind is dict else "elements"
        where = " at " + path if path else ""
        seen = set()
        for member in members:
            if PY2:
                member = as_seen(member)
            try:
                known = member in seen
            except TypeError:
                found = "with %s among its %s" % (short(member), what)
            else:
                found = known and "in which two %s become equal, both %s" % (what, short(member))
            if found:
                raise DumpError("can't serialize a %s %s%s." % (kind.__name__, found, where))
            seen.add(member)


@later
def explain(item, levels, path=""):
    """Return a sentence about the first thing in the item that cannot be sent, or None."""
    kind = type(item)
    where = " at " + path if path else ""
    if kind not in ENCODERS:
        base = [b for b in kind.__mro__[1:-1] if b in ENCODERS]
        only = " (a subclass of %s; only %s itself is taken)" % (base[0].__name__, base[0].__name__) if base else ""
        module = module_of(kind)
        name = kind.__name__ if module in (None, "builtins", "__builtin__") else module + "." + kind.__name__
        return "can't serialize an object of type %s%s%s." % (name, only, where)
    members = []
    cost = 0
    if kind is dict:
        cost = 1
        for key, value in list(item.items()):
            members.append((key, ".<key %s>" % short(key)))
            members.append((value, "[%s]" % short(key)))
    elif kind in (list, tuple):
        cost = 1 if kind is list else 2
        members = [(member, "[%d]" % number) for number, member in enumerate(item)]
    elif kind in (set, frozenset):
        cost = 2
        members = [(member, ".<element %s>" % short(member)) for member in item]
    if levels < cost:
        return "can't serialize a %s nested this deeply%s: the other side takes a limited number of levels." % (
            kind.__name__,
            where[:400],
        )
    for member, step in members:
        found = explain(member, levels - cost, path + step if len(path) < 400 else path)
        if found:
            return found
    try:
        if not members:
            ENCODERS[kind]([].append, item, levels)
    except UnicodeEncodeError as error:
        return "can't serialize a text that is not valid Unicode%s: %s." % (where, error)
    except Refused:
        return "can't serialize this %s%s: it is nested too deeply or no valid Unicode." % (kind.__name__, where)
    return None


@later
def short(value):
    """Return a representation for messages: bounded, and without the inside of containers."""
    if type(value) in (bytes, Text):
        return repr(value) if len(value) <= 40 else repr(value[:40]) + "..."
    if value is None or type(value) in (bool, float, complex) or (type(value) in Integers and abs(value) < 2**128):
        return repr(value)
    return "<%s>" % type(value).__name__


def is_recursion(error):
    """Return whether the stack was full (VA-026); Python 2 has no class of its own for it."""
    return "recursion" in str(error)


def on_a_fresh_stack(function, *arguments):
    """Call a function on a stack of its own: that of our caller, who may be anybody, may be nearly full."""
    outcome = []
    done = allocate_lock()
    done.acquire()

    def call():
        limit = sys.getrecursionlimit()
        try:
            # Only ever raised, and only meanwhile: two levels of Python for each of CBOR.
            sys.setrecursionlimit(max(limit, 3 * ENCODE_DEPTH + 100))
            outcome.append((True, function(*arguments)))
        except BaseException as error:
            outcome.append((False, error))
        finally:
            try:
                sys.setrecursionlimit(limit)
            finally:
                done.release()

    start_new_thread(call, ())
    done.acquire()
    good, value = outcome[0]
    if not good:
        raise value
    return value


# ---- Decoding ---------------------------------------------------------------------------------
# A table of 256 functions, one for each first byte of a data item: function(data, position of that byte,
# levels left) -> (value, position behind it). One table for each setting of the coercion flags.

_KEY = chr if PY2 else int  # what an element of bytes is, from its number
_ARRAYS = frozenset(map(_KEY, range(0x80, 0x9C)))
_STRINGS = frozenset(map(_KEY, range(0x40, 0x5C)))
_NUMBERS = frozenset(map(_KEY, range(0x00, 0x1C)))
_WIDE = {24: (1, Struct(">B")), 25: (2, Struct(">H")), 26: (4, Struct(">I")), 27: (8, Struct(">Q"))}
_f32, _f64, _u16 = Struct(">f").unpack_from, Struct(">d").unpack_from, Struct(">H").unpack_from


def _half(data, at):
    """Return the float in two bytes; ``struct`` of Python 2 has no code for it."""
    bits = _u16(data, at)[0]
    exponent, fraction = bits >> 10 & 31, bits & 0x3FF
    if exponent == 31:
        value = float("nan") if fraction else _INFINITY
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
        if PY2 and _has_surrogate(part):
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
                raise Malformed("a map has a key that cannot be hashed: " + short(key))
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
        if not _has_surrogate(data):
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
        width, struct = _WIDE[info]
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
    short_tuples = dict((_TUPLE[1:] + _ARRAY_HEADS[size], size) for size in range(24))

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


# ---- Control payloads -------------------------------------------------------------------------

_control = make_table(True, False, None)


def decode_control(payload, kind, code=PAYLOAD_MALFORMED):
    """Return the value of a control payload (FR-015)."""
    try:
        return decode(_control, payload, 0, CONTROL_DEPTH)
    except Malformed as error:
        raise Broken(code, "the payload of %s is malformed: %s" % (FRAME_NAMES[kind], error))


def must(condition, code, text, *values):
    """Raise Broken unless the condition holds."""
    if not condition:
        raise Broken(code, text % tuple(map(short, values)))


def is_number(value, least=0, most=2**64 - 1):
    return type(value) in Integers and least <= value <= most


def is_text_map(value):
    return type(value) is dict and all(type(key) is Text for key in value)


CONFIG_TYPES = {
    "id": (Text,), "execmodel": (Text,), "env": (dict,), "chdir": (Text,), "nice": Integers, "alias": (bool,),
    "dont_write_bytecode": (bool,), "keepalive": Integers,
    "stdout": (Text,),
}  # fmt: skip


def check_hello(payload):
    """Return limits, credit, config and features of the initiator's HELLO (HS-010 to HS-015)."""
    code = HELLO_MALFORMED
    hello = decode_control(payload, HELLO, code)
    must(type(hello) is dict, code, "HELLO is no map but %s", hello)
    version = hello.get("version")
    good = type(version) is list and len(version) == 2 and is_number(version[0]) and is_number(version[1])
    must(good, code, '"version" in HELLO is not [major, minor] but %s', version)
    if version[0] != PROTOCOL[0]:
        text = "the initiator speaks version %d.%d, this worker speaks %d.%d; the major versions must be equal"
        raise Broken(VERSION_UNSUPPORTED, text % (tuple(version) + PROTOCOL))
    must(is_text_map(hello), code, "HELLO is no map with texts as keys but %s", hello)
    name = hello.get("implementation", Text())
    must(type(name) is Text, code, '"implementation" in HELLO is no text but %s', name)
    features = hello.get("features", [])
    good = type(features) is list and all(type(feature) is Text for feature in features)
    must(good, code, '"features" in HELLO is no list of texts but %s', features)
    given = hello.get("limits", {})
    must(is_text_map(given), code, '"limits" in HELLO is no map with texts as keys but %s', given)
    limits = {"frame": FRAME_LIMIT, "item": ITEM_LIMIT, "depth": DEPTH_LIMIT, "channels": CHANNEL_LIMIT, "memory": 2**64 - 1}
    for key, least in (("frame", HELLO_LIMIT), ("item", 1), ("depth", CONTROL_DEPTH), ("channels", 1), ("memory", 65536)):
        limits[key] = value = given.get(key, limits[key])
        must(is_number(value, least), code, '"limits.%s" in HELLO is %%s, not a number from %d on' % (key, least), value)
    limits["item"] = min(limits["item"], limits["memory"] - ITEM_COST)  # what it does not keep it does not take (LI-011)
    credit = hello.get("credit", WINDOW)
    must(is_number(credit, 65536, MAX_CREDIT), code, '"credit" in HELLO is %s, not a number from 65536 to 2^31-1', credit)
    config = hello.get("config", {})
    must(is_text_map(config), code, '"config" in HELLO is no map with texts as keys but %s', config)
    for key, kinds in CONFIG_TYPES.items():
        good = key not in config or type(config[key]) in kinds
        must(good, code, '"config.%s" in HELLO has a value of the wrong type: %%s' % key, config.get(key))
    for key, value in config.get("env", {}).items():
        # The value may be a secret and is not shown.
        good = type(key) is Text and (value is None or type(value) is Text)
        must(good, code, '"config.env" in HELLO does not map %s to a text or null', key)
    return limits, credit, config, features


def check_exec(payload):
    """Return what a CHANNEL_EXEC asks for, None if that follows (GW-001, GW-002, GW-006)."""
    request = decode_control(payload, EXEC)
    code = PAYLOAD_MALFORMED
    must(is_text_map(request), code, "CHANNEL_EXEC is no map with texts as keys but %s", request)
    kinds = [kind for kind in ("source", "service", "follows") if kind in request]
    must(len(kinds) == 1, code, 'CHANNEL_EXEC has %s of "source", "service" and "follows", not one', len(kinds))
    source = request[kinds[0]]
    if kinds == ["follows"]:
        must(source is True, code, '"follows" in CHANNEL_EXEC is not true but %s', source)
        return None
    must(type(source) is Text, code, '"' + kinds[0] + '" in CHANNEL_EXEC is no text but %s', source)
    for key in ("file", "call", "language"):
        value = request.get(key)
        must(value is None or type(value) is Text, code, '"' + key + '" in CHANNEL_EXEC is no text but %s', value)
    kwargs = request.get("kwargs", {})
    must(is_text_map(kwargs), code, '"kwargs" in CHANNEL_EXEC is no map with texts as keys but %s', kwargs)
    return source, request.get("file"), request.get("call"), kwargs, request.get("language"), kinds[0]


def check_terminate(payload):
    """Return the two times of a GATEWAY_TERMINATE in seconds (GR-001)."""
    times = decode_control(payload, TERMINATE)
    must(is_text_map(times), PAYLOAD_MALFORMED, "GATEWAY_TERMINATE is no map with texts as keys but %s", times)
    found = times.get("finish", GRACE), times.get("interrupt", INTERRUPT_GRACE)
    for value in found:
        text = "GATEWAY_TERMINATE has the time %s, expected 0 to 86400000 milliseconds"
        must(is_number(value, 0, 86400000), PAYLOAD_MALFORMED, text, value)
    return found[0] / 1000.0, found[1] / 1000.0


@later
def fit(text, limit):
    """Return the text in at most ``limit`` bytes of UTF-8, its middle replaced by a note if it is longer."""
    data = as_text(text).encode("utf-8")
    if len(data) <= limit:
        return data.decode("utf-8")
    note = "\n[... cut here: %d bytes, of which %d can be sent ...]\n" % (len(data), limit)
    room = (limit - len(note)) // 2
    return data[:room].decode("utf-8", "ignore") + note + data[-room:].decode("utf-8", "ignore")


@later
def encode_error(error):
    """Return the payload of a CHANNEL_CLOSE_ERROR: frames are left out first, from the middle (CH-042)."""
    pairs = []
    room = ERROR_LIMIT - 64
    for key, most in (("code", 1024), ("type", 1024), ("message", 16384), ("formatted", room)):
        value = getattr(error, key)
        if value is not None:
            value = fit(value, min(most, room))
            room -= len(value.encode("utf-8"))
            pairs.append((key, value))
    frames = [[as_text(name), line, as_text(function)] for name, line, function in error.frames]
    while frames and sum([len((name + function).encode("utf-8")) + 20 for name, _, function in frames]) > room:
        del frames[len(frames) // 2]
    pairs.insert(0, ("text", pairs.pop()[1]))
    return encode_map(pairs + [("frames", frames)] if frames else pairs)


@later
def check_error(payload):
    """Return the error that a CHANNEL_CLOSE_ERROR carries (CH-041, CH-043, CH-048)."""
    code = PAYLOAD_MALFORMED
    must(len(payload) <= ERROR_LIMIT, code, "CHANNEL_CLOSE_ERROR has %s bytes, more than 65536", len(payload))
    told = decode_control(payload, CLOSE_ERROR)
    must(is_text_map(told), code, "CHANNEL_CLOSE_ERROR is no map with texts as keys but %s", told)
    for key in ("text", "code", "type", "message"):
        value = told.get(key, None if key in ("text", "code") else Text())
        must(type(value) is Text, code, '"' + key + '" in CHANNEL_CLOSE_ERROR is no text but %s', value)
    frames = told.get("frames", [])
    good = type(frames) is list and all(type(one) is list and len(one) == 3 for one in frames)
    good = good and all(type(one[0]) is Text and is_number(one[1]) and type(one[2]) is Text for one in frames)
    must(good, code, '"frames" in CHANNEL_CLOSE_ERROR is no list of [file, line, function] but %s', frames)
    frames = tuple(map(tuple, frames))
    return RemoteError(told["text"], native(told["code"]), told.get("type"), told.get("message"), frames)


def encode_map(pairs):
    """Return a map of texts to values; the texts are plain, so that Python 2 does not send them as its str."""
    out = [head(5, len(pairs))]
    for key, value in pairs:
        if type(value) is str:
            value = as_text(value)
        elif type(value) in (list, tuple):
            value = type(value)([as_text(part) if type(part) is str else part for part in value])
        out += encode(as_text(key)), value if isinstance(value, Payload) else encode(value)
    return b"".join(out)


class Payload(bytes):
    """What is CBOR already."""


# ---- Interrupts -------------------------------------------------------------------------------
# KeyboardInterrupt comes between any two bytecodes of the main thread. It must not come where it would tear the
# state under the lock or cut a frame in two, so it comes only where the main thread is *loud*: while it runs
# executed code outside of our functions, and while it sleeps in one of them.

MAIN = [get_ident()]
_quiet = [1]  # touched by the main thread only
_noted = []
_seen = [0]  # how many have come to on_sigint


def on_sigint(number, frame):
    _seen[0] += 1
    if GREEN and GREEN[0].take_sigint(frame):
        return
    if _quiet[0]:
        _noted.append(number)
    else:
        raise KeyboardInterrupt


def be_loud():
    """Let interrupts through from here on, one that came before included."""
    _quiet[0] -= 1
    if _noted and not _quiet[0]:
        del _noted[:]
        raise KeyboardInterrupt


class Guard(object):
    """Holds the lock of the link; in the main thread it holds interrupts back as well."""

    __slots__ = ("acquire", "release")

    def __init__(self, lock):
        self.acquire = lock.acquire
        self.release = lock.release

    def __enter__(self):
        if get_ident() == MAIN[0]:
            _quiet[0] += 1
        self.acquire()

    def __exit__(self, kind, error, trace):
        self.release()
        if get_ident() == MAIN[0]:
            _quiet[0] -= 1
            if _noted and not _quiet[0]:
                del _noted[:]
                raise KeyboardInterrupt


REST_GUARD = Guard(allocate_lock())


class LinkGuard(Guard):
    """Refuses who has next to no stack left, before anything changes: the error of that comes at any call, and in the
    middle of a frame it would end the connection for all channels."""

    __slots__ = ()

    def __enter__(self):
        limit = getrecursionlimit()
        try:
            getframe(limit - min(100, limit // 4))  # if there are so many: far quicker than counting
        except ValueError:
            return Guard.__enter__(self)
        raise (RuntimeError if PY2 else RecursionError)("maximum recursion depth exceeded: too few calls are left of %d for a channel" % limit)


# ---- Sleeping ---------------------------------------------------------------------------------

if PY2:
    from fcntl import F_GETFD, F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, fcntl

    def make_pipe():
        """Return a pipe that started programs do not inherit and whose ends do not block."""
        ends = OS.pipe()
        for fd in ends:
            keep_private(fd)
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | os.O_NONBLOCK)
        return ends

    def keep_private(fd):
        fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC)

    class Sleeper(object):
        """One sleep of one thread. Locks of Python 2 have no time limit and no Ctrl-C; a pipe has both."""

        def __init__(self):
            self.reader, self.writer = make_pipe()

        def sleep(self, timeout):
            try:
                OS.select([self.reader], [], [], timeout)
            except select.error as error:
                if error.args[0] != EINTR:
                    raise

        def wake(self):
            OS.write(self.writer, b"w")

        def end(self):
            OS.close(self.reader)
            OS.close(self.writer)

else:

    def make_pipe():
        ends = OS.pipe()
        for fd in ends:
            OS.set_blocking(fd, False)
        return ends

    def keep_private(fd):
        OS.set_inheritable(fd, False)

    class Sleeper(object):
        """One sleep of one thread."""

        __slots__ = ("_lock",)

        def __init__(self):
            self._lock = allocate_lock()
            self._lock.acquire()

        def sleep(self, timeout):
            # Above the longest time a lock takes (on some systems 49 days) nobody can tell the difference.
            self._lock.acquire(True, -1 if timeout is None else min(timeout, 4000000.0))

        def wake(self):
            self._lock.release()

        def end(self):
            pass


def wake_all(sleepers):
    """Wake every thread in the list, under the lock, and empty it."""
    while sleepers:
        sleepers.pop().wake()


class Poll(object):
    """Waits until one of two descriptors can be read; not for two threads at once."""

    def __init__(self, fd, wake_fd):
        self._fds = [descriptor for descriptor in (fd, wake_fd) if descriptor >= 0]
        self._poll = None
        if OS.poll is not None:
            poll = OS.poll()
            for descriptor in self._fds:
                poll.register(descriptor, select.POLLIN)
            self._poll = poll.poll

    def __call__(self, seconds):
        """Return the descriptors with news; after ``seconds`` (None for ever), or sometimes early, none."""
        try:
            if self._poll is not None:
                found = self._poll(None if seconds is None else max(0, int(seconds * 1000) + 1))
                return [fd for fd, _ in found]
            return OS.select(self._fds, [], [], seconds)[0]
        except select.error as error:
            if error.args[0] != EINTR:
                raise
            return []


def can_write(fd):
    """Return whether some thousand bytes can be written without blocking."""
    try:
        if OS.poll is not None:
            poll = OS.poll()
            poll.register(fd, select.POLLOUT)
            return bool(poll.poll(0))
        return bool(OS.select([], [fd], [], 0)[1])
    except select.error:
        return False


def drain(fd):
    try:
        while len(OS.read(fd, 512)) == 512:
            pass
    except OSError:
        pass  # empty


def poke(fd):
    try:
        OS.write(fd, b"w")
    except OSError:
        pass  # full, so it is readable already


def close_quietly(fd):
    try:
        OS.close(fd)
    except OSError:
        pass


# ---- Greenlets --------------------------------------------------------------------------------
# Code may use gevent or eventlet: the execution model says so, or it has patched the standard library. From then on
# the main thread reads nothing, and who waits in it waits in a greenlet, so that the others run (GW-028).

GREEN = []  # the Greenlets of the main thread, once it has any
GREENLET_MODELS = ("gevent", "eventlet")
_modules = sys.modules


def green():
    """Return the Greenlets of this thread, or None."""
    if not GREEN and "greenlet" not in _modules or get_ident() != MAIN[0]:
        return None
    return GREEN[0] if GREEN else find_patches()


def me():
    """Return a number for this thread, or greenlet."""
    greenlets = green()
    return get_ident() if greenlets is None else id(greenlets.current())


class Taker(object):
    """A thread, or greenlet, that takes items, as long as a channel remembers it; ``ended``: it has ended.

    Its number would not tell: the next thread gets it.
    """

    __slots__ = ("ended",)

    def __init__(self, here):
        self.ended = False
        here._xnet_taker = self
        here._xnet_life = Life(self)


class Life(object):
    """Is held by a thread or greenlet only, and goes with it."""

    __slots__ = ("taker",)

    def __init__(self, taker):
        self.taker = taker

    def __del__(self):
        self.taker.ended = True


HERE = _local()


def taker():
    """Return what stands for this thread, or greenlet."""
    greenlets = green()
    here = HERE if greenlets is None else greenlets.current()
    try:
        return here._xnet_taker
    except AttributeError:
        return Taker(here)


@later
def find_patches():
    """Return the Greenlets of the library that has replaced the threads of this process, or None."""
    monkey, patcher = _modules.get("gevent.monkey"), _modules.get("eventlet.patcher")
    if monkey is not None and monkey.is_module_patched("threading"):
        return Greenlets("gevent")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return Greenlets("eventlet")
    return None


@later
class Greenlets(object):
    """What is needed of gevent or eventlet, in the main thread.

    Other threads wake greenlets through a pipe, for which one greenlet waits.

    has_model      executions are greenlets, that is
    executing      the greenlets that execute something
    interrupted    they have been interrupted because the worker is to end
    """

    def __init__(self, name):
        import warnings

        try:
            from greenlet import getcurrent

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that eventlet is not developed any more
                self.library = __import__(name)
            if name == "gevent":
                from gevent.event import Event
                from gevent.socket import wait_read
            else:
                # Whoever imports this first counts as the main thread when the interpreter ends.
                import eventlet.green.threading  # noqa: F401
                from eventlet.event import Event
                from eventlet.hubs import trampoline

                def wait_read(fd):
                    trampoline(fd, read=True)

        except ImportError as error:
            text = "%s cannot be imported by %s: %s; install it there (python -m pip install %s)"
            raise ImportError(text % (name, sys.executable, error, name))
        self.name = name
        self.current = getcurrent
        self.event = Event
        self.wait_read = wait_read
        self.has_model = False
        self.executing = {}  # greenlets, and what each executes
        self.interrupted = False
        self.rung = deque()
        self.reader, self.writer = make_pipe()
        self.library.spawn(self.listen, OS.getpid())
        GREEN.append(self)

    def listen(self, pid):
        try:
            while True:
                self.wait_read(self.reader)
                if OS.getpid() != pid:
                    return  # what comes is for the parent
                drain(self.reader)
                while self.rung:
                    event = self.rung.popleft()
                    if event is None:
                        self.interrupt()
                    elif isinstance(event, Execution):
                        self.interrupt(event)
                    elif self.name == "gevent":
                        event.set()
                    else:
                        event.send()
        except KeyboardInterrupt:
            self.library.spawn(self.listen, pid)  # it was meant for another one
            raise

    def ring(self, event):
        """Have the greenlet that waits for an event go on; with None, interrupt those that execute. From any thread."""
        self.rung.append(event)
        poke(self.writer)

    def interrupt(self, execution=None):
        for greenlet, its in list(self.executing.items()):
            if execution not in (None, its):
                continue
            if self.name == "gevent":
                greenlet.kill(KeyboardInterrupt, block=False)
            else:
                self.library.kill(greenlet, KeyboardInterrupt)
        self.interrupted = self.interrupted or execution is None

    def take_sigint(self, frame):
        """Interrupt what executes, and return True; or return False if KeyboardInterrupt is to be raised here."""
        while frame is not None:
            if frame.f_code is Execution._run.__code__:
                return False  # it came to executed code
            if frame.f_code.co_filename == OWN_FILE:
                break
            frame = frame.f_back
        if self.executing:
            self.ring(None)
        return self.has_model or bool(self.executing)

    def run(self, function, argument):
        """Run an execution in a new greenlet."""

        def execute():
            current = self.current()
            self.executing[current] = argument
            try:
                function(argument)
            finally:
                self.executing.pop(current, None)

        self.library.spawn(execute)


@later
class GreenSleeper(object):
    """One sleep of one greenlet."""

    def __init__(self, greenlets):
        self.greenlets = greenlets
        self.event = greenlets.event()

    def sleep(self, timeout):
        self.event.wait(timeout)

    def wake(self):
        self.greenlets.ring(self.event)

    def end(self):
        pass


@later
def be_main_thread():
    """Let the interpreter end: the greenlet that has had the threads replaced counts as the main thread, for whose end
    it would wait."""
    threading = _modules.get("threading")
    if GREEN and hasattr(threading, "main_thread") and threading.main_thread().ident != threading.get_ident():
        threading.main_thread()._ident = threading.get_ident()


# ---- Trace ------------------------------------------------------------------------------------


@later
class Tracer(object):
    """Writes the lines of TR; each in one write, so that those of several threads do not mix.

    text_fd, json_fd    where to, or None; prefix: of lines of text; name: what this worker calls itself
    """

    def __init__(self, text_fd, prefix, json_fd):
        from json import dumps

        self.text_fd, self.prefix, self.json_fd = text_fd, prefix, json_fd
        self.quote = dumps
        self.name = "worker"

    def event(self, text):
        line = " | ".join(printable(part) for part in as_text(text).splitlines())
        if line.startswith(("sent <", "received <")):
            line = "| " + line
        self.write(line, '"event": ' + self.quote(as_text(text)))

    def frame(self, direction, kind, number, size):
        name = FRAME_NAMES[kind] if kind <= CANCEL else "OUTPUT" if kind == 128 else "TYPE_%d" % kind
        pairs = '"dir": "%s", "type": "%s", "channel": %d, "length": %d' % (direction, name, number, size)
        self.write("%s <Message %s channel=%d lendata=%d>" % (direction, name, number, size), pairs)

    def write(self, line, pairs):
        name = printable("_".join(as_text(self.name).split())) or "worker"
        if self.text_fd is not None:
            write_line(self.text_fd, "%s%s %s\n" % (self.prefix, name, line))
        if self.json_fd is not None:
            now = CLOCK.monotonic_ns() if CLOCK.monotonic_ns else int(CLOCK.monotonic() * 1e9)
            text = '{"ns": %d, "pid": %d, "side": %s, %s}\n' % (now, OS.getpid(), self.quote(name), pairs)
            write_line(self.json_fd, text)


@later
def printable(text):
    """Return a text without what a terminal would act on, escaped."""

    def is_printable(character):
        number = ord(character)
        return number >= 32 and not 127 <= number < 160 if PY2 else character.isprintable()

    return Text().join(
        character if is_printable(character) else character.encode("unicode_escape").decode("ascii") for character in text
    )


@later
def write_line(fd, line):
    try:
        OS.write(fd, line.encode("utf-8", "replace" if PY2 else "backslashreplace"))
    except OSError:
        pass  # a full disk must not end a connection (TR-003)


def maybe_tracer():
    """Return the tracer that the environment asks for, or None (TR-001, TR-002, TR-020)."""
    if os.environ.get("EXECNET_DEBUG") in ("1", "2") or os.environ.get("XNET_TRACE_JSON"):
        return open_tracer(os.environ.get("EXECNET_DEBUG"), os.environ.get("XNET_TRACE_JSON"))
    return None


@later
def open_tracer(level, json_prefix):
    def append_to(path):
        try:
            fd = open_private(path)
        except OSError as error:
            warn("cannot write the trace file %s, going on without it: %s" % (path, error.strerror or error))
            return None
        keep_private(fd)
        return fd

    pid = OS.getpid()
    text_fd = None
    if level == "1":
        from tempfile import gettempdir

        text_fd = append_to(os.path.join(gettempdir(), "execnet-debug-%d" % pid))
    elif level == "2":
        text_fd = OS.dup(2)
        keep_private(text_fd)
    json_fd = append_to("%s-%d.jsonl" % (json_prefix, pid)) if json_prefix else None
    if text_fd is None and json_fd is None:
        return None
    return Tracer(text_fd, "[%d] " % pid if level == "2" else "", json_fd)


@later
def open_private(path):
    """Open a file for appending that nobody else can have put there (TR-005)."""
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
    try:
        return OS.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        if error.errno != EEXIST:
            raise
    # An earlier process of ours had the same number, or somebody has guessed ours: a pipe would let us wait.
    fd = OS.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    found = OS.fstat(fd)
    is_file, is_ours = found.st_mode & 0o170000 == 0o100000, found.st_uid == getattr(os, "geteuid", int)()
    if not is_file or not is_ours or found.st_nlink != 1 or found.st_mode & 0o077:
        OS.close(fd)
        raise OSError(EEXIST, "what is there is not a file of this user alone; remove it")
    return fd


# ---- Channels ---------------------------------------------------------------------------------


class State(object):
    """What is known of one channel, for as long as it is open; under the lock.

    sending, receiving  OPEN, ENDED or CLOSED (CH-060); both halves close together
    credit              what we may still send (FC-003)
    in_parts            we are in the middle of an item; reserved: who has the send half for itself, and behind
                        it those that wait for their turn
    items               (value of ``arrived`` when it was complete, item), oldest first
    arrived, consumed, granted   cost of what came, of what was taken, of what was credited again
    parts               pieces of an incomplete item, or None
    relief              threads because of which credit is returned on arrival (FC-041)
    ended               no item will be handed out any more, the endmarker included
    last_taker          who wanted the last item; looked_at: what was taken when a sender looked, and since when
    failed              what is said of a callback that has failed, or None
    user                weak reference to what the user holds, or None
    """

    __slots__ = (
        "id", "sending", "receiving", "credit", "in_parts", "reserved", "items", "arrived", "consumed", "granted",
        "parts", "relief", "callback", "failed", "endmarker", "errors", "ended", "last_taker", "looked_at", "strings", "sleepers",
        "user",
    )  # fmt: skip

    def __init__(self, number, credit, phase=OPEN):
        self.id = number
        self.sending = self.receiving = phase
        self.credit = credit
        self.in_parts = False
        self.reserved = []
        self.looked_at = (-1, 0.0)
        self.items = deque()
        self.arrived = self.consumed = self.granted = self.relief = 0
        self.parts = self.callback = self.failed = self.last_taker = self.strings = self.user = None
        self.endmarker = NO_ENDMARKER
        self.errors = []
        self.ended = phase is not OPEN
        self.sleepers = []


class Channel(object):
    """One of two ends between which items travel both ways; what executed code finds as ``channel``."""

    RemoteError = RemoteError
    TimeoutError = TimeoutError
    _executing = False

    def __init__(self, link, state):
        self._link = link
        self._state = state
        self.id = state.id

    def __repr__(self):
        return "<Channel id=%d %s>" % (self.id, "closed" if self.isclosed() else "open")

    @property
    def gateway(self):
        return self._link.owner

    # -- sending

    def send(self, item):
        """Send a copy of the item; wait while the other side takes no more.

        Raises: DumpError if it cannot be sent, OSError (IOError) if the channel or the connection is closed.
        """
        link = self._link
        state = self._state
        payload = encode(item, link.peer_limits["depth"])
        cost = len(payload) + ITEM_COST
        with link.guard:
            if link.asked:
                link.stop_here_locked()
            if (
                state.credit >= cost
                and cost - ITEM_COST <= link.part_size
                and not state.reserved
                and state.sending is OPEN
                and not link.sealed
            ):
                state.credit -= cost
                link.queue(DATA, state.id, payload)
                link.flush_locked()
                return
            link.send_slowly_locked(state, payload)

    @later
    def send_many(self, items):
        """Send all items, in order, many in one frame."""
        link = self._link
        most = min(BATCH_SIZE, link.part_size)
        batch = []
        cost = 0
        try:
            for item in items:
                payload = encode(item, link.peer_limits["depth"])
                size = len(payload) + ITEM_COST
                if cost + size > most:
                    whole, batch, cost = batch, [], 0
                    link.send_batch(self._state, whole)
                if size > most:
                    self.send(item)
                else:
                    batch.append(payload)
                    cost += size
        finally:
            link.send_batch(self._state, batch)

    # -- receiving

    def receive(self, timeout=None):
        """Return the next item.

        Raises: TimeoutError, nothing came in ``timeout`` seconds; RemoteError, the other side failed (once);
        EOFError, no more items; OSError (IOError), there is a callback.
        """
        link = self._link
        state = self._state
        with link.guard:
            if state.callback is not None:
                text = "cannot receive: %r has a callback that gets the items" % self
                raise ClosedError(text) if state.failed is None else link.error_locked(state)
            if link.asked:
                link.stop_here_locked()
            state.last_taker = taker()
            if not state.items:
                link.wait_for_item_locked(state, timeout)
            if not state.items:
                if state.callback is not None:
                    raise ClosedError("cannot receive: %r has got a callback that gets the items" % self)
                if not link.has_news(state):
                    raise TimeoutError("no item within %s seconds on %r" % (timeout, self))
                raise link.error_locked(state) or EOFError("%r: no more items, the channel has ended" % self)
            state.consumed, item = state.items.popleft()
            if state.arrived - state.granted >= WINDOW // 2:
                link.return_credit_locked(state)
                link.flush_soon_locked()
            return item

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.receive()
        except EOFError:
            if self._link.broken_off and self._state.receiving is OPEN:
                raise  # the connection broke: that is no regular end of the items
            raise StopIteration

    next = __next__

    @later
    def areceive(self, timeout=None):
        """Return an awaitable for the next item; cancelled, it loses none. Otherwise like ``receive``."""
        return asynchronous("areceive")(self, timeout)

    @later
    def asend(self, item):
        """Return an awaitable that sends; cancelled while it waits, it may still send. Otherwise like ``send``."""
        return asynchronous("asend")(self, item)

    def __aiter__(self):
        return self

    def __anext__(self):
        return asynchronous("anext")(self)

    @later
    def _send_at_once(self, item):
        """Send an item if that takes no wait; return whether it is sent."""
        link = self._link
        state = self._state
        payload = encode(item, link.peer_limits["depth"])
        cost = len(payload) + ITEM_COST
        with link.guard:
            link.check_sendable_locked(state)
            if link.out:
                link.flush_soon_locked()  # what does not hurry, such as CHANNEL_OPEN
            busy = state.reserved or link.out or link.writing
            if busy or state.credit < cost or cost - ITEM_COST > link.part_size:
                return False
            state.credit -= cost
            link.queue(DATA, state.id, payload)
            link.flush_soon_locked()
            return True

    @later
    def setcallback(self, callback, endmarker=NO_ENDMARKER):
        """Have every item passed to the callback, and the endmarker, if given, when no more come."""
        self._link.callbacks.set(self._state, callback, endmarker)

    @later
    def makefile(self, mode="w", proxyclose=False):
        """Return a file-like object that writes or reads items of text or bytes."""
        if mode == "w":
            return ChannelFileWrite(self, proxyclose)
        if mode == "r":
            return ChannelFileRead(self, proxyclose)
        raise ValueError("mode %r is not available, expected 'r' or 'w'" % (mode,))

    # -- the end

    @later
    def close(self, error=None):
        """Close the channel for both sides; with an error, the other side gets it as RemoteError."""
        if self._executing:
            raise ClosedError("the channel of remote_exec is closed when the execution ends, not explicitly")
        link = self._link
        with link.guard:
            if self._state.sending is not CLOSED:
                if isinstance(error, RemoteError):
                    self._state.errors.append(error)
                elif isinstance(error, BaseException):
                    error = tell_of(error, getattr(error, "__traceback__", None), as_text(error))
                elif error is not None:
                    error = RemoteError(as_text(error))
                link.close_locked(self._state, error)

    def isclosed(self):
        """Return whether nothing can be sent any more."""
        return self._state.sending is not OPEN or self._link.sealed

    @later
    def waitclose(self, timeout=None):
        """Wait until no more items come. Raises: RemoteError, EOFError (connection gone), TimeoutError."""
        link = self._link
        state = self._state
        with link.guard:
            relieved = state.callback is None
            state.relief += relieved
            if relieved:
                link.return_credit_locked(state)
                link.flush_soon_locked()
            try:
                ended = link.wait_stalling_locked(state, lambda: link.has_ended(state), timeout)
            finally:
                state.relief -= relieved
            if not ended:
                raise TimeoutError("%r was not closed within %s seconds" % (self, timeout))
            error = link.error_locked(state)
        if error is not None:
            raise error

    @later
    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """Set how strings arrive on both ends of this channel, between Python 2 and 3."""
        self._link.reconfigure(self._state, py2str_as_py3str, py3str_as_py2str)

    @later
    def _getremoteerror(self):
        with self._link.guard:
            return self._link.error_locked(self._state)


# ---- Coroutines -------------------------------------------------------------------------------


@later
class AsyncSleeper(object):
    """A coroutine that waits, in the place of a thread; woken from any thread."""

    def __init__(self, loop):
        self.loop = loop
        self.future = loop.create_future()

    def wake(self, result=None, error=None):
        try:
            self.loop.call_soon_threadsafe(self.set, result, error)
        except RuntimeError:
            pass  # its loop has been closed

    def set(self, result, error):
        if not self.future.done():
            if error is None:
                self.future.set_result(result)
            else:
                self.future.set_exception(error)


#: Compiled when it is first needed: Python 2 cannot read it. The first loop loads the rest of asyncio.
ASYNC_SOURCE = '''
import asyncio
asyncio.new_event_loop().close()

async def areceive(channel, timeout):
    link, state, loop = channel._link, channel._state, asyncio.get_running_loop()
    deadline = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout
    while True:
        sleeper = None
        with link.guard:
            if not link.has_news(state):
                sleeper = AsyncSleeper(loop)
                if deadline is not None and CLOCK.monotonic() >= deadline:
                    raise TimeoutError("no item within %s seconds on %r" % (timeout, channel))
                state.sleepers.append(sleeper)
                alarm = deadline, sleeper
                if deadline is not None:
                    link.alarms.append(alarm)
                link.followers += 1
                link.begin_to_keep()
                link.wake_keeper()
        if sleeper is None:
            try:
                return channel.receive(0)
            except TimeoutError:
                continue
        try:
            await sleeper.future
        finally:
            with link.guard:
                link.followers -= 1
                if sleeper in state.sleepers:
                    state.sleepers.remove(sleeper)
                if alarm in link.alarms:
                    link.alarms.remove(alarm)

async def asend(channel, item):
    if channel._send_at_once(item):
        return
    sleeper = AsyncSleeper(asyncio.get_running_loop())
    waits_for = taker()
    def send():
        HERE._xnet_taker = waits_for
        try:
            channel.send(item)
        except BaseException as error:
            sleeper.wake(None, error)
        else:
            sleeper.wake()
    start_new_thread(send, ())
    await sleeper.future

async def anext(channel):
    try:
        return await areceive(channel, None)
    except EOFError:
        if channel._link.broken_off and channel._state.receiving is OPEN:
            raise
        raise StopAsyncIteration from None

def run(coroutine, loop_of=asyncio.run):
    greenlets = green()
    if greenlets is None:
        return loop_of(coroutine)
    ended, errors, running = GreenSleeper(greenlets), [], []
    async def run_it():
        running.append((asyncio.get_running_loop(), asyncio.current_task()))
        await coroutine
    def run_loop():
        try:
            loop_of(run_it())
        except BaseException as error:
            errors.append(error)
        ended.wake()
    start_new_thread(run_loop, ())
    try:
        ended.sleep(None)
    except BaseException:
        for loop, task in running:
            loop.call_soon_threadsafe(task.cancel)
        ended.sleep(None)
        raise
    if errors:
        raise errors[0]
'''


_asynchronous = {}


@later
def asynchronous(name):
    """Return a function of ASYNC_SOURCE."""
    if sys.version_info < (3, 7):
        raise NotImplementedError("coroutines need Python 3.7 or newer; this is %s" % implementation().split()[1])
    if name not in _asynchronous:
        made = dict(globals())
        with own_imports():
            execute(compiled(ASYNC_SOURCE, "<xnet bare worker>", "exec"), made)
        _asynchronous.update(made)  # at once: others may ask meanwhile
    return _asynchronous[name]


@later
class ChannelFile(object):
    """What both kinds of files over a channel share."""

    encoding = "utf-8"
    closed = False

    def __init__(self, channel, proxyclose=True):
        self.channel = channel
        self._proxyclose = proxyclose
        self._buffer = None
        self._ended = False

    def isatty(self):
        return False

    def close(self):
        self.closed = True
        if self._proxyclose:
            self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def __repr__(self):
        return "<%s channel=%d %s>" % (
            type(self).__name__,
            self.channel.id,
            "closed" if self.channel.isclosed() else "open",
        )


@later
class ChannelFileWrite(ChannelFile):
    """Each ``write`` is one item."""

    def write(self, out):
        if self.closed:
            raise ClosedError("%r: the file is closed" % self)
        self.channel.send(out)
        return len(out)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def writable(self):
        return True


@later
class ChannelFileRead(ChannelFile):
    """The items, of text or of bytes, as one stream."""

    def read(self, n=-1):
        while not self._ended and (n is None or n < 0 or len(self._buffer or "") < n):
            self._fill()
        return self._take(None if n is None or n < 0 else n)

    def readline(self):
        while True:
            found = -1
            if self._buffer is not None:
                found = self._buffer.find("\n" if isinstance(self._buffer, (str, Text)) else b"\n")
            if found >= 0 or self._ended:
                return self._take(None if found < 0 else found + 1)
            self._fill()

    def readable(self):
        return True

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    next = __next__

    def _take(self, size):
        buffer = "" if self._buffer is None else self._buffer
        size = len(buffer) if size is None else size
        self._buffer = buffer[size:]
        return buffer[:size]

    def _fill(self):
        try:
            item = self.channel.receive()
        except EOFError:
            self._ended = True
            return
        self._buffer = item if self._buffer is None else self._buffer + item


# ---- Link -------------------------------------------------------------------------------------

KEEPER = -1  # as leader: the keeper thread reads


class Link(object):
    """The connection. ``owner`` is the worker.

    out, writing    frames to write; whether some thread is at it, which then writes what is added, too
    sealed          nothing may be sent any more; deaf: nothing is read any more
    ending          receiving is over: GATEWAY_TERMINATE, or the initiator is gone; end_text says why
    credit_until    in an ending worker, until when who sends waits for credit; else None
    leader          who reads: a thread's number, KEEPER or None; followers: how many threads wait without reading
    """

    def __init__(self, fd_in, fd_out, owner):
        self.fd_in = fd_in
        self.fd_out = fd_out
        self.owner = owner
        self.lock = allocate_lock()
        self.guard = LinkGuard(self.lock)
        self.callbacks = Callbacks(self)
        self.tracer = maybe_tracer()
        # channels
        self.open = {}
        self.gone = {}  # weak references to closed channels that users hold
        self.next_id = 2
        self.next_peer_id = 1  # the lowest that the initiator may still give
        self.peer_open = 0
        self.strings = (True, False)
        self.tables = {}
        # what the initiator announced
        self.greeted = False
        self.peer_limits = {"frame": 65536, "item": 0, "depth": DEPTH_LIMIT, "channels": 0}
        self.peer_credit = 0
        self.part_size = 0
        # reading
        self.partial = bytearray()
        self.needed = 0
        self.leader = None
        self.leads = 0
        self.followers = 0
        self.wake_reader, self.wake_writer = make_pipe()
        self.poll = Poll(fd_in, self.wake_reader)
        self.heard = False  # since somebody looked (FR-025, FR-026)
        self.watched = False  # somebody looks
        self.keeper_runs = False
        self.keeper_asleep = False
        self.keeper_reader, self.keeper_writer = make_pipe()
        self.keeper_end_sleepers = []
        self.alarms = []  # (when, whom to wake): coroutines, for the clock of their loop may stand still
        self.dropped = deque()
        self.relief = []  # who waits in `send`, and whether it is a callback
        self.credit_until = None
        # writing
        self.out = []
        self.writing = False
        self.flusher_runs = False
        self.queued = self.written = self.answers = 0
        self.write_sleepers = []
        self.write_waiters = 0
        self.write_error = None
        # the end
        self.sealed = self.deaf = self.ending = self.broken_off = False
        self.end_text = ""
        self.asked = set()  # threads whose execution was cancelled, to be interrupted when they use a channel
        self.handlers = {}  # filled by ``handler_of``

    # -- waiting: whoever waits reads, if nobody does

    def wait_locked(self, ready, deadline, sleepers):
        """Wait until ``ready()``, looked at under the lock, or the deadline; return whether it is.

        sleepers: where this thread can be found while another one reads.
        """
        while not ready():
            if self.asked:
                self.stop_here_locked()
            left = None if deadline is None else deadline - CLOCK.monotonic()
            if left is not None and left <= 0:
                return False
            # The keeper gives way at once: it looks who leads before it reads.
            greenlets = green()
            if greenlets is not None:
                self.begin_to_keep()
                self.wake_keeper()
                self.follow_locked(sleepers, left, GreenSleeper(greenlets))
            elif not self.deaf and (self.leader is None or (self.leader is KEEPER and not self.followers)):
                self.lead_locked(ready, deadline)
            else:
                self.follow_locked(sleepers, left)
        return True

    @later
    def stop_here_locked(self):
        """Interrupt this thread, once, if its execution was cancelled (GW-034)."""
        if get_ident() in self.asked:
            self.asked.discard(get_ident())
            raise KeyboardInterrupt

    def unlocked(self, call, argument):
        """Call something that sleeps, without the lock; interrupts come through."""
        in_main = get_ident() == MAIN[0]
        self.lock.release()
        try:
            if in_main:
                be_loud()
            return call(argument)
        finally:
            try:
                if in_main:
                    _quiet[0] += 1
            finally:
                self.lock.acquire()

    def lead_locked(self, ready, deadline):
        self.leader = get_ident()
        self.leads += 1
        try:
            while not self.deaf:
                left = None if deadline is None else deadline - CLOCK.monotonic()
                if left is not None and left <= 0:
                    return
                found = self.unlocked(self.poll, left)
                if self.wake_reader in found:
                    drain(self.wake_reader)
                if self.fd_in in found:
                    self.read_locked()
                if ready() or self.asked:
                    return
        finally:
            self.leader = None
            self.begin_to_keep()
            # Otherwise it looks by itself soon, which in a ping-pong is late enough not to be needed.
            if self.followers or self.keeper_asleep or self.callbacks.count or self.deaf:
                self.wake_keeper()

    def begin_to_keep(self):
        if not self.keeper_runs and not self.deaf:
            self.keeper_runs = True
            start_new_thread(self.keep, ())

    def follow_locked(self, sleepers, left, sleeper=None):
        self.followers += 1
        try:
            self.sleep_locked(sleepers, left, sleeper)
        finally:
            self.followers -= 1

    def sleep_locked(self, sleepers, left, sleeper=None):
        """Sleep until woken by way of the list, or for some seconds, or sometimes less."""
        sleeper = sleeper or Sleeper()
        sleepers.append(sleeper)
        try:
            self.unlocked(sleeper.sleep, left)
        finally:
            if sleeper in sleepers:
                sleepers.remove(sleeper)
            sleeper.end()

    def notify_locked(self, sleepers):
        """Something that was not read has changed what the sleepers, or the reading thread, wait for."""
        wake_all(sleepers)
        if self.leader is not None and self.leader is not KEEPER and self.leader != get_ident():
            poke(self.wake_writer)

    def wake_keeper(self):
        """Have the keeper look. Takes no lock: finalisers come here."""
        poke(self.keeper_writer)

    def keep(self):
        """The keeper thread: read whenever nobody else does for a while."""
        guard = self.guard
        napping = Poll(self.keeper_reader, -1)
        leading = Poll(self.fd_in, self.keeper_reader)
        leads = -1
        while True:
            with guard:
                if self.deaf:
                    self.keeper_runs = False
                    wake_all(self.keeper_end_sleepers)
                    return
                self.close_dropped_locked()
                quiet = self.leads == leads
                leads = self.leads
                self.keeper_asleep = False
                if self.leader is KEEPER:
                    poll, seconds = leading, None
                elif self.leader is None and (quiet or self.followers or self.callbacks.count):
                    self.leader = KEEPER
                    poll, seconds = leading, None
                elif self.leader is not None and quiet:
                    self.keeper_asleep = True
                    poll, seconds = napping, None
                else:
                    poll, seconds = napping, NAP
                if self.alarms:
                    seconds = self.ring_locked(seconds)
            found = poll(seconds)
            if self.keeper_reader in found:
                drain(self.keeper_reader)
            if self.fd_in in found:
                with guard:
                    if self.leader is KEEPER and not self.deaf:
                        self.read_locked()

    @later
    def ring_locked(self, seconds):
        """Wake whose time has come; return after how many seconds to do it again."""
        now = CLOCK.monotonic()
        for alarm in [alarm for alarm in self.alarms if alarm[0] <= now]:
            self.alarms.remove(alarm)
            alarm[1].wake()
        return min([1000000.0 if seconds is None else seconds] + [when - now for when, _ in self.alarms])

    # -- reading

    def read_locked(self):
        """Read what is there, which is something, and act on it."""
        error = None
        try:
            data = OS.read(self.fd_in, 65536 if self.needed < 65536 else 262144)
        except OSError as problem:
            if problem.errno in (EINTR, EAGAIN):
                return
            data = b""
            error = problem
        if data:
            self.heard = True
            self.feed_locked(data)
        else:
            self.gone_locked(error)
        self.flush_soon_locked()

    def feed_locked(self, data):
        """Cut bytes into frames and act on each (FR-001, FR-002, FR-013)."""
        partial = self.partial
        if partial:
            partial += data
            if len(partial) < self.needed:
                return
            data = bytes(partial)
            del partial[:]
        at = 0
        end = len(data)
        try:
            while not self.deaf:
                if end - at < 9:
                    self.needed = 9
                    break
                kind, number, size = HEADER.unpack_from(data, at)
                if kind > CANCEL and not 128 <= kind < 192:
                    raise Broken(FRAME_UNKNOWN_TYPE, "frame type %d is not known here" % kind)
                limit = FRAME_LIMIT if self.greeted else HELLO_LIMIT
                if size > limit:
                    text = "a frame of type %d claims %d bytes, more than the %d that this worker takes"
                    raise Broken(FRAME_TOO_LARGE, text % (kind, size, limit))
                begin = at + 9
                at = begin + size
                if at > end:
                    at = begin - 9
                    self.needed = size + 9
                    break
                if self.tracer is not None:
                    self.tracer.frame("received", kind, number, size)
                self.frame_locked(kind, number, data[begin:at])
        except Broken as error:
            self.fail_locked(error.code, error.text)
        except Exception as error:  # a fault of ours, or no memory: say so instead of hanging (ER-011)
            self.fail_locked(INTERNAL_ERROR, "the worker failed: " + describe(error, sys.exc_info()[2]).strip())
        else:
            if at < end and not self.deaf:
                partial += data[at:] if at else data

    def frame_locked(self, kind, number, payload):
        """Act on one frame; the order of checks is that of ER-020."""
        handler = self.handlers.get(kind) or self.handler_of(kind)
        if handler is None:
            return  # of the range that may be ignored (FR-011)
        if (number == 0) != (kind in ON_CHANNEL_ZERO) and kind != RECONFIGURE:
            place = "0" if number else "any other channel than 0"
            text = "%s came on channel %d, its place is %s" % (FRAME_NAMES[kind], number, place)
            raise Broken(STATE_VIOLATION, text)
        if (kind == HELLO) is self.greeted and kind != GOAWAY:
            text = "a second HELLO" if self.greeted else FRAME_NAMES[kind] + " came before HELLO"
            raise Broken(STATE_VIOLATION, text)
        if payload and kind in EMPTY:
            text = "%s came with a payload of %d bytes, expected none" % (FRAME_NAMES[kind], len(payload))
            raise Broken(PAYLOAD_MALFORMED, text)
        if kind in (STATUS, INFO):
            handler(kind, number)
        else:
            handler(number, payload)

    def handler_of(self, kind):
        """Return what acts on a type of frames, or None if it is ignored."""
        if kind <= CANCEL:
            self.handlers[kind] = getattr(self, "on_" + HANDLERS[kind])
        return self.handlers.get(kind)

    # -- frames about the connection

    def on_hello(self, number, payload):
        self.peer_limits, self.peer_credit, config, features = check_hello(payload)
        PEER_FEATURES.update(features)
        self.greeted = True
        limits = self.peer_limits
        self.part_size = min(PART_LIMIT, limits["frame"], limits["item"], self.peer_credit // 4)  # FC-021, LI-005
        self.owner.configure(config, len(payload))

    @later
    def on_ping(self, number, payload):
        self.on_pong(number, payload)
        self.queue(PONG, 0, payload, True)

    @later
    def on_pong(self, number, payload):
        if len(payload) > 64:
            raise Broken(PAYLOAD_MALFORMED, "PING or PONG with %d bytes, at most 64 are allowed" % len(payload))

    @later
    def on_goaway(self, number, payload):
        """Never answered with GOAWAY, whatever is in it (ER-004)."""
        try:
            reason = decode_control(payload, GOAWAY)
            text = "error %s: %s" % (short(reason["code"]), as_text(reason["text"]))
        except (Broken, KeyError, TypeError):
            text = "without a readable reason"
        self.gone_locked(None, "the initiator ended the connection, " + text)

    def on_terminate(self, number, payload):
        times = check_terminate(payload)
        if not self.ending:
            self.owner.times = times
            self.owner.end_locked("this worker was asked to end")

    @later
    def on_reconfigure(self, number, payload):
        flags = decode_control(payload, RECONFIGURE)
        good = type(flags) is list and len(flags) == 2 and all(type(flag) is bool for flag in flags)
        must(good, PAYLOAD_MALFORMED, "RECONFIGURE carries %s, expected an array of two booleans", flags)
        whose = self if number == 0 else self.find(number)
        if whose is not None:
            whose.strings = tuple(flags)

    # -- requests

    def on_question(self, kind, number):
        self.take_id(number)
        if self.ending:
            self.refuse(number, self.end_text, "terminating")
        else:
            answer = self.owner.status_locked() if kind == STATUS else self.owner.information()
            if len(answer) > self.peer_limits["item"]:  # GW-023
                text = "the answer has %d bytes; the initiator takes items of %d"
                self.refuse(number, text % (len(answer), self.peer_limits["item"]), "limit")
            else:
                self.queue(DATA, number, answer, True)
                self.queue(CLOSE, number, b"", True)

    def refuse(self, number, text, code):
        self.queue(CLOSE_ERROR, number, encode_error(RemoteError(text, code)), True)

    def on_exec(self, number, payload):
        request = check_exec(payload)
        if self.ending:
            self.take_id(number)
            self.refuse(number, self.end_text, "terminating")
        else:
            self.owner.execute_locked(self.channel_locked(self.on_open(number)), request)

    # -- channels

    def take_id(self, number):
        """Check and note an id that the initiator gives to a channel (CH-008, CH-009, CH-011)."""
        if not number & 1:
            raise Broken(ROLE_VIOLATION, "channel %d is not the initiator's to open" % number)
        if number < self.next_peer_id:
            text = "the initiator opens channel %d after channel %d; ids must rise"
            raise Broken(STATE_VIOLATION, text % (number, self.next_peer_id - 2))
        if self.peer_open >= CHANNEL_LIMIT:
            raise Broken(LIMIT_EXCEEDED, "the initiator has %d channels open, the most allowed" % self.peer_open)
        self.next_peer_id = number + 2

    def on_open(self, number, payload=b""):
        """Open a channel of the initiator's."""
        self.take_id(number)
        self.peer_open += 1
        state = self.open[number] = State(number, self.peer_credit)
        return state

    def is_unborn(self, number):
        """Return whether an id is above all that were given by whose it is."""
        return number >= (self.next_peer_id if number & 1 else self.next_id)

    def find(self, number):
        """Return the channel of a frame that came, or None if it is gone (CH-016, CH-061)."""
        state = self.open.get(number)
        if state is None and self.is_unborn(number):
            raise Broken(STATE_VIOLATION, "nobody has opened channel %d" % number)
        return state

    @later
    def new_channel(self):
        """Open a channel of ours (CH-001, CH-003, CH-008, CH-011)."""
        with self.guard:
            if self.sealed or not self.greeted:
                raise ClosedError("cannot make a channel: %s" % native(self.end_text or "the handshake is not complete"))
            if len(self.open) - self.peer_open >= self.peer_limits["channels"] or self.next_id > MAX_ID:
                raise ClosedError("cannot make a channel: the initiator takes no more")
            state = self.open[self.next_id] = State(self.next_id, self.peer_credit)
            self.queue(CHANNEL_OPEN, self.next_id, b"")  # it travels with what is written next
            self.next_id += 2
            if self.ending:
                state.ended = True
            return self.channel_locked(state)

    def channel_locked(self, state):
        """Return the user's object of a channel, the same one as long as it lives."""
        channel = state.user and state.user()
        if channel is None:
            channel = Channel(self, state)
            # No __del__: Python 2 never frees cycles with one. The callback only makes a note: it may run
            # anywhere, also under the lock.
            state.user = ref(channel, lambda _: (self.dropped.append(state), self.wake_keeper()))
        return channel

    @later
    def referenced(self, number):
        """Return the channel that an item refers to, the same object as long as it lives (CH-010)."""
        state = self.open.get(number)
        if state is not None:
            return self.channel_locked(state)
        if number == 0 or self.is_unborn(number):
            raise Malformed("a reference to channel %d, which nobody has opened" % number)
        held = self.gone.get(number)
        channel = held and held()
        if channel is None:
            state = State(number, 0, CLOSED)
            channel = self.channel_locked(state)
            self.gone[number] = state.user
        return channel

    def close_dropped_locked(self):
        """Close channels that no user holds any more (CH-051)."""
        while self.dropped:
            state = self.dropped.popleft()
            if state.user is not None and state.user() is not None:
                continue  # an item has brought it back
            if self.gone.get(state.id) is state.user:
                self.gone.pop(state.id, None)
            for error in state.errors:
                if error.code not in ("interrupted", "cancelled"):
                    warn("Warning: a remote error that nobody received: %r" % error)
            if state.sending is CLOSED or self.sealed:
                continue
            if state.callback is None or state.ended:
                self.close_locked(state, None)
            elif state.sending is OPEN and not state.in_parts:
                state.sending = ENDED
                self.queue(LAST, state.id, b"", True)
        self.flush_soon_locked()

    def close_locked(self, state, error):
        """Close a channel from this side (CH-040 to CH-045)."""
        if state.sending is CLOSED:
            return
        self.forget_locked(state)
        if error is None:
            self.queue(CLOSE, state.id, b"", True)
        else:
            self.queue(CLOSE_ERROR, state.id, encode_error(error), True)
        self.flush_soon_locked()
        self.no_more_items_locked(state)

    def forget_locked(self, state):
        state.sending = state.receiving = CLOSED
        state.parts = None
        if state.user is not None and state.user() is not None:
            self.gone[state.id] = state.user
        if self.open.pop(state.id, None) is not None and state.id & 1:
            self.peer_open -= 1

    def no_more_items_locked(self, state):
        """Tell who waits for items, or the callback."""
        if state.callback is not None and not state.ended:
            self.callbacks.push_locked(state, 0)
        else:
            state.ended = True
        self.notify_locked(state.sleepers)

    def on_close(self, number, payload, error=None):
        state = self.find(number)
        if state is None:
            return
        self.forget_locked(state)
        if error is not None:
            state.errors.append(error)
        self.no_more_items_locked(state)

    @later
    def on_close_error(self, number, payload):
        self.on_close(number, payload, check_error(payload))

    @later
    def on_cancel(self, number, payload):
        if self.find(number) is not None:
            self.owner.cancel_locked(number)

    @later
    def on_last(self, number, payload):
        state = self.find(number)
        if state is None:
            return
        if state.receiving is not OPEN or state.parts is not None:
            text = "after another one" if state.receiving is not OPEN else "in the middle of an item"
            raise Broken(STATE_VIOLATION, "CHANNEL_LAST_MESSAGE on channel %d %s" % (number, text))
        state.receiving = ENDED
        self.no_more_items_locked(state)

    @later
    def on_credit(self, number, payload):
        credit = decode_control(payload, CREDIT)
        must(is_number(credit, 1), PAYLOAD_MALFORMED, "CHANNEL_CREDIT carries %s, expected a number above 0", credit)
        state = self.find(number)
        if state is None or state.sending is not OPEN:
            return
        if state.credit + credit > MAX_CREDIT:
            text = "credit of %d on top of %d on channel %d, at most %d is allowed"
            raise Broken(CREDIT_OVERFLOW, text % (credit, state.credit, number, MAX_CREDIT))
        if self.ending:
            self.credit_until = CLOCK.monotonic() + LAST_CREDIT
        state.credit += credit
        wake_all(state.sleepers)

    # -- items that arrive

    def taker(self, number):
        """Return the open channel of an item frame, or None if it is gone."""
        state = self.open.get(number) or self.find(number)
        if state is not None and state.receiving is not OPEN:
            raise Broken(STATE_VIOLATION, "an item on channel %d after CHANNEL_LAST_MESSAGE" % number)
        return state

    def arrive(self, state, cost):
        """Count what arrived (FC-005)."""
        arrived = state.arrived + cost
        if arrived - state.granted > WINDOW:
            left = WINDOW - (state.arrived - state.granted)
            text = "a frame on channel %d costs %d, the credit left is %d" % (state.id, cost, left)
            raise Broken(CREDIT_OVERDRAWN, text)
        state.arrived = arrived

    def on_data(self, number, payload):
        state = self.taker(number)
        if state is None:
            return
        self.arrive(state, len(payload) + ITEM_COST)
        parts = state.parts
        if parts is not None:
            state.parts = None
            parts.append(payload)
            payload = b"".join(parts)
            if len(payload) > ITEM_LIMIT:
                raise Broken(LIMIT_EXCEEDED, "an item of %d bytes on channel %d" % (len(payload), number))
        try:
            item = decode(self.table_of(state), payload)
        except Malformed as error:
            raise Broken(VALUE_MALFORMED, "malformed item on channel %d: %s" % (number, error))
        state.items.append((state.arrived, item))
        self.items_arrived_locked(state, 1)

    @later
    def on_part(self, number, payload):
        if not payload:
            raise Broken(PAYLOAD_MALFORMED, "an empty CHANNEL_PART, at least one byte is expected")
        state = self.taker(number)
        if state is None:
            return
        self.arrive(state, len(payload))
        if state.parts is None:
            state.parts = []
        state.parts.append(payload)
        if len(state.parts) * FRAME_LIMIT > ITEM_LIMIT and sum(map(len, state.parts)) > ITEM_LIMIT:
            raise Broken(LIMIT_EXCEEDED, "an item above %d bytes on channel %d" % (ITEM_LIMIT, number))
        self.return_credit_locked(state)

    @later
    def on_batch(self, number, payload):
        state = self.taker(number)
        if state is None:
            return
        if state.parts is not None:
            raise Broken(STATE_VIOLATION, "CHANNEL_BATCH in the middle of an item on channel %d" % number)
        count = at = 0
        major = HEADER.unpack(payload[:1].ljust(9, b"\0"))[0]
        info = major & 31
        if major >> 5 == 4 and info < 28:
            width, struct = _WIDE.get(info, (0, None))
            at = 1 + width
            if at <= len(payload):
                count = struct.unpack_from(payload, 1)[0] if struct else info
        if not 0 < count <= len(payload) - at:
            raise Broken(VALUE_MALFORMED, "CHANNEL_BATCH on channel %d is no array of one or more items" % number)
        before = state.arrived
        cost = len(payload) + ITEM_COST * count
        self.arrive(state, cost)
        table = self.table_of(state)
        items = []
        try:
            for _ in repeat(None, count):
                item, at = decode_first(table, payload, at, DEPTH_LIMIT)
                items.append(item)
            if at != len(payload):
                raise Malformed("%d bytes follow the last item" % (len(payload) - at))
        except Malformed as error:
            raise Broken(VALUE_MALFORMED, "malformed batch on channel %d: %s" % (number, error))
        share = cost // count
        for place, item in enumerate(items, 1):
            state.items.append((state.arrived if place == count else before + share * place, item))
        self.items_arrived_locked(state, count)

    def items_arrived_locked(self, state, count):
        if self.ending:
            state.items.clear()  # dropped (GR-006); so that nobody waits, it is credited
            self.return_credit_locked(state)
            return
        if self.relief or state.relief:
            self.return_credit_locked(state)
        if state.callback is not None:
            self.callbacks.push_locked(state, count)
        elif state.sleepers:
            wake_all(state.sleepers)

    def table_of(self, state):
        strings = state.strings or self.strings
        table = self.tables.get(strings)
        if table is None:
            table = self.tables[strings] = make_table(strings[0], strings[1], lambda number: self.referenced(number))
        return table

    @later
    def return_credit_locked(self, state):
        """Send the credit that is due on a channel, if it is half a window (FC-014 to FC-016)."""
        relieved = (self.relief and self.starves(state)) or state.relief or not state.items
        settled = state.arrived if relieved else state.consumed
        due = settled - state.granted
        if due >= WINDOW // 2 and state.receiving is OPEN:
            state.granted = settled
            self.queue(CREDIT, state.id, head(0, due), True)

    @later
    def starves(self, state):
        """Return whether nobody else takes from a channel than those who wait in `send` (FC-040)."""
        if state.callback is not None:
            return any([in_callback for _, in_callback in self.relief])
        last = state.last_taker
        return last is None or last.ended or last in [one for one, _ in self.relief]

    # -- waiting for items

    def has_news(self, state):
        return state.items or state.receiving is not OPEN or self.ending or state.callback is not None

    @later
    def has_ended(self, state):
        if self.callbacks.thread == me():
            # A callback cannot wait for its own thread: what the wire says has to do.
            return state.receiving is not OPEN or self.ending
        return state.ended

    def error_locked(self, state):
        """Return what went wrong: a remote error, each once; the end of the connection; or None."""
        if state.errors:
            return state.errors.pop(0)
        if state.failed is not None:
            why = state.failed
            text = "the callback of channel %d failed: %s" % (state.id, native(why.formatted))
            return CallbackError(text, why.code, why.type, why.message, why.frames)
        if state.receiving is OPEN and self.ending:
            return EOFError(native(self.end_text))
        return None

    def wait_for_item_locked(self, state, timeout):
        self.wait_stalling_locked(state, lambda: self.has_news(state), timeout)

    def wait_stalling_locked(self, state, ready, timeout):
        """Wait; after a stall period have others' items credited that only this thread would take (FC-042)."""
        deadline = None if timeout is None or timeout < 0 else CLOCK.monotonic() + timeout
        stall = STALL
        while not ready():
            until = deadline
            if len(self.open) > 1:
                until = CLOCK.monotonic() + stall
                if deadline is not None and deadline < until:
                    until = deadline
            if self.wait_locked(ready, until, state.sleepers):
                return True
            if deadline is not None and CLOCK.monotonic() >= deadline:
                return False
            here = taker()
            stall = STALL
            before = self.queued
            for other in list(self.open.values()):
                last = other.last_taker
                mine = last is None or last is here or last.ended
                if other is not state and other.callback is None and mine:
                    other.relief += 1
                    self.return_credit_locked(other)
                    other.relief -= 1
            if self.queued != before:
                stall = NEXT_STALL
                self.flush_soon_locked()
        return True

    # -- sending items

    def problem_locked(self, state):
        """Return why nothing can be sent on a channel, or None."""
        if self.write_error is not None:
            return "the connection broke: %s" % self.write_error
        if self.sealed:
            return native(self.end_text)
        if state.sending is not OPEN:
            return "channel %d is closed" % state.id
        return None

    def check_sendable_locked(self, state):
        problem = self.problem_locked(state)
        if problem:
            raise ClosedError(CANNOT_SEND + problem)

    @later
    def send_slowly_locked(self, state, payload):
        """Send an item that has to wait for credit or its turn, or that needs several frames (FC-020 to FC-024)."""
        self.check_sendable_locked(state)
        if len(payload) > self.peer_limits["item"]:
            text = "Cannot send an item of %d bytes: the other side takes at most %d."
            raise DumpError(text % (len(payload), self.peer_limits["item"]))
        size = self.part_size
        last = max(0, (len(payload) - 1) // size * size)
        pieces = [(PART, payload[at : at + size]) for at in range(0, last, size)]
        pieces.append((DATA, payload[last:]))
        self.send_frames_locked(state, [(kind, piece, len(piece) + ITEM_COST * (kind == DATA)) for kind, piece in pieces])

    @later
    def send_batch(self, state, payloads):
        if payloads:
            payload = head(4, len(payloads)) + b"".join(payloads)
            with self.guard:
                self.check_sendable_locked(state)
                self.send_frames_locked(state, [(BATCH, payload, len(payload) + ITEM_COST * len(payloads))])

    @later
    def send_frames_locked(self, state, frames):
        """Send the frames (type, payload, cost) with nothing of the channel's items between them."""
        turn = object()
        state.reserved.append(turn)
        sends = False
        try:
            self.wait_to_send_locked(state, lambda: state.reserved[0] is turn)
            self.check_sendable_locked(state)
            sends = True
            for kind, payload, cost in frames:
                if state.credit < cost:
                    self.wait_for_credit_locked(state, cost)
                self.check_sendable_locked(state)
                state.credit -= cost
                state.in_parts = kind == PART
                self.queue(kind, state.id, payload)
                self.flush_locked()
        finally:
            state.reserved.remove(turn)
            if sends and state.in_parts:
                # The other side could not tell the rest of this item from the next one.
                state.in_parts = False
                if state.sending is OPEN:
                    why = RemoteError("sending was interrupted in the middle of an item", "interrupted")
                    if state.id in self.owner.cancelled:
                        why = CANCELLED
                    self.close_locked(state, INTERRUPT if self.ending else why)
            self.notify_locked(state.sleepers)

    @later
    def wait_for_credit_locked(self, state, cost):
        """Wait until so much may be sent."""
        self.wait_to_send_locked(state, lambda: state.credit >= cost or self.deaf)
        if state.credit < cost and not self.problem_locked(state):
            raise ClosedError(CANNOT_SEND + native(self.end_text))

    @later
    def wait_to_send_locked(self, state, ready):
        """Wait until ``ready()`` or nothing can be sent; in an ending worker only while credit comes (GR-011).

        Meanwhile credit is given for what nobody else takes, when it arrives (FC-040).
        """
        if ready() or self.problem_locked(state):
            return
        blocked = (taker(), self.callbacks.thread == me())
        self.relief.append(blocked)
        try:
            self.relieve_locked(None)
            while not (ready() or self.problem_locked(state)):
                until = self.credit_until
                stall_at = CLOCK.monotonic() + STALL
                self.wait_locked(
                    lambda: ready() or self.problem_locked(state) or self.credit_until != until,
                    stall_at if until is None or stall_at < until else until,
                    state.sleepers,
                )
                now = CLOCK.monotonic()
                if until is not None and now >= until and not ready():
                    self.check_sendable_locked(state)
                    raise WorkerEnding("cannot send (already closed?): " + native(self.end_text))
                if now >= stall_at:
                    self.relieve_locked(now)
        finally:
            self.relief.remove(blocked)

    @later
    def relieve_locked(self, now):
        """Give credit for what starves, and a little for what somebody has not taken from for long: is it stuck?"""
        for other in list(self.open.values()):
            self.return_credit_locked(other)
            taken, since = other.looked_at
            if now is None or self.starves(other):
                continue
            if taken != other.consumed or not other.items:
                other.looked_at = (other.consumed, now)
            elif now - since >= STUCK:
                other.looked_at = (taken, since + STUCK_STEP)
                other.relief += 1
                self.return_credit_locked(other)
                other.relief -= 1
        self.flush_soon_locked()

    @later
    def reconfigure(self, state, py2str_as_py3str, py3str_as_py2str):
        """Set the coercion flags of both sides, on one channel or (None) for all."""
        flags = (bool(py2str_as_py3str), bool(py3str_as_py2str))
        with self.guard:
            if self.sealed:
                raise ClosedError(CANNOT_SEND + native(self.end_text))
            if "python.strings" not in PEER_FEATURES:  # it has the default flags (PY-010)
                if flags != (True, False):
                    raise ValueError("the initiator takes no strings of Python 2, and no flags for them")
                return
            if state is None:
                self.strings = flags
                self.queue(RECONFIGURE, 0, encode(list(flags)))
            else:
                state.strings = flags
                if state.id in self.open:
                    self.queue(RECONFIGURE, state.id, encode(list(flags)))
            self.flush_soon_locked()

    # -- writing

    def queue(self, kind, number, payload, answer=False):
        """Queue a frame; ``answer`` if it is not executed code that wants it."""
        if self.sealed:
            return
        if self.tracer is not None:
            self.tracer.frame("sent", kind, number, len(payload))
        self.out.append(HEADER.pack(kind, number, len(payload)) + payload)
        self.queued += 9 + len(payload)
        if answer:
            self.answers += 9 + len(payload)

    def flush_locked(self):
        """Wait until the operating system has everything that is queued now; raise if it never will."""
        position = self.queued
        greenlets = green()
        while self.written < position:
            if greenlets is not None:
                self.flush_soon_locked()  # another thread blocks in our place
            if self.writing or greenlets is not None:
                self.wait_written_locked(
                    lambda: self.written >= position or (greenlets is None and not self.writing), None
                )
            else:
                self.write_locked()
            if self.write_error is not None:
                raise ClosedError(CANNOT_SEND + "the connection broke: %s" % self.write_error)

    def wait_written_locked(self, ready, deadline):
        """Wait for those who write."""
        self.write_waiters += 1
        try:
            self.wait_locked(lambda: ready() or self.write_error, deadline, self.write_sleepers)
        finally:
            self.write_waiters -= 1

    def write_locked(self):
        """Write everything that is queued, and what is added meanwhile."""
        self.writing = True
        try:
            while self.out:
                data = b"".join(self.out)
                self.out = []
                self.answers = 0
                self.lock.release()
                try:
                    error = self.write_watched(data) if self.watched else write_all(self.fd_out, data)
                finally:
                    self.lock.acquire()
                self.wrote_locked(len(data), error)
        finally:
            self.writing = False
            if self.sealed:
                self.shut_locked()
            if self.write_waiters:
                self.notify_locked(self.write_sleepers)

    @later
    def write_watched(self, data):
        """Write; what is taken after a wait is a sign of life (FR-026)."""
        error = None
        for at in range(0, len(data), 65536):
            waits = not can_write(self.fd_out)
            error = write_all(self.fd_out, data[at : at + 65536])
            self.heard = self.heard or (waits and error is None)
        return error

    def wrote_locked(self, size, error):
        self.written += size
        if error is not None:
            self.write_error = error
            self.out = []
            self.written = self.queued
        if self.write_waiters:
            self.notify_locked(self.write_sleepers)

    def flush_soon_locked(self):
        """Write what is queued without blocking; a thread of its own writes what is left (FC-043)."""
        if self.writing or not self.out:
            if self.sealed and not self.writing:
                self.shut_locked()
            self.check_unread_locked()
            return
        data = b"".join(self.out)
        at = 0
        error = None
        # A pipe or socket that can be written takes this much without blocking.
        while at < len(data) and error is None and can_write(self.fd_out):
            part = data[at : at + 4096]
            error = write_all(self.fd_out, part)
            at += len(part)
        self.out = [data[at:]] if at < len(data) else []
        self.wrote_locked(at, error)
        if not self.out:
            self.answers = 0
            if self.sealed:
                self.shut_locked()
        elif not self.flusher_runs:
            self.flusher_runs = True
            start_new_thread(self.flusher, ())
        self.check_unread_locked()

    @later
    def flusher(self):
        with self.guard:
            self.flusher_runs = False
            if not self.writing:
                self.write_locked()

    def check_unread_locked(self):
        if self.answers > MAX_UNREAD and not self.sealed:
            self.fail_locked(LIMIT_EXCEEDED, "%d bytes of answers were left unread" % self.answers)

    def shut_locked(self):
        """Close our side of the stream."""
        fd, self.fd_out = self.fd_out, -1
        if fd < 0:
            return
        try:
            if OS.fstat(fd).st_mode & 0o170000 == 0o140000:  # a socket
                with own_imports():
                    import _socket

                kind = _socket.AF_UNIX, _socket.SOCK_STREAM
                end = _socket.fromfd(fd, *kind) if PY2 else _socket.socket(kind[0], kind[1], 0, OS.dup(fd))
                try:
                    end.shutdown(_socket.SHUT_WR)
                finally:
                    end.close()
            if fd != self.fd_in:
                OS.close(fd)
        except _OSErrors + (ImportError,):
            pass  # it has gone already

    # -- the end

    def fail_locked(self, code, text):
        """End the connection with a code (ER-002)."""
        if not self.sealed:
            self.goaway_locked(code, fit(text, GOAWAY_TEXT_LIMIT))
        self.sealed = self.deaf = self.broken_off = True
        if self.tracer is not None:
            self.tracer.event("the connection ends with error %d: %s" % (code, text))
        self.owner.end_locked(text)
        self.flush_soon_locked()

    def goaway_locked(self, code, text):
        """Say that this side ends the connection, and how far it went, as its last frame (ER-008, GR-012)."""
        last = max(0, self.next_peer_id - 2)
        self.queue(GOAWAY, 0, encode_map([("code", code), ("text", text), ("last", last)]))
        self.sealed = True

    def gone_locked(self, error, text=None):
        """The initiator has gone: nothing more comes, and, if it had not asked for the end, nothing is sent."""
        self.deaf = True
        if text is None:
            text = "the initiator has gone" + (": %s" % error if error else "")
        if not self.ending or error is not None:
            self.broken_off = True
        if not self.ending or self.broken_off:
            self.out = []
            self.written = self.queued
            self.sealed = True
        self.owner.end_locked(text)

    def end_receiving_locked(self, text):
        """Nobody receives anything any more (GR-003)."""
        if not self.ending:
            self.ending = True
            self.end_text = text
            self.credit_until = CLOCK.monotonic() + LAST_CREDIT
            for state in list(self.open.values()):
                if state.receiving is OPEN:
                    self.no_more_items_locked(state)
        for state in list(self.open.values()):
            wake_all(state.sleepers)
        self.notify_locked(self.write_sleepers)

    @later
    def leave_locked(self):
        """In a forked child: the connection is the parent's; let go of it."""
        for fd in set((self.fd_in, self.fd_out, self.wake_reader, self.wake_writer)):
            close_quietly(fd)
        close_quietly(self.keeper_reader)
        close_quietly(self.keeper_writer)
        self.lock = allocate_lock()
        self.guard.acquire, self.guard.release = self.lock.acquire, self.lock.release
        self.fd_out = self.wake_writer = self.keeper_writer = -1
        self.sealed = self.deaf = self.ending = self.broken_off = True
        self.end_text = "this connection belongs to the parent process"
        self.leader = self.tracer = None
        self.writing = False
        self.out = []
        for state in self.open.values():
            state.ended = True
            state.sleepers = []


def write_all(fd, data):
    """Write bytes; return the error that kept from it, or None. Blocks."""
    rest = data
    while rest:
        try:
            done = OS.write(fd, rest)
        except OSError as error:
            if error.errno == EAGAIN:
                OS.select([], [fd], [])
            elif error.errno != EINTR:
                return error
            continue
        if done == len(rest):
            break
        rest = memoryview(rest)[done:]
    return None


def warn(text):
    for stream in sys.stderr, sys.__stderr__:
        try:
            stream.write("[%d] %s\n" % (OS.getpid(), native(text)))
            return
        except Exception:
            pass  # there is none, or it is closed


# ---- Callbacks --------------------------------------------------------------------------------


class Callbacks(object):
    """Runs callbacks, one at a time, in the order in which their items arrived.

    count   channels that have a callback and have not ended
    thread  number of the thread, once there is one
    """

    def __init__(self, link):
        self.link = link
        self.count = 0
        self.thread = None
        self._started = False
        self._queue = deque()  # (channel, count of items; 0 for its end)
        self._sleepers = []
        self._turn = None
        self.busy = False

    @later
    def turn(self):
        """Return the lock that is held while a callback runs; the first callback makes it."""
        if self._turn is None:
            greenlets = green()
            own = greenlets is None and not PY2  # code may have replaced the one of `threading`
            self._turn = RLock() if own else ExecModel("thread" if greenlets is None else greenlets.name).RLock()
            if greenlets is not None:
                self._started = True
                greenlets.library.spawn(self.run)
        return self._turn

    @later
    def set(self, state, callback, endmarker):
        link = self.link
        with self.turn():
            with link.guard:
                if state.callback is not None:
                    raise ClosedError("channel %d has a callback already" % state.id)
                state.callback = callback
                state.endmarker = endmarker
                ended, state.ended = state.ended, False
                self.count += 1
                waiting = len(state.items)
                link.notify_locked(state.sleepers)
            try:
                for _ in range(waiting):
                    self.deliver(state)
            finally:
                if ended:
                    self.deliver_end(state)
        if not ended:
            link.wake_keeper()

    @later
    def push_locked(self, state, count):
        self._queue.append((state, count))
        self.busy = True
        if not self._started:
            self._started = True
            start_new_thread(self.run, ())
        wake_all(self._sleepers)

    @later
    def run(self):
        self.thread = me()
        link = self.link
        turn = self.turn()
        while True:
            with link.guard:
                while not self._queue:
                    self.busy = False
                    greenlets = green()
                    link.sleep_locked(self._sleepers, None, greenlets and GreenSleeper(greenlets))
                state, count = self._queue.popleft()
            try:
                with turn:
                    for _ in range(count):
                        self.deliver(state)
                    if not count:
                        self.deliver_end(state)
            except KeyboardInterrupt:
                tell_excepthook()  # raised by the callback: signals go to the main thread
            del state  # while this thread sleeps, it must not keep a dropped channel's callback alive

    @later
    def deliver(self, state):
        """Give the oldest item to the callback; one that raises closes the channel, and is told of (CH-037)."""
        link = self.link
        if not state.items:
            return
        try:
            state.callback(state.items[0][1])
        except BaseException as error:
            self.failed(state, error)
            return
        with link.guard:
            if state.items:
                # Credit goes back when the callback is done with the item.
                state.consumed = state.items.popleft()[0]
                link.return_credit_locked(state)
                link.flush_soon_locked()

    @later
    def deliver_end(self, state):
        link = self.link
        with link.guard:
            endmarker, state.endmarker = state.endmarker, NO_ENDMARKER
        try:
            if endmarker is not NO_ENDMARKER:
                state.callback(endmarker)
        except BaseException as error:
            self.failed(state, error)
        finally:
            with link.guard:
                if not state.ended:
                    state.ended = True
                    self.count -= 1
                    if state.user is None or state.user() is None:
                        link.close_locked(state, None)  # nothing more can happen on it (CH-052)
                    link.notify_locked(state.sleepers)

    @later
    def failed(self, state, error):
        interrupted = isinstance(error, KeyboardInterrupt)
        why = INTERRUPT if interrupted else tell_of(error, sys.exc_info()[2])
        with self.link.guard:
            state.failed = why
            state.items.clear()
            self.link.close_locked(state, why)
        if interrupted:
            raise error  # in the main thread, which has come here by `setcallback`, it was Ctrl-C
        tell_excepthook()


@later
def tell_excepthook():
    """Tell ``threading.excepthook``, or before Python 3.8 ``sys.excepthook``, of the error that is being handled."""
    kind, error, trace = sys.exc_info()
    if kind is SystemExit:
        # Which the hook takes for the regular end of a thread and keeps to itself.
        kind, error = RuntimeError, RuntimeError("sys.exit(%s) in a callback: the process goes on" % (error,))
    try:
        threading = sys.modules.get("threading")
        if hasattr(threading, "excepthook"):
            # Without a thread: this one is hidden from `threading`.
            threading.excepthook(threading.ExceptHookArgs((kind, error, trace, None)))
        else:
            sys.excepthook(kind, error, trace)
    except BaseException as failure:
        warn("Warning: a callback failed, and so did the hook that was told of it: %r, %r" % (error, failure))


@later
def kernel_answers(fd, seconds):
    """Return whether what was sent over a TCP connection so long ago is acknowledged; False if that cannot be known."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        with own_imports():
            import _socket
        kind = _socket.AF_INET, _socket.SOCK_STREAM
        end = _socket.fromfd(fd, *kind) if PY2 else _socket.socket(kind[0], kind[1], 0, OS.dup(fd))
        try:
            info = bytearray(end.getsockopt(6, 11, 60))  # TCP_INFO
        finally:
            end.close()
    except _OSErrors + (ImportError,):
        return False
    if len(info) < 60 or info[0] != 1 or info[2] or info[3]:
        return False  # not established, or what was sent is sent again and again
    last_ack = Struct("I").unpack(bytes(info[56:60]))[0]  # milliseconds ago
    return not any(info[24:28]) or last_ack <= 1500 * seconds


# ---- Executing --------------------------------------------------------------------------------

OWN_FILE = "<xnet bare worker>"
OWN_SOURCE = ["", ""]  # its text, put here by whoever started this: what is compiled first, and the rest


def show_source(linecache, name, source):
    """Let tracebacks and ``inspect`` show the lines of a source (GW-018)."""
    # A file that exists here shows itself: the source may be one function out of it.
    try:
        if name[:1] == "<" or not linecache.getlines(name):
            linecache.cache[name] = (len(source), None, native(source).splitlines(True), name)
    except Exception:
        pass  # it is not what it was


@later
def describe(error, trace, name="<none>", source=""):
    """Return an error as text, with its traceback; name and source are what was executed."""
    try:
        with own_imports():
            import linecache
            import traceback

            parts = zip(OWN_SOURCE[0].split("\n"), OWN_SOURCE[1].split("\n"))
            show_source(linecache, OWN_FILE, as_text("\n".join([rest or first for first, rest in parts])))
            show_source(linecache, name, source)
            return "".join(map(as_text, traceback.format_exception(type(error), error, trace)))
    except BaseException as failure:  # a __str__ of the user's may raise whatever, or the code has made it impossible
        text = "(a plain traceback: %s while a full one was made)\n" % type(failure).__name__
        return plain(error, trace, name, source) + text


@later
def tell_of(error, trace, text=None):
    """Return an error as what closes a channel (GW-032), whatever the code has made of its class."""
    if text is None:
        text = describe(error, trace)
    first, last = [], deque(maxlen=50)
    while trace is not None:  # of very many calls the first and the last
        code = trace.tb_frame.f_code
        (first if len(first) < 50 else last).append((code.co_filename, trace.tb_lineno or 0, code.co_name))
        trace = trace.tb_next
    try:
        return RemoteError(text, "error", name_of(type(error)), as_text(error), first + list(last))
    except BaseException:
        return RemoteError(text, "error", None, None, first + list(last))


def name_of(kind):
    module = "" if kind.__module__ in ("builtins", "exceptions") else as_text(kind.__module__) + "."
    return module + as_text(getattr(kind, "__qualname__", kind.__name__))


@later
def plain(error, trace, name, source):
    """Return the same with nothing but what is here."""
    lines = source.split("\n")
    text = ""
    for _ in range(10):  # errors that led to each other
        parts = ["Traceback (most recent call last):\n"]
        while trace is not None and len(parts) <= 100:
            code, at = trace.tb_frame.f_code, trace.tb_lineno
            parts.append('  File "%s", line %d, in %s\n' % (as_text(code.co_filename), at, as_text(code.co_name)))
            if code.co_filename == name and at <= len(lines):
                parts[-1] += "    %s\n" % as_text(lines[at - 1]).strip()
            trace = trace.tb_next
        text = "".join(parts) + "%s: %s\n" % (name_of(type(error)), as_text(error)) + text
        before = None if getattr(error, "__suppress_context__", True) else error.__context__
        error = getattr(error, "__cause__", None) or before
        if error is None:
            break
        trace = error.__traceback__
        text = "\nBecause of this error there was another one:\n\n" + text
    return text


class Execution(object):
    """The code of one CHANNEL_EXEC and the channel it talks on."""

    def __init__(self, channel, request):
        channel._executing = True
        self.channel = channel
        self.follows = False  # its error came of the end of its channel
        self.thread = None  # where it runs, once it does
        self.cancelled = False
        self.request = request  # None: it is the first item
        self.source, self.file = "", NO_FILE

    def run(self):
        """Run the code; return the error to close the channel with, or None after a good end (GW-010)."""
        pid = OS.getpid()
        error = self._run(pid)
        if OS.getpid() != pid:  # forked by the code, which has come to its end there, too
            end_child(0 if error is None else 1, "" if error is None else error.formatted)
        return error

    @later
    def _receive_request(self):
        """Take the request that is the first item of the channel (GW-007, GW-008)."""
        item = self.channel.receive()
        must(type(item) is bytes, PAYLOAD_MALFORMED, "the request behind CHANNEL_EXEC is no bytes but %s", item)
        self.request = check_exec(item)
        must(self.request, PAYLOAD_MALFORMED, "the request behind CHANNEL_EXEC says that it follows once more")

    def _run(self, pid):
        namespace = {"channel": self.channel, "__name__": "__channelexec__"}
        quiet = _quiet[0]
        in_main = get_ident() == MAIN[0]
        try:
            if in_main:
                if not self.cancelled:
                    del _noted[:]
                _quiet[0] = 0
            try:
                if in_main and _noted:
                    del _noted[:]
                    raise KeyboardInterrupt
                if self.request is None:
                    self._receive_request()
                self.source, name, call, kwargs, language, kind = self.request
                if kind == "service":  # it is sent whatever it is to run, for it has to be small
                    return RemoteError(as_text("this worker has no service ") + self.source, "refused")
                if language not in (None, "python"):
                    return RemoteError(as_text("this worker executes python, not ") + language, "refused")
                self.file = native(name) if name else NO_FILE
                linecache = sys.modules.get("linecache")
                if linecache is not None:  # for `inspect` in the code; importing it for that costs too much
                    show_source(linecache, self.file, self.source)
                # With the flag, code that awaits outside of functions becomes a coroutine (GW-026).
                flags = 0x2000 if sys.version_info >= (3, 8) else 0
                code = compiled(parseable(self.source) + "\n", self.file, "exec", flags, True)
                left = execute(code, namespace)
                if call is not None:
                    call = native(call)
                    if call not in namespace:
                        raise NameError("the source defines no function %r that could be called" % call)
                    kwargs = dict((native(key), value) for key, value in kwargs.items())
                    left = namespace[call](self.channel, **kwargs)
                if hasattr(left, "cr_await"):
                    asynchronous("run")(left)
            finally:
                if in_main:
                    _quiet[0] = quiet
        except (KeyboardInterrupt, WorkerEnding):
            return INTERRUPT
        except EOFError:
            return None  # code that still waited for items when there were no more
        except Broken as error:
            return RemoteError(error.text)
        except BaseException as error:
            return self._failure(error, sys.exc_info()[2], pid)
        return None

    @later
    def _failure(self, error, trace, pid):
        """Return what to say about an exception that came out of the code."""
        if isinstance(error, SystemExit) and OS.getpid() != pid:
            code = error.code
            known = code is None or isinstance(code, int)
            end_child((code or 0) & 0xFF if known else 1, "" if known else "%s\n" % (code,))
        cannot_send = type(error) is ClosedError and CANNOT_SEND in str(error)
        self.follows = cannot_send or isinstance(error, RemoteError)
        trace = trace.tb_next  # without the function that executes
        if trace is not None and trace.tb_frame.f_code.co_name == "execute":
            trace = trace.tb_next  # which Python 2 needs
        if trace is not None and PY2 and trace.tb_frame.f_code.co_filename == "<string>":
            trace = trace.tb_next
        inner = trace
        while inner is not None and inner.tb_frame.f_code.co_filename != self.file:
            inner = inner.tb_next
        if trace is not None and trace.tb_frame.f_code.co_name == "run":
            trace = inner or trace  # without those of the event loop
        text = describe(error, trace, self.file, self.source)
        if trace is None and text[:1] != "T":  # of what could not even begin; programs look for the words
            text = "Traceback (most recent call last):\n" + text
        if isinstance(error, SyntaxError) and trace is None:
            text += "The source cannot be parsed by the interpreter it was sent to, %s (%s).\n" % (
                implementation().split()[1],
                as_text(sys.executable or "?"),
            )
        return tell_of(error, trace, text)


def parseable(source):
    """Return a source as ``compile`` takes it: Python 2 wants no declaration of its encoding in a text."""
    if PY2:
        lines = source.split("\n", 2)
        for number, line in enumerate(lines[:2]):
            if line.lstrip()[:1] == "#":
                lines[number] = line.replace("coding", "c0ding")
        source = "\n".join(lines)
    return source


@later
def end_child(status, words):
    """End a forked child; it has no connection, and what would follow is the business of its parent."""
    try:
        sys.stderr.write(native(words))
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:
        pass  # there is none, or it is closed
    OS._exit(status)


@later
class ExecModel(object):
    """Threads, locks and events, as programs written for execnet expect them at ``channel.gateway.execmodel``."""

    def __init__(self, backend):
        self.backend = backend

    def __repr__(self):
        return "<ExecModel %r>" % self.backend

    def __getattr__(self, name):
        place = EXECMODELS.get(self.backend, EXECMODELS["thread"]).get(name)
        if place is None:
            raise AttributeError(name)
        module, _, attribute = place.partition(":")
        with own_imports():
            module = __import__(module, None, None, ["*"])
        return getattr(module, attribute) if attribute else module

    def start(self, func, args=()):
        if self.backend in GREENLET_MODELS:
            with own_imports():
                library = __import__(self.backend)
            library.spawn(func, *args)
        else:
            start_new_thread(func, args)

    def get_ident(self):
        return self._get_ident()

    def fdopen(self, fd, mode, bufsize=1, closefd=True):
        options = {"buffering": -1} if "b" in mode else {"buffering": bufsize, "encoding": "utf-8"}
        try:
            return self._fdopen(fd, mode, closefd=closefd, **options)
        except TypeError:  # of Python 2, or an old gevent
            return self._fdopen(fd, mode, bufsize)


#: Where execution models have their things.
EXECMODELS = {
    "thread": {
        "Lock": "threading:RLock", "RLock": "threading:RLock", "Event": "threading:Event", "sleep": "time:sleep",
        "queue": "Queue" if PY2 else "queue", "subprocess": "subprocess", "socket": "socket", "_fdopen": "os:fdopen",
        "_get_ident": "thread:get_ident" if PY2 else "_thread:get_ident",
    },
    "gevent": {
        "Lock": "gevent.lock:RLock", "RLock": "gevent.lock:RLock", "Event": "gevent.event:Event", "sleep": "gevent:sleep",
        "queue": "gevent.queue", "subprocess": "gevent.subprocess", "socket": "gevent.socket",
        "_fdopen": "gevent.fileobject:FileObjectThread", "_get_ident": "gevent.thread:get_ident",
    },
    "eventlet": {
        "Lock": "eventlet.green.threading:RLock", "RLock": "eventlet.green.threading:RLock",
        "Event": "eventlet.green.threading:Event", "sleep": "eventlet:sleep", "queue": "eventlet.queue",
        "subprocess": "eventlet.green.subprocess", "socket": "eventlet.green.socket",
        "_fdopen": "eventlet.green.os:fdopen", "_get_ident": "eventlet.green.thread:get_ident",
    },
}  # fmt: skip


# ---- execnet's names --------------------------------------------------------------------------
# What code that imports execnet finds, if the initiator wants that (config ``alias``): pytest-xdist's workers do.


@later
class LoadError(DataFormatError):
    """The bytes are no dump."""


@later
def dumps(item):
    """Return the item in execnet's dump format. Raises: DumpError."""
    out = [b"\x02"]
    try:
        try:
            _dump(out.append, item)
        except Refused:
            out = out[:1]
            accepted = frozenset(kind for kind in ENCODERS if kind not in (bytearray, memoryview, SurrogateText))
            _dump(out.append, Conversion(accepted).value_of(item, ENCODE_DEPTH))
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


@later
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


@later
def loads(data, py2str_as_py3str=False, py3str_as_py2str=False):
    """Return the object of a dump. Raises: LoadError, EOFError."""
    with own_imports():
        from io import BytesIO

    return load(BytesIO(data), py2str_as_py3str, py3str_as_py2str)


@later
def dump(stream, item):
    """Write the dump of an object to a binary stream."""
    stream.write(dumps(item))


@later
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
            raise ValueError("item %s comes after %d of %d" % (short(key), len(container), count))
        container.append(value)

    def integer():
        digits = string()
        if not digits.lstrip(b"-").isdigit():
            raise ValueError("%s is no decimal number" % short(digits))
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


@later
class Names(type(sys)):
    """A module under execnet's name. What is not here is looked for in execnet itself, if that is installed."""

    kept = []  # execnet's modules: Python 2 empties those that nobody holds

    def __getattr__(self, name):
        if name[:2] == "__":
            raise AttributeError(name)
        ours = dict((key, sys.modules.pop(key)) for key in list(sys.modules) if key.split(".")[0] == "execnet")
        try:
            value = getattr(__import__(self.__name__, None, None, ["x"]), name)
        except ImportError:
            text = "%s.%s is not here: this worker was sent to an interpreter that has neither xnet nor execnet installed"
            raise AttributeError(text % (self.__name__, name))
        finally:
            for key in list(sys.modules):
                if key.split(".")[0] == "execnet":
                    self.kept.append(sys.modules.pop(key))
            sys.modules.update(ours)
        setattr(self, name, value)
        return value


@later
def stand_in_for_execnet():
    """Make xnet importable as execnet, or else what is here."""
    if sys.version_info >= (3, 10):
        try:
            # Not when it is first used: pytest-xdist may give this worker its own sys.path, for another version.
            __import__("xnet_wire.values")
            __import__("xnet.alias", None, None, ["install"]).install(in_worker=True)
            return
        except Exception:
            pass  # it is not installed here
    modules = {}
    # ``pytest -p xnet.xdist``: workers are told the same. With this text pytest leaves them as they are.
    for name, kind in (
        ("execnet", Names), ("execnet.gateway_base", Names), ("xnet", type(sys)), ("xnet.xdist", type(sys)),
    ):  # fmt: skip
        modules[name] = kind(name, "PYTEST_DONT_REWRITE")
        modules[name].__path__ = []
    execnet, base = modules["execnet"], modules["execnet.gateway_base"]
    names = "Channel ChannelFile ChannelFileRead ChannelFileWrite DataFormatError DumpError ExecModel LoadError "
    for name in (names + "RemoteError TimeoutError dump dumps load loads INTERRUPT_TEXT").split():
        setattr(execnet, name, globals()[name])
        setattr(base, name, globals()[name])
    base.get_execmodel = ExecModel
    base.WorkerGateway = Worker
    execnet.gateway_base = base
    execnet.__version__ = "2.1.2"  # of which this is a part
    modules["xnet"].xdist = modules["xnet.xdist"]
    sys.modules.update(modules)


# ---- Worker -----------------------------------------------------------------------------------


class Worker(object):
    """What executed code sees as ``channel.gateway``.

    running, waiting  executions that have begun, and that were accepted and have not
    main_busy         the main thread runs one, or is about to; task: which it is to run next
    over              it is time to exit
    """

    def __init__(self, fd_in, fd_out):
        self.id = "worker"
        self._execmodel = "thread"
        self._running = self._waiting = 0
        self._main_busy = self._over = self._forced = False
        self._task = None
        self._end_by = None
        self.times = GRACE / 1000.0, INTERRUPT_GRACE / 1000.0
        self._sleepers = []
        self._patient = []  # executions that wait for the main thread
        self._tasks = {}  # executions that have not ended, by the id of their channel
        self.cancelled = set()  # channels of those that were cancelled
        self._for_greenlets = []  # executions that are to begin in greenlets
        self._link = Link(fd_in, fd_out, self)
        self._trace("started, pid %d, %s" % (OS.getpid(), sys.executable))

    def __repr__(self):
        return "<WorkerGateway %s>" % native(self.id)

    # -- for executed code

    @property
    def execmodel(self):
        return ExecModel(self._execmodel)

    @property
    def _own_imports(self):
        return own_imports()  # for programs of ours that are executed here

    @later
    def newchannel(self):
        """Open a channel; send it in an item to give the initiator the other end."""
        return self._link.new_channel()

    @later
    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """Set how strings arrive on both sides, for channels without their own setting."""
        self._link.reconfigure(None, py2str_as_py3str, py3str_as_py2str)

    def join(self, timeout=None):
        """Wait until the connection has ended, at most ``timeout`` seconds."""
        link = self._link
        with link.guard:
            link.wait_locked(lambda: link.deaf, None if timeout is None else CLOCK.monotonic() + timeout, self._sleepers)

    # -- the main thread

    def serve(self):
        """Serve the initiator until it is time to exit."""
        link = self._link
        hello = encode_map([
            ("version", list(PROTOCOL)), ("implementation", implementation()),
            ("features", ["exec.python", "python.strings", "surrogates"]),
            ("limits", Payload(encode_map([
                ("frame", FRAME_LIMIT), ("item", ITEM_LIMIT), ("depth", DEPTH_LIMIT), ("channels", CHANNEL_LIMIT),
            ]))),
            ("credit", WINDOW),
        ])  # fmt: skip
        with link.guard:
            link.out.append(PREAMBLE)
            link.queued += len(PREAMBLE)
            link.queue(HELLO, 0, hello)
            link.flush_soon_locked()
        while not self._over:
            try:
                self._serve_one()
            except KeyboardInterrupt:
                with link.guard:
                    self.end_locked("the worker was interrupted")
        left = max(0.0, self._end_by - CLOCK.monotonic()) + 0.5
        start_new_thread(exit_later, (left, CLOCK.sleep, OS._exit))
        self._trace("ends")
        with link.guard:
            self._write_rest_locked()
            link.deaf = link.sealed = True
            link.shut_locked()
            link.wake_keeper()
            # A thread that runs while the interpreter takes itself apart fails with noise in Python 2.
            if GREEN:
                be_main_thread()
            until = CLOCK.monotonic() + WRITE_GRACE
            link.wait_locked(lambda: not link.keeper_runs, until, link.keeper_end_sleepers)
        while PY2 and link.callbacks.busy and CLOCK.monotonic() < until:
            CLOCK.sleep(0.002)
            with link.guard:
                pass  # it is not between two of its steps
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # there is none, or it is closed

    def _serve_one(self):
        link = self._link
        with link.guard:
            link.wait_locked(lambda: self._task or self._for_greenlets or self._over, None, self._sleepers)
            task, self._task = self._task, None
            tasks, self._for_greenlets = self._for_greenlets, []
        if tasks and not KEPT:
            keep_imports()
        for one in tasks:
            GREEN[0].run(self._run, one)
        if task is not None:
            if not KEPT:
                # Imported by another thread first, it would take that for the main thread.
                import threading  # noqa: F401

                keep_imports()
            self._run(task, True)

    def _run(self, task, in_main=False):
        link = self._link
        channel = task.channel
        with link.guard:
            self._waiting -= 1
            self._running += 1
            task.thread = get_ident()
            begins = not task.cancelled
        self._trace("executing on channel %d" % channel.id)
        try:
            error = task.run() if begins else CANCELLED
            self._trace("executed on channel %d" % channel.id)
        except BaseException as failure:  # of a trace function that the code left: go on
            error = self._error_of(failure, sys.exc_info()[2])
        with link.guard:
            del self._tasks[channel.id]  # from here on nothing interrupts it
            if task.cancelled:
                link.asked.discard(task.thread)
                self.cancelled.discard(channel.id)
                if error is INTERRUPT:
                    error = CANCELLED
            self._running -= 1
            if in_main and self._patient:
                self._task = self._patient.pop(0)
            elif in_main:
                self._main_busy = False  # before the close can be seen (GW-015)
            channel._executing = False
            late = error is not None and channel._state.sending is CLOSED and not link.sealed
            link.close_locked(channel._state, error)
            link.notify_locked(self._sleepers)
        if task.cancelled and in_main:
            del _noted[:]  # an interrupt that came when the code had ended is not for the next one
        if late and not task.follows and error is not INTERRUPT and error is not CANCELLED:
            # On a channel that the initiator has closed nobody would hear of it.
            warn("Warning: a remote error that nobody received: %r" % error)

    def _error_of(self, failure, trace):
        if isinstance(failure, KeyboardInterrupt):
            return INTERRUPT
        try:
            return tell_of(failure, trace)
        except BaseException:  # an audit hook may refuse what a traceback is made of
            text = "Traceback (most recent call last):\n%s: %s\n" % (type(failure).__name__, failure)
            return RemoteError(as_text(text))

    def execute_locked(self, channel, request):
        """Have a request run: on the main thread if that is idle (GW-013, GW-014)."""
        task = self._tasks[channel.id] = Execution(channel, request)
        self._waiting += 1
        if self._execmodel in GREENLET_MODELS:
            self._for_greenlets.append(task)
            self._link.notify_locked(self._sleepers)
        elif not self._main_busy:
            self._main_busy = True
            self._task = task
            self._link.notify_locked(self._sleepers)
        elif self._execmodel == "main_thread_only":
            self._patient.append(task)
            start_new_thread(self._refuse_later, (task,))
        else:
            start_new_thread(self._run, (task, False))

    @later
    def cancel_locked(self, number):
        """End the execution of a channel, if there is one that was not cancelled yet (GW-033 to GW-036)."""
        task = self._tasks.get(number)
        if task is None or task.cancelled:
            return
        task.cancelled = True
        if task in self._patient:
            self._patient.remove(task)
            self._waiting -= 1
            del self._tasks[number]
            task.channel._executing = False
            self._link.close_locked(task.channel._state, CANCELLED)
        elif task.thread is not None:
            self.cancelled.add(number)
            if self._execmodel in GREENLET_MODELS:
                GREEN[0].ring(task)
            elif task.thread == MAIN[0]:
                start_new_thread(self._interrupt_main, (task,))
            else:
                self._link.asked.add(task.thread)
                for state in list(self._link.open.values()):
                    self._link.notify_locked(state.sleepers)

    @later
    def _interrupt_main(self, task):
        """Interrupt what the main thread executes, again until it has noticed: a signal that comes just before a thread
        waits in the system does not end that wait. Once it has ended nothing may hit what comes next (GW-035)."""
        seen = _seen[0]
        for number in range(NOTICES):
            with self._link.guard:
                if self._tasks.get(task.channel.id) is not task or number and noticed(seen):
                    return
                OS.kill(OS.getpid(), SIGINT)
            CLOCK.sleep(NOTICED * 2 ** number)

    @later
    def _refuse_later(self, task):
        """Refuse a request if the main thread is still not idle after a second (GW-016)."""
        CLOCK.sleep(1.0)
        with self._link.guard:
            if task in self._patient:
                self._patient.remove(task)
                self._waiting -= 1
                del self._tasks[task.channel.id]
                task.channel._executing = False
                self._link.close_locked(task.channel._state, RemoteError(REFUSED_TEXT, "busy"))

    # -- questions and configuration, asked by the thread that reads

    def status_locked(self):
        return encode_map([
            ("numchannels", len(self._link.open)), ("numexecuting", self._running), ("numqueued", self._waiting),
            ("execmodel", self._execmodel),
        ])  # fmt: skip

    def information(self):
        try:
            cwd = os.getcwd()
        except OSError:
            cwd = None  # it was removed
        return encode_map([
            ("executable", path_text(sys.executable)), ("version_info", tuple(sys.version_info)),
            ("platform", sys.platform), ("cwd", path_text(cwd)), ("pid", OS.getpid()),
            ("implementation", implementation()), ("version", VERSION),
        ])  # fmt: skip

    def configure(self, config, hello_size):
        """Apply what the initiator asks for, in the order of HS-020."""
        link = self._link
        for key in ("env", "chdir", "nice", "id", "execmodel", "dont_write_bytecode", "alias", "stdout", "keepalive"):
            if key in config:
                try:
                    getattr(self, "_apply_" + key)(config[key])
                except Exception as error:
                    value = config[key] if type(config[key]) is not dict else sorted(config[key])
                    text = "the worker cannot apply config %s = %s: %s" % (key, native(as_text(value)), error)
                    raise Broken(CONFIG_REFUSED, as_text(text))
        if link.tracer is None and config.get("env"):  # (TR-004)
            link.tracer = maybe_tracer()
            if link.tracer is not None:
                link.tracer.name = self.id
                link.tracer.frame("sent", HELLO, 0, link.queued - len(PREAMBLE) - 9)
                link.tracer.frame("received", HELLO, 0, hello_size)

    @later
    def _apply_env(self, environment):
        for name, value in environment.items():
            if value is None:
                os.environ.pop(native(name), None)
            else:
                os.environ[native(name)] = native(value)

    @later
    def _apply_chdir(self, path):
        path = native(path)
        if not os.path.isdir(path):
            os.mkdir(path)
        os.chdir(path)

    @later
    def _apply_nice(self, increment):
        if increment and hasattr(os, "nice"):
            os.nice(max(-40, min(40, increment)))  # the kernel sees to the ends of the range

    def _apply_id(self, name):
        self.id = name + "-worker"
        if self._link.tracer is not None:
            self._link.tracer.name = self.id

    def _apply_execmodel(self, name):
        if name in GREENLET_MODELS:
            Greenlets(native(name)).has_model = True
        elif name not in ("thread", "main_thread_only"):
            raise ValueError("there is only thread, main_thread_only, gevent and eventlet")
        self._execmodel = native(name)

    @later
    def _apply_dont_write_bytecode(self, switch):
        sys.dont_write_bytecode = switch

    @later
    def _apply_alias(self, switch):
        if switch and "execnet" not in sys.modules:
            stand_in_for_execnet()

    @later
    def _apply_stdout(self, place):
        if place == "stderr":
            return
        path = os.devnull if place == "null" else native(place)
        if not os.path.isabs(path):
            raise ValueError("expected stderr, null or an absolute path")
        # rw-rw-rw-, without the umask; and not waiting for somebody to read what may be a pipe
        fd = OS.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 438)
        if PY2:
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~os.O_NONBLOCK)
        else:
            OS.set_blocking(fd, True)
        OS.dup2(fd, 1)
        OS.close(fd)

    @later
    def _apply_keepalive(self, interval):
        if not 0 < interval <= 86400000:
            raise ValueError("expected milliseconds, from 1 to 86400000")
        self._link.watched = True
        start_new_thread(self._watch, (interval / 1000.0, CLOCK.sleep))

    @later
    def _watch(self, seconds, sleep):
        """Ask when nothing is heard for so long, end when there is no answer for as long again (HS-024). If the kernel
        at the other end acknowledges what is sent, the initiator is busy, or stopped: then end much later."""
        link = self._link
        asked = False
        looked = heard = CLOCK.monotonic()
        while not link.deaf:
            sleep(seconds)
            now = CLOCK.monotonic()
            with link.guard:
                if link.deaf:
                    return
                if link.heard or now - looked > 1.5 * seconds:  # or this process was stopped meanwhile
                    link.heard = asked = False
                    heard = now
                elif asked and not (now - heard <= 60 * seconds and kernel_answers(link.fd_in, seconds)):
                    link.gone_locked(None, "nothing was heard of the initiator for %.1f seconds" % (now - heard))
                elif not asked or link.written == link.queued:
                    asked = True
                    link.queue(PING, 0, b"keepalive")
                    link.flush_soon_locked()
            looked = now

    # -- the end

    def end_locked(self, text):
        """Begin to end (GR-003 to GR-005)."""
        link = self._link
        link.end_receiving_locked(text)
        if self._end_by is None:
            self._trace("ending: " + native(text))
            self._end_by = CLOCK.monotonic() + sum(self.times)
            if self._running or self._waiting:
                start_new_thread(self._end, ())
            else:
                self._over = True
        link.notify_locked(self._sleepers)

    @later
    def _end(self):
        """Let executions end; then interrupt the main thread; then give up."""
        link = self._link
        with link.guard:
            if not self._wait_idle_locked(self.times[0]) and self._needs_interrupt_locked():
                self._trace("executions still run, interrupting the main thread")
                self._interrupt_main_locked()
            if not self._wait_idle_locked(self.times[1]):
                self._trace("executions still run, ending the process")
                self._write_rest_locked()
                OS._exit(1)
            self._over = True
            link.notify_locked(self._sleepers)

    @later
    def _needs_interrupt_locked(self):
        """Interrupt greenlets; return whether the main thread has to be: one of them lets no others run."""
        if not GREEN or self._main_busy:
            return self._main_busy
        GREEN[0].ring(None)
        self._wait_idle_locked(0.5)
        return not GREEN[0].interrupted

    @later
    def _interrupt_main_locked(self):
        """Interrupt the main thread, again until it has noticed, see ``_interrupt_main``."""
        until = CLOCK.monotonic() + self.times[1]
        seen = _seen[0]
        for number in range(NOTICES):
            OS.kill(OS.getpid(), SIGINT)
            if self._wait_idle_locked(min(NOTICED * 2 ** number, until - CLOCK.monotonic())) or noticed(seen):
                return

    @later
    def _wait_idle_locked(self, seconds):
        return self._link.wait_locked(
            lambda: not self._running and not self._waiting, CLOCK.monotonic() + seconds, self._sleepers
        )

    def _write_rest_locked(self):
        link = self._link
        link.goaway_locked(0, link.end_text)
        link.flush_soon_locked()
        link.wait_written_locked(lambda: not link.out and not link.writing, CLOCK.monotonic() + WRITE_GRACE)

    def _trace(self, text):
        if self._link.tracer is not None:
            self._link.tracer.event(text)


@later
def noticed(seen):
    """Return whether a SIGINT has come to its handler since; of a handler that is not ours nobody knows."""
    return _seen[0] != seen or getsignal(SIGINT) is not on_sigint


def exit_later(seconds, sleep, leave):
    """End the process if its threads and exit handlers do not let it end. The names it needs are arguments:
    Python 2 takes the others away meanwhile."""
    sleep(seconds)
    leave(1)


def path_text(path):
    """Return a path as valid text of bounded length, or None (GW-022, GW-030)."""
    if not path:
        return None
    return as_text(path[:5000] if PY2 else path[:5000].encode("utf-8", "surrogateescape"))


# ---- Starting ---------------------------------------------------------------------------------


def take_stdio():
    """Take the connection away from standard input and output; return its two descriptors (GW-040).

    Standard input becomes empty and standard output goes where standard error goes.
    """
    fds = []
    null = OS.open(os.devnull, os.O_RDWR)
    while null <= 2:  # some were closed, which nobody shall get as the number of the connection
        null = OS.dup(null)
    for fd in (0, 1):
        private = OS.dup(fd)
        keep_private(private)
        fds.append(private)
    try:
        OS.fstat(2)
    except OSError:
        OS.dup2(null, 2)
    OS.dup2(null, 0)
    OS.dup2(2, 1)
    OS.close(null)
    # What is printed is seen at once, however the interpreter was started.
    if PY2:
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1)
    elif sys.stdout is not None:
        encoding = sys.stdout.encoding
        sys.stdout = sys.__stdout__ = open(1, "w", 1, encoding, "backslashreplace", closefd=False)
    return fds


def watch_forks(link):
    """Have forked children let go of the connection."""

    def in_child():
        MAIN[0] = get_ident()
        _quiet[0] = 0
        del _noted[:]
        del GREEN[:], OWN_IMPORTS[:]
        REST_GUARD.__init__(allocate_lock())  # another thread, which is not here, may have had it
        link.leave_locked()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)
        return
    for name in ("fork", "forkpty"):
        if hasattr(os, name):
            setattr(os, name, wrapped_fork(getattr(os, name), in_child))


def wrapped_fork(fork, in_child):
    def wrapper():
        result = fork()
        if result == 0 or (isinstance(result, tuple) and result[0] == 0):
            in_child()
        return result

    wrapper.__name__ = fork.__name__
    return wrapper


def serve(fd_in, fd_out):
    """Serve the initiator at the other end of two descriptors, which may be one; return when it is time to exit."""
    for fd in (fd_in, fd_out):
        keep_private(fd)
    # Ignored, as in the background of a shell, it stays so.
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, on_sigint)
    ENCODERS[Channel] = _put_channel
    worker = Worker(fd_in, fd_out)
    watch_forks(worker._link)
    worker.serve()


def main(first, rest):
    """Serve over standard input and output. The two are the text of this file, taken apart by ``bootstrap``."""
    for name in "XNET_SECRET", "XNET_SECRET_FILE":
        os.environ.pop(name, None)  # of servers: no business of what runs here, whoever has started it
    OWN_SOURCE[:] = first, rest
    REST.append(rest)
    fds = take_stdio()
    serve(fds[0], fds[1])
