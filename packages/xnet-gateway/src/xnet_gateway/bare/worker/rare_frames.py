"""What the frames do that a short execution with small items does not need."""

from . import crediting, error_payloads, explaining
from .decoding import WIDE, decode_first
from .errors import Broken, Malformed
from .interpreter import CLOCK, repeat
from .payloads import decode_control, is_number, must
from .protocol import (
    CREDIT,
    CREDIT_OVERFLOW,
    DEPTH_LIMIT,
    ENDED,
    FRAME_LIMIT,
    GOAWAY,
    HEADER,
    ITEM_COST,
    ITEM_LIMIT,
    LAST_CREDIT,
    LIMIT_EXCEEDED,
    MAX_CREDIT,
    OPEN,
    PAYLOAD_MALFORMED,
    PONG,
    RECONFIGURE,
    STATE_VIOLATION,
    VALUE_MALFORMED,
)
from .sleeping import wake_all
from .strings import as_text


def on_ping(link, number, payload):
    on_pong(link, number, payload)
    link.queue(PONG, 0, payload, True)


def on_pong(link, number, payload):
    if len(payload) > 64:
        raise Broken(PAYLOAD_MALFORMED, "PING or PONG with %d bytes, at most 64 are allowed" % len(payload))


def on_goaway(link, number, payload):
    """Never answered with GOAWAY, whatever is in it (ER-004)."""
    try:
        reason = decode_control(payload, GOAWAY)
        text = "error %s: %s" % (explaining.short(reason["code"]), as_text(reason["text"]))
    except (Broken, KeyError, TypeError):
        text = "without a readable reason"
    link.gone_locked(None, "the initiator ended the connection, " + text)


def on_reconfigure(link, number, payload):
    flags = decode_control(payload, RECONFIGURE)
    good = type(flags) is list and len(flags) == 2 and all(type(flag) is bool for flag in flags)
    must(good, PAYLOAD_MALFORMED, "RECONFIGURE carries %s, expected an array of two booleans", flags)
    whose = link if number == 0 else link.find(number)
    if whose is not None:
        whose.strings = tuple(flags)


def on_close_error(link, number, payload):
    link.on_close(number, payload, error_payloads.check_error(payload))


def on_cancel(link, number, payload):
    if link.find(number) is not None:
        link.owner.cancel_locked(number)


def on_last(link, number, payload):
    state = link.find(number)
    if state is None:
        return
    if state.receiving is not OPEN or state.parts is not None:
        text = "after another one" if state.receiving is not OPEN else "in the middle of an item"
        raise Broken(STATE_VIOLATION, "CHANNEL_LAST_MESSAGE on channel %d %s" % (number, text))
    state.receiving = ENDED
    link.no_more_items_locked(state)


def on_credit(link, number, payload):
    credit = decode_control(payload, CREDIT)
    must(is_number(credit, 1), PAYLOAD_MALFORMED, "CHANNEL_CREDIT carries %s, expected a number above 0", credit)
    state = link.find(number)
    if state is None or state.sending is not OPEN:
        return
    if state.credit + credit > MAX_CREDIT:
        text = "credit of %d on top of %d on channel %d, at most %d is allowed"
        raise Broken(CREDIT_OVERFLOW, text % (credit, state.credit, number, MAX_CREDIT))
    if link.ending:
        link.credit_until = CLOCK.monotonic() + LAST_CREDIT
    state.credit += credit
    wake_all(state.sleepers)


def on_part(link, number, payload):
    if not payload:
        raise Broken(PAYLOAD_MALFORMED, "an empty CHANNEL_PART, at least one byte is expected")
    state = link.taker(number)
    if state is None:
        return
    link.arrive(state, len(payload))
    if state.parts is None:
        state.parts = []
    state.parts.append(payload)
    if len(state.parts) * FRAME_LIMIT > ITEM_LIMIT and sum(map(len, state.parts)) > ITEM_LIMIT:
        raise Broken(LIMIT_EXCEEDED, "an item above %d bytes on channel %d" % (ITEM_LIMIT, number))
    crediting.return_credit_locked(link, state)


def on_batch(link, number, payload):
    state = link.taker(number)
    if state is None:
        return
    if state.parts is not None:
        raise Broken(STATE_VIOLATION, "CHANNEL_BATCH in the middle of an item on channel %d" % number)
    count = at = 0
    major = HEADER.unpack(payload[:1].ljust(9, b"\0"))[0]
    info = major & 31
    if major >> 5 == 4 and info < 28:
        width, struct = WIDE.get(info, (0, None))
        at = 1 + width
        if at <= len(payload):
            count = struct.unpack_from(payload, 1)[0] if struct else info
    if not 0 < count <= len(payload) - at:
        raise Broken(VALUE_MALFORMED, "CHANNEL_BATCH on channel %d is no array of one or more items" % number)
    before = state.arrived
    cost = len(payload) + ITEM_COST * count
    link.arrive(state, cost)
    table = link.table_of(state)
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
    link.items_arrived_locked(state, count)
