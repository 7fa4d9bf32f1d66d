"""When credit goes back, and for whose sake earlier (FC-014 to FC-016, FC-040, FC-041)."""

from .encoding import head
from .protocol import CREDIT, OPEN, STUCK, STUCK_STEP, WINDOW


def return_credit_locked(link, state):
    """Send the credit that is due on a channel, if it is half a window (FC-014 to FC-016)."""
    relieved = (link.relief and starves(link, state)) or state.relief or not state.items
    settled = state.arrived if relieved else state.consumed
    due = settled - state.granted
    if due >= WINDOW // 2 and state.receiving is OPEN:
        state.granted = settled
        link.queue(CREDIT, state.id, head(0, due), True)


def starves(link, state):
    """Return whether nobody else takes from a channel than those who wait in `send` (FC-040)."""
    if state.callback is not None:
        return any([in_callback for _, in_callback in link.relief])
    last = state.last_taker
    return last.ended or last in [one for one, _ in link.relief]


def relieve_locked(link, now):
    """Give credit for what starves, and a little for what somebody has not taken from for long: is it stuck?"""
    for other in list(link.open.values()):
        return_credit_locked(link, other)
        taken, since = other.looked_at
        if now is None or starves(link, other):
            continue
        if taken != other.consumed or not other.items:
            other.looked_at = (other.consumed, now)
        elif now - since >= STUCK:
            other.looked_at = (taken, since + STUCK_STEP)
            other.relief += 1
            return_credit_locked(link, other)
            other.relief -= 1
    link.flush_soon_locked()
