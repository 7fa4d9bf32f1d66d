"""Who takes items: threads, or greenlets.

Code may use gevent or eventlet: the execution model says so, or it has patched the standard library. From then on the
main thread reads nothing, and who waits in it waits in a greenlet, so that the others run (GW-028).
"""

from . import greenlets
from .interpreter import MODULES, _local, get_ident
from .interrupts import GREEN, MAIN


def green():
    """Return the Greenlets of this thread, or None."""
    if not GREEN and "greenlet" not in MODULES or get_ident() != MAIN[0]:
        return None
    return GREEN[0] if GREEN else greenlets.find_patches()


def me():
    """Return a number for this thread, or greenlet."""
    hub = green()
    return get_ident() if hub is None else id(hub.current())


class Taker(object):
    """A thread, or greenlet, that takes items, as long as a channel remembers it.

    ended   it has ended; its number would not tell, for the next thread gets it
    number  of the thread, None when it has ended
    """

    __slots__ = ("ended", "number")

    def __init__(self, here):
        self.ended = False
        self.number = get_ident()
        here._xnet_taker = self
        here._xnet_life = Life(self)


class Life(object):
    """Is held by a thread or greenlet only, and goes with it."""

    __slots__ = ("taker",)

    def __init__(self, taker):
        self.taker = taker

    def __del__(self):
        self.taker.ended = True
        self.taker.number = None


HERE = _local()


def taker():
    """Return what stands for this thread, or greenlet."""
    hub = green()
    here = HERE if hub is None else hub.current()
    try:
        return here._xnet_taker
    except AttributeError:
        return Taker(here)
