"""Takers of items, threads or greenlets, and whether they still exist.

The number of a thread does not tell: the next thread gets the number of one that has ended.

Threads: all functions from any thread.
"""

from __future__ import annotations

from _weakref import ref

from xnet_channel.platform import greenlets, native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final


class Taker:
    """One thread, as long as it is referred to.

    Attributes:
        ended: It has ended.
    """

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False


class GreenletTaker:
    """One greenlet."""

    __slots__ = ("_greenlet",)

    def __init__(self, greenlet: Any) -> None:
        number = id(greenlet)
        self._greenlet = ref(greenlet, lambda _: _greenlets.pop(number, None))

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        greenlet = self._greenlet()
        return greenlet is None or bool(greenlet.dead)


class _Life:
    """Is held by a thread only, and so goes with it."""

    __slots__ = ("_taker",)

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    def __del__(self) -> None:
        taker = getattr(self, "_taker", None)  # None if the making of it was interrupted
        if taker is not None:
            taker.ended = True


#: What is kept for the current thread: ``taker``, and the object that says when it has ended.
here: Final[Any] = native.original("_thread", "_local")()
#: By what ``id`` says of the greenlet, as long as there is one.
_greenlets: Final[dict[int, GreenletTaker]] = {}


def current() -> Taker | GreenletTaker:
    """Return what stands for the current thread, or greenlet: the same object each time."""
    library = greenlets.library
    if library is not None:
        greenlet = library.current()
        found = _greenlets.get(id(greenlet))
        if found is None:
            found = _greenlets[id(greenlet)] = GreenletTaker(greenlet)
        return found
    try:
        taker: Taker = here.taker
    except AttributeError:
        taker = Taker()
        # In this order, as it may be interrupted: one without a life would never count as ended.
        here.life = _Life(taker)
        here.taker = taker
    return taker


def stand_for(taker: Taker | GreenletTaker) -> None:
    """Have the current thread count as another taker, for which it waits."""
    here.taker = taker
