"""Items that wait for credit or their turn, or that need several frames."""

from . import crediting
from .encoding import PEER_FEATURES, encode, head
from .errors import CANCELLED, CANNOT_SEND, INTERRUPT, ClosedError, DumpError, RemoteError, WorkerEnding
from .interpreter import CLOCK, native
from .protocol import BATCH, BATCH_SIZE, DATA, ITEM_COST, OPEN, PART, RECONFIGURE, STALL
from .takers import me, taker


def send_slowly_locked(link, state, payload):
    """Send an item that has to wait for credit or its turn, or that needs several frames (FC-020 to FC-024)."""
    link.check_sendable_locked(state)
    if len(payload) > link.peer_limits["item"]:
        text = "Cannot send an item of %d bytes: the other side takes at most %d."
        raise DumpError(text % (len(payload), link.peer_limits["item"]))
    size = link.part_size
    last = max(0, (len(payload) - 1) // size * size)
    pieces = [(PART, payload[at : at + size]) for at in range(0, last, size)]
    pieces.append((DATA, payload[last:]))
    send_frames_locked(link, state, [(kind, piece, len(piece) + ITEM_COST * (kind == DATA)) for kind, piece in pieces])


def send_batch(link, state, payloads):
    if payloads:
        payload = head(4, len(payloads)) + b"".join(payloads)
        with link.guard:
            link.check_sendable_locked(state)
            send_frames_locked(link, state, [(BATCH, payload, len(payload) + ITEM_COST * len(payloads))])


def send_frames_locked(link, state, frames):
    """Send the frames (type, payload, cost) with nothing of the channel's items between them."""
    turn = object()
    state.reserved.append(turn)
    sends = False
    try:
        wait_to_send_locked(link, state, lambda: state.reserved[0] is turn)
        link.check_sendable_locked(state)
        sends = True
        for kind, payload, cost in frames:
            if state.credit < cost:
                wait_for_credit_locked(link, state, cost)
            link.check_sendable_locked(state)
            state.credit -= cost
            state.in_parts = kind == PART
            link.queue(kind, state.id, payload)
            link.flush_locked()
    finally:
        state.reserved.remove(turn)
        if sends and state.in_parts:
            # The other side could not tell the rest of this item from the next one.
            state.in_parts = False
            if state.sending is OPEN:
                why = RemoteError("sending was interrupted in the middle of an item", "interrupted")
                if state.id in link.owner.cancelled:
                    why = CANCELLED
                link.close_locked(state, INTERRUPT if link.ending else why)
        link.notify_locked(state.sleepers)


def wait_for_credit_locked(link, state, cost):
    """Wait until so much may be sent."""
    wait_to_send_locked(link, state, lambda: state.credit >= cost or link.deaf)
    if state.credit < cost and not link.problem_locked(state):
        raise ClosedError(CANNOT_SEND + native(link.end_text))


def wait_to_send_locked(link, state, ready):
    """Wait until ``ready()`` or nothing can be sent; in an ending worker only while credit comes (GR-011).

    Meanwhile credit is given for what nobody else takes, when it arrives (FC-040).
    """
    if ready() or link.problem_locked(state):
        return
    blocked = (taker(), link.callbacks.thread == me())
    link.relief.append(blocked)
    try:
        crediting.relieve_locked(link, None)
        while not (ready() or link.problem_locked(state)):
            until = link.credit_until
            stall_at = CLOCK.monotonic() + STALL
            link.wait_locked(
                lambda until=until: ready() or link.problem_locked(state) or link.credit_until != until,
                stall_at if until is None or stall_at < until else until,
                state.sleepers,
            )
            now = CLOCK.monotonic()
            if until is not None and now >= until and not ready():
                link.check_sendable_locked(state)
                raise WorkerEnding("cannot send (already closed?): " + native(link.end_text))
            if now >= stall_at:
                crediting.relieve_locked(link, now)
    finally:
        link.relief.remove(blocked)


def send_many(channel, items):
    link = channel._link
    most = min(BATCH_SIZE, link.part_size)
    batch = []
    cost = 0
    try:
        for item in items:
            payload = encode(item, link.peer_limits["depth"])
            size = len(payload) + ITEM_COST
            if cost + size > most:
                whole, batch, cost = batch, [], 0
                send_batch(link, channel._state, whole)
            if size > most:
                channel.send(item)
            else:
                batch.append(payload)
                cost += size
    finally:
        send_batch(link, channel._state, batch)


def send_at_once(channel, item):
    """Send an item if that takes no wait; return whether it is sent."""
    link = channel._link
    state = channel._state
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


def reconfigure(link, state, py2str_as_py3str, py3str_as_py2str):
    """Set the coercion flags of both sides, on one channel or (None) for all."""
    flags = (bool(py2str_as_py3str), bool(py3str_as_py2str))
    with link.guard:
        if link.sealed:
            raise ClosedError(CANNOT_SEND + native(link.end_text))
        if "python.strings" not in PEER_FEATURES:  # it has the default flags (PY-010)
            if flags != (True, False):
                raise ValueError("the initiator takes no strings of Python 2, and no flags for them")
            return
        if state is None:
            link.strings = flags
            link.queue(RECONFIGURE, 0, encode(list(flags)))
        else:
            state.strings = flags
            if state.id in link.open:
                link.queue(RECONFIGURE, state.id, encode(list(flags)))
        link.flush_soon_locked()
