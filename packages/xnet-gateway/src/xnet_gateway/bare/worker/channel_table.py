"""The channels of a connection, and the items that arrive on them."""

from . import crediting, error_payloads, opening
from .channel import Channel
from .decoding import decode, make_table
from .errors import Broken, CallbackError, Malformed, warn
from .interpreter import CLOCK, deque, native, ref
from .protocol import (
    CHANNEL_LIMIT,
    CLOSE,
    CLOSE_ERROR,
    CLOSED,
    CREDIT_OVERDRAWN,
    DEPTH_LIMIT,
    ENDED,
    ITEM_COST,
    ITEM_LIMIT,
    LAST,
    LIMIT_EXCEEDED,
    NEXT_STALL,
    OPEN,
    ROLE_VIOLATION,
    STALL,
    STATE_VIOLATION,
    VALUE_MALFORMED,
    WINDOW,
)
from .sleeping import wake_all
from .states import State
from .takers import taker
from .writing import Writing


class ChannelTable(Writing):
    """A connection, as far as it has channels with items.

    ending          receiving is over: GATEWAY_TERMINATE, or the initiator is gone
    broken_off      it has not ended as agreed
    credit_until    in an ending worker, until when who sends waits for credit; else None
    """

    def __init__(self, fd_in, fd_out):
        Writing.__init__(self, fd_in, fd_out)
        self.open = {}
        self.gone = {}  # weak references to closed channels that users hold
        self.next_id = 2
        self.next_peer_id = 1  # the lowest that the initiator may still give
        self.peer_open = 0
        self.strings = (True, False)
        self.tables = {}
        # what the initiator announced
        self.peer_limits = {"frame": 65536, "item": 0, "depth": DEPTH_LIMIT, "channels": 0}
        self.peer_credit = 0
        self.part_size = 0
        self.dropped = deque()
        self.relief = []  # who waits in `send`, and whether it is a callback
        self.credit_until = None
        self.ending = self.broken_off = False

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

    def channel_locked(self, state):
        """Return the user's object of a channel, the same one as long as it lives."""
        channel = state.user and state.user()
        if channel is None:
            channel = Channel(self, state)
            # No __del__: Python 2 never frees cycles with one. The callback only makes a note: it may run
            # anywhere, also under the lock.
            state.user = ref(channel, lambda _: (self.dropped.append(state), self.wake_keeper()))
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
            self.queue(CLOSE_ERROR, state.id, error_payloads.encode_error(error), True)
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
        state = self.open.get(number)
        if state is None or state.receiving is not OPEN:
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

    def items_arrived_locked(self, state, count):
        if self.ending:
            state.items.clear()  # dropped (GR-006); so that nobody waits, it is credited
            crediting.return_credit_locked(self, state)
            return
        if self.relief or state.relief:
            crediting.return_credit_locked(self, state)
        if state.callback is not None:
            self.callbacks.push_locked(state, count)
        elif state.sleepers:
            wake_all(state.sleepers)

    def table_of(self, state):
        strings = state.strings or self.strings
        table = self.tables.get(strings)
        if table is None:
            table = self.tables[strings] = make_table(strings[0], strings[1], lambda number: opening.referenced(self, number))
        return table

    # -- waiting for items

    def has_news(self, state):
        return state.items or state.receiving is not OPEN or self.ending or state.callback is not None

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
        while True:
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
                mine = last is here or last.ended
                if other is not state and other.callback is None and mine:
                    other.relief += 1
                    crediting.return_credit_locked(self, other)
                    other.relief -= 1
            if self.queued != before:
                stall = NEXT_STALL
                self.flush_soon_locked()
