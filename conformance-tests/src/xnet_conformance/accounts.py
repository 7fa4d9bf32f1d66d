"""What is known about one channel: which side may still send, and how much. Spec: FC-001, FC-002, CH-060."""

from __future__ import annotations

import attrs

from xnet_conformance.cbor_reading import NotAValue, read_values
from xnet_conformance.frames import ITEM_OVERHEAD, Frame


@attrs.define
class Account:
    """One channel as the runner sees it. "Ours" is the runner, "theirs" the testee.

    Attributes:
        ours_left: Credit that the runner has.
        theirs_left: Credit that the testee has.
        ours_spent: What the runner's frames have cost.
        theirs_spent: What the testee's have.
        returned: Credit that the testee has returned.
        steps: Each amount that it returned.
        due: What the runner owes and has not returned yet.
        pieces: Parts of the testee's item that is not complete.
        part_sizes: Sizes of all parts that it sent.
        answer: It is the channel of a STATUS or INFO.
        late: It is the channel of a request that came after GATEWAY_TERMINATE.
    """

    ours_left: int
    theirs_left: int
    ours_spent: int = 0
    theirs_spent: int = 0
    returned: int = 0
    steps: list[int] = attrs.Factory(list)
    due: int = 0
    pieces: list[bytes] = attrs.Factory(list)
    part_sizes: list[int] = attrs.Factory(list)
    ours_closed: bool = False
    ours_ended: bool = False
    theirs_closed: bool = False
    theirs_ended: bool = False
    answer: bool = False
    late: bool = False


def cost_of(frame: Frame) -> int:
    """Return what a frame costs its sender. A malformed batch costs as if it had no items."""
    if frame.name == "CHANNEL_DATA":
        return len(frame.payload) + ITEM_OVERHEAD
    if frame.name == "CHANNEL_PART":
        return len(frame.payload)
    if frame.name == "CHANNEL_BATCH":
        try:
            return len(frame.payload) + ITEM_OVERHEAD * len(read_values(frame.payload))
        except NotAValue:
            return len(frame.payload)
    return 0
