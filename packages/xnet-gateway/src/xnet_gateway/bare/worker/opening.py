"""Channels of ours, and those that items refer to."""

from .errors import ClosedError, Malformed
from .interpreter import native
from .protocol import CHANNEL_OPEN, CLOSED, MAX_ID
from .states import State


def new_channel(link):
    """Open a channel of ours (CH-001, CH-003, CH-008, CH-011)."""
    with link.guard:
        if link.sealed or not link.greeted:
            raise ClosedError("cannot make a channel: %s" % native(link.end_text or "the handshake is not complete"))
        if len(link.open) - link.peer_open >= link.peer_limits["channels"] or link.next_id > MAX_ID:
            raise ClosedError("cannot make a channel: the initiator takes no more")
        state = link.open[link.next_id] = State(link.next_id, link.peer_credit)
        link.queue(CHANNEL_OPEN, link.next_id, b"")  # it travels with what is written next
        link.next_id += 2
        if link.ending:
            state.ended = True
        return link.channel_locked(state)


def referenced(link, number):
    """Return the channel that an item refers to, the same object as long as it lives (CH-010)."""
    state = link.open.get(number)
    if state is not None:
        return link.channel_locked(state)
    if number == 0 or link.is_unborn(number):
        raise Malformed("a reference to channel %d, which nobody has opened" % number)
    held = link.gone.get(number)
    channel = held and held()
    if channel is None:
        state = State(number, 0, CLOSED)
        channel = link.channel_locked(state)
        link.gone[number] = state.user
    return channel
