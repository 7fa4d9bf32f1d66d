"""When Ctrl-C may strike.

KeyboardInterrupt comes between any two bytecodes of the main thread. It must not come where it would tear the state
under the lock or cut a frame in two, so it comes only where the main thread is *loud*: while it runs executed code
outside of our functions, and while it sleeps in one of them.
"""

from .interpreter import IS_PYPY, PY2, get_ident, getframe, getrecursionlimit

MAIN = [get_ident()]
GREEN = []  # the Greenlets of the main thread, once it has any, see ``takers``
RUNS_CODE = []  # the functions, as code, that run executed code
QUIET = [1]  # touched by the main thread only
NOTED = []
SEEN = [0]  # how many have come to on_sigint


def on_sigint(number, frame):
    SEEN[0] += 1
    if GREEN and GREEN[0].take_sigint(frame):
        return
    if QUIET[0]:
        NOTED.append(number)
    else:
        raise KeyboardInterrupt


def be_loud():
    """Let interrupts through from here on, one that came before included."""
    QUIET[0] -= 1
    if NOTED and not QUIET[0]:
        del NOTED[:]
        raise KeyboardInterrupt


class Guard(object):
    """Holds the lock of the link; in the main thread it holds interrupts back as well."""

    __slots__ = ("acquire", "release")

    def __init__(self, lock):
        self.acquire = lock.acquire
        self.release = lock.release

    def __enter__(self):
        if get_ident() == MAIN[0]:
            QUIET[0] += 1
        self.acquire()

    def __exit__(self, kind, error, trace):
        self.release()
        if get_ident() == MAIN[0]:
            QUIET[0] -= 1
            if NOTED and not QUIET[0]:
                del NOTED[:]
                raise KeyboardInterrupt


class LinkGuard(Guard):
    """Refuses who has next to no stack left, before anything changes: the error of that comes at any call, and in the
    middle of a frame it would end the connection for all channels."""

    __slots__ = ()

    def __enter__(self):
        check_stack()
        Guard.__enter__(self)


if IS_PYPY:

    def check_stack():
        """Its limit is one of bytes: how many calls are left nobody can tell."""

else:

    def check_stack():
        """Refuse who has less than 100 calls left."""
        limit = getrecursionlimit()
        try:
            getframe(limit - (100 if limit > 400 else limit // 4))  # if there are so many: far quicker than counting
        except ValueError:
            return
        raise (RuntimeError if PY2 else RecursionError)("maximum recursion depth exceeded: too few calls are left of %d for a channel" % limit)
