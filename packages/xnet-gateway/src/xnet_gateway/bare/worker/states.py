"""What is known of one channel."""

from .interpreter import deque
from .protocol import NO_ENDMARKER, OPEN


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
        self.parts = self.callback = self.failed = self.strings = self.user = None
        self.last_taker = Nobody
        self.endmarker = NO_ENDMARKER
        self.errors = []
        self.ended = phase is not OPEN
        self.sleepers = []


class Nobody(object):
    """Stands for who takes items before there is anybody, see ``takers``."""

    ended = True
    number = None


class NoCallbacks(object):
    """Stands for the callbacks of a connection before there are any, see ``callbacks``."""

    count = 0
    thread = None
    busy = False
