"""A forked child lets go of the connection, which is its parent's."""

from .interpreter import allocate_lock
from .sleeping import close_quietly


def leave_locked(link):
    """In a forked child: the connection is the parent's; let go of it."""
    for fd in set((link.fd_in, link.fd_out, link.wake_reader, link.wake_writer)):
        close_quietly(fd)
    close_quietly(link.keeper_reader)
    close_quietly(link.keeper_writer)
    link.lock = allocate_lock()
    for guard in link.guard, link.quick_guard:
        guard.acquire, guard.release = link.lock.acquire, link.lock.release
    link.fd_out = link.wake_writer = link.keeper_writer = -1
    link.sealed = link.deaf = link.ending = link.broken_off = True
    link.end_text = "this connection belongs to the parent process"
    link.leader = link.tracer = None
    link.writing = False
    link.out = []
    for state in link.open.values():
        state.ended = True
        state.sleepers = []
