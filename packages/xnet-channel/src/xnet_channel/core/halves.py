"""The two halves of one channel: state and credit of what we send, and of what we receive.

Credit is counted with absolute, ever-growing totals instead of deltas: a total can be compared at
any time, cannot be applied twice, and makes the invariants one-liners.

Spec: CH-060 (half machines), FC-001 to FC-016 (credit).
"""

from __future__ import annotations

from collections import deque

from xnet_channel.core import states
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError
from xnet_wire import codes
from xnet_wire.limits import MAX_CREDIT_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xnet_channel.core.account import Account
    from xnet_wire.partial_item import PartialItem


class SendHalf:
    """What this side may still send on one channel.

    Attributes:
        state: One of ``states.STATES``.
        credit: Bytes the peer is still willing to take, >= 0.
        in_parts: True between the first part of an item and its last frame.
    """

    __slots__ = ("credit", "in_parts", "state")

    def __init__(self, credit_bytes: int) -> None:
        self.state: str = states.OPEN
        self.credit = credit_bytes
        self.in_parts = False

    def step(self, input_: str) -> None:
        """Move by the table.

        Raises:
            LocalProtocolError: The caller asked for what the table does not have.
        """
        target = states.SEND_HALF.get((self.state, input_))
        if target is None:
            raise LocalProtocolError(f"{input_} is not allowed while sending is {self.state}")
        self.state = target

    def grant(self, credit_bytes: int) -> None:
        """Take credit from the peer.

        Raises:
            RemoteProtocolError: CREDIT_OVERFLOW, more is outstanding than a peer may grant.
        """
        if self.credit + credit_bytes > MAX_CREDIT_BYTES:
            raise RemoteProtocolError(
                codes.CREDIT_OVERFLOW,
                f"the peer granted {credit_bytes} bytes on top of {self.credit}; "
                f"at most {MAX_CREDIT_BYTES} may be outstanding",
            )
        self.credit += credit_bytes


class ReceiveHalf:
    """What the peer sent on one channel and the application has not taken yet.

    Attributes:
        state: One of ``states.STATES``.
        window_bytes: How far the peer may run ahead of the credit that went back to it.
        account: Counts kept bytes, for all channels.
        items: Complete items in order, each as ``(total, item, kept_bytes)``: ``total`` is the value of
            ``arrived`` when the item was complete, taking the item consumes up to there; the last
            is what it stands for in the account.
        arrived: Cost of everything received, bytes.
        consumed: Cost of everything the application took, bytes; <= arrived.
        granted: Credit that went back to the peer, bytes; <= arrived.
        parts: What came of an incomplete item, or None between items.
        relieved: How many reasons there are to credit arrivals at once, see ``relieve``.

    Invariant: ``granted <= arrived <= granted + window_bytes``.
    """

    __slots__ = (
        "account",
        "arrived",
        "consumed",
        "granted",
        "items",
        "parts",
        "relieved",
        "state",
        "step_bytes",
        "window_bytes",
    )

    def __init__(self, window_bytes: int, account: Account) -> None:
        self.state: str = states.OPEN
        self.account = account
        self.window_bytes = window_bytes
        # Waiting for half a window keeps small items from costing a credit frame each.
        self.step_bytes = window_bytes // 2
        self.items: deque[tuple[int, Any, int]] = deque()
        self.arrived = 0
        self.consumed = 0
        self.granted = 0
        self.parts: PartialItem | None = None
        self.relieved = 0

    def step(self, input_: str) -> None:
        """Move by the table.

        Raises:
            RemoteProtocolError: STATE_VIOLATION, the peer sent what the table does not have.
            LocalProtocolError: The same for an input of ours.
        """
        target = states.RECEIVE_HALF.get((self.state, input_))
        if target is None:
            sentence = f"{input_} is not allowed while receiving is {self.state}"
            if input_.startswith("RECV"):
                raise RemoteProtocolError(codes.STATE_VIOLATION, sentence)
            raise LocalProtocolError(sentence)
        self.state = target

    def arrive(self, cost_bytes: int) -> int:
        """Count something that arrived; return the new total.

        Raises:
            RemoteProtocolError: CREDIT_OVERDRAWN, the peer had no credit for it.
            MemoryLimitReached: It had, but more than this is not kept. Spec: LI-011.
        """
        arrived = self.arrived + cost_bytes
        if arrived - self.granted > self.window_bytes:
            raise RemoteProtocolError(
                codes.CREDIT_OVERDRAWN,
                f"the peer sent a frame that costs {cost_bytes} bytes of credit but had only "
                f"{self.window_bytes - (self.arrived - self.granted)} left",
            )
        account = self.account
        kept_bytes = account.kept_bytes + cost_bytes
        if kept_bytes > account.limit_bytes:
            raise account.refuse(cost_bytes)
        account.kept_bytes = kept_bytes
        self.arrived = arrived
        return arrived

    def drop_parts(self) -> None:
        """Forget an incomplete item: its channel has closed. Spec: CH-036."""
        if self.parts is not None:
            self.account.kept_bytes -= self.parts.size_bytes
            self.parts = None

    def drop_items(self) -> None:
        """Forget the items that wait: they will not be taken."""
        if self.items:
            self.account.kept_bytes -= sum(kept_bytes for _, _, kept_bytes in self.items)
            self.items.clear()

    def maybe_grant(self) -> int | None:
        """Return the credit to send now, or None while it is too little to be worth a frame.

        With no complete item waiting, all that arrived counts as taken: the rest are parts of
        an item that the application is waiting for, and it may be larger than the window.
        """
        settled = self.arrived if self.relieved or not self.items else self.consumed
        due = settled - self.granted
        if due < self.step_bytes or self.state is not states.OPEN:
            return None
        self.granted = settled
        return due
