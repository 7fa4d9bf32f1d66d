"""The connection: bytes become frames, and frames are acted on."""

from . import describing, error_payloads, rare_frames, tracing
from .channel_table import ChannelTable
from .encoding import PEER_FEATURES
from .errors import Broken, RemoteError
from .interpreter import CLOCK, EAGAIN, EINTR, OS, os, sys
from .payloads import check_exec, check_hello, check_terminate, encode_map
from .protocol import (
    CANCEL,
    CLOSE,
    CLOSE_ERROR,
    DATA,
    EMPTY,
    FRAME_LIMIT,
    FRAME_NAMES,
    FRAME_TOO_LARGE,
    FRAME_UNKNOWN_TYPE,
    GOAWAY,
    GOAWAY_TEXT_LIMIT,
    HANDLERS,
    HEADER,
    HELLO,
    HELLO_LIMIT,
    INFO,
    INTERNAL_ERROR,
    LAST_CREDIT,
    ON_CHANNEL_ZERO,
    OPEN,
    PART_LIMIT,
    PAYLOAD_MALFORMED,
    RECONFIGURE,
    STATE_VIOLATION,
    STATUS,
)
from .sleeping import wake_all


class Link(ChannelTable):
    """The connection. ``owner`` is the worker."""

    def __init__(self, fd_in, fd_out, owner):
        ChannelTable.__init__(self, fd_in, fd_out)
        self.owner = owner
        self.tracer = maybe_tracer()
        self.greeted = False
        self.partial = bytearray()
        self.needed = 0
        self.handlers = {}  # filled by ``handler_of``

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
            self.fail_locked(INTERNAL_ERROR, "the worker failed: " + describing.describe(error, sys.exc_info()[2]).strip())
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
        handler(number, payload)

    def handler_of(self, kind):
        """Return what acts on a type of frames, or None if it is ignored."""
        if kind <= CANCEL:
            name = "on_" + HANDLERS[kind]
            handler = getattr(self, name, None)
            if handler is None:
                function = getattr(rare_frames, name)
                handler = lambda number, payload: function(self, number, payload)  # noqa: E731
            self.handlers[kind] = handler
        return self.handlers.get(kind)

    # -- frames about the connection

    def on_hello(self, number, payload):
        self.peer_limits, self.peer_credit, config, features = check_hello(payload)
        PEER_FEATURES.update(features)
        self.greeted = True
        limits = self.peer_limits
        self.part_size = min(PART_LIMIT, limits["frame"], limits["item"], self.peer_credit // 4)  # FC-021, LI-005
        self.owner.configure(config, len(payload))

    def on_terminate(self, number, payload):
        times = check_terminate(payload)
        if not self.ending:
            self.owner.times = times
            self.owner.end_locked("this worker was asked to end")

    # -- requests

    def on_status(self, number, payload, kind=STATUS):
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

    def on_info(self, number, payload):
        self.on_status(number, payload, INFO)

    def refuse(self, number, text, code):
        self.queue(CLOSE_ERROR, number, error_payloads.encode_error(RemoteError(text, code)), True)

    def on_exec(self, number, payload):
        request = check_exec(payload)
        if self.ending:
            self.take_id(number)
            self.refuse(number, self.end_text, "terminating")
        else:
            self.owner.execute_locked(self.channel_locked(self.on_open(number)), request)

    # -- the end

    def fail_locked(self, code, text):
        """End the connection with a code (ER-002)."""
        if not self.sealed:
            self.goaway_locked(code, error_payloads.fit(text, GOAWAY_TEXT_LIMIT))
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


def maybe_tracer():
    """Return the tracer that the environment asks for, or None (TR-001, TR-002, TR-020)."""
    if os.environ.get("EXECNET_DEBUG") in ("1", "2") or os.environ.get("XNET_TRACE_JSON"):
        return tracing.open_tracer(os.environ.get("EXECNET_DEBUG"), os.environ.get("XNET_TRACE_JSON"))
    return None
