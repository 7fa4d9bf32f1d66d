"""Channels by their ids, as long as somebody else holds them.

``weakref.WeakValueDictionary`` does the same; but a worker would load all of that module for it.
"""

from __future__ import annotations

from _weakref import ref

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.core.channel_state import ChannelState


class WeakValues:
    """A dictionary that does not keep its values alive.

    Threads: as for a dictionary; a value may go at any time, in any thread.
    """

    __slots__ = ("_references",)

    def __init__(self) -> None:
        self._references: dict[int, ref[ChannelState]] = {}

    def __len__(self) -> int:
        return len(self._references)

    def get(self, id_: int) -> ChannelState | None:
        """Return the value that has this id, or None if nobody holds it any more."""
        reference = self._references.get(id_)
        return None if reference is None else reference()

    def __setitem__(self, id_: int, value: ChannelState) -> None:
        references = self._references

        def forget(reference: ref[ChannelState]) -> None:
            if references.get(id_) is reference:
                del references[id_]

        references[id_] = ref(value, forget)
