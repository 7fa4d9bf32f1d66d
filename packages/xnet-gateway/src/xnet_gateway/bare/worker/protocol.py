"""Numbers and names of the protocol: frame types, error codes, limits, times."""

from .interpreter import IS_PYPY, Struct, sys

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
    "status reconfigure terminate exec data close close_error last hello credit part ping pong info goaway batch "
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

GREENLET_MODELS = ("gevent", "eventlet")

HEADER = Struct(">BII")


def implementation():
    """Return what HELLO and INFO say about this program."""
    name = "pypy" if IS_PYPY else getattr(getattr(sys, "implementation", None), "name", "cpython")
    return "xnet-bare/%s %s-%s" % (VERSION, name, ".".join(map(str, sys.version_info[:3])))
