"""What to do when the stack is full (VA-026)."""

from .interpreter import allocate_lock, start_new_thread, sys
from .protocol import ENCODE_DEPTH


def is_recursion(error):
    """Return whether the stack was full (VA-026); Python 2 has no class of its own for it."""
    return "recursion" in str(error)


def on_a_fresh_stack(function, *arguments):
    """Call a function on a stack of its own: that of our caller, who may be anybody, may be nearly full."""
    outcome = []
    done = allocate_lock()
    done.acquire()

    def call():
        limit = sys.getrecursionlimit()
        try:
            # Only ever raised, and only meanwhile: two levels of Python for each of CBOR.
            sys.setrecursionlimit(max(limit, 3 * ENCODE_DEPTH + 100))
            outcome.append((True, function(*arguments)))
        except BaseException as error:
            outcome.append((False, error))
        finally:
            try:
                sys.setrecursionlimit(limit)
            finally:
                done.release()

    start_new_thread(call, ())
    done.acquire()
    good, value = outcome[0]
    if not good:
        raise value
    return value
