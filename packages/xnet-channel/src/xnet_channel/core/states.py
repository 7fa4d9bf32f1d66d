"""The life of a channel: two half machines, each one table.

Theory of operation
-------------------
A channel is a *send half* and a *receive half*. Each half knows only its own state; neither knows
which role (initiator or worker) it plays, so the same rules bind both sides. A half moves when a
frame is sent (``SEND_x``) or received (``RECV_x``).

* An item (one CHANNEL_DATA, or several in a CHANNEL_BATCH, or the parts of a large one) moves
  nothing, but it may only pass while the half is open.
* CHANNEL_LAST_MESSAGE says "I will not send any more": it ends the send half here and the receive
  half there. Data still flows the other way.
* CHANNEL_CLOSE and CHANNEL_CLOSE_ERROR end both halves on both sides. A channel both of whose
  halves are closed is forgotten; what arrives for it later was in flight and is dropped.

A pair that is absent from a table is a mistake: of the caller if the input is ``SEND_x``, of the
peer if it is ``RECV_x``. Nothing else in this package decides whether an input is legal.

Spec: CH-060, CH-061; the rows equal ``protocol-spec/schema/states/{send,receive}-half.yaml``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

# States of either half. Plain strings: they are compared by identity on hot paths, print well in
# errors, and cost no import of `enum` at worker start.
OPEN: Final = "open"
ENDED: Final = "ended"
CLOSED: Final = "closed"

STATES: Final = (OPEN, ENDED, CLOSED)

SEND_ITEM: Final = "SEND_ITEM"
SEND_LAST: Final = "SEND_LAST"
SEND_CLOSE: Final = "SEND_CLOSE"
RECV_ITEM: Final = "RECV_ITEM"
RECV_LAST: Final = "RECV_LAST"
RECV_CLOSE: Final = "RECV_CLOSE"

INPUTS: Final = (SEND_ITEM, SEND_LAST, SEND_CLOSE, RECV_ITEM, RECV_LAST, RECV_CLOSE)

#: The send half: what this side may still say on the channel.
SEND_HALF: Final[Mapping[tuple[str, str], str]] = {
    (OPEN, SEND_ITEM): OPEN,
    (OPEN, SEND_LAST): ENDED,
    (OPEN, SEND_CLOSE): CLOSED,
    (OPEN, RECV_CLOSE): CLOSED,
    (ENDED, SEND_CLOSE): CLOSED,
    (ENDED, RECV_CLOSE): CLOSED,
}

#: The receive half: what the peer may still say on the channel.
RECEIVE_HALF: Final[Mapping[tuple[str, str], str]] = {
    (OPEN, RECV_ITEM): OPEN,
    (OPEN, RECV_LAST): ENDED,
    (OPEN, RECV_CLOSE): CLOSED,
    (OPEN, SEND_CLOSE): CLOSED,
    (ENDED, RECV_CLOSE): CLOSED,
    (ENDED, SEND_CLOSE): CLOSED,
}

# The connection as a whole. A worker skips PREAMBLE: only the initiator waits for the magic line.
PREAMBLE: Final = "preamble"
HELLO: Final = "hello"
RUNNING: Final = "running"
#: GATEWAY_TERMINATE was sent or received.
TERMINATING: Final = "terminating"
ENDED_CONNECTION: Final = "ended"

#: The handshake is complete and frames may still be exchanged.
LIVE: Final = (RUNNING, TERMINATING)
