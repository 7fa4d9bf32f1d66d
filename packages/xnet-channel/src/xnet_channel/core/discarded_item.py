"""The rest of an item whose beginning was dropped.

Two threads of a peer may use a channel that this side does not know yet: one sends a large item on
it, the other sends the reference that opens it here. Pieces that came before the reference were
dropped; those that come after it must not be taken for an item.

Spec: CH-030, CH-032, CH-061.
"""

from __future__ import annotations

from xnet_wire.partial_item import PartialItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_wire.values import Buffer

#: Stands for the item when its last piece has come.
DISCARDED: Final = object()


class DiscardedItem(PartialItem):
    """Takes the place of the parts of an item, and keeps nothing of them."""

    __slots__ = ()

    def add(self, part: Buffer) -> None:
        """Forget a part."""
