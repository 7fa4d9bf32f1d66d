"""A thread waits, another wakes it; descriptors that are waited for."""

from .interpreter import EAGAIN, EINTR, OS, PY2, allocate_lock, os, select

if PY2:
    from fcntl import F_GETFD, F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC, fcntl

    def make_pipe():
        """Return a pipe that started programs do not inherit and whose ends do not block."""
        ends = OS.pipe()
        for fd in ends:
            keep_private(fd)
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | os.O_NONBLOCK)
        return ends

    def keep_private(fd):
        fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC)

    def be_blocking(fd):
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~os.O_NONBLOCK)

    class Sleeper(object):
        """One sleep of one thread. Locks of Python 2 have no time limit and no Ctrl-C; a pipe has both."""

        def __init__(self):
            self.reader, self.writer = make_pipe()

        def sleep(self, timeout):
            try:
                OS.select([self.reader], [], [], timeout)
            except select.error as error:
                if error.args[0] != EINTR:
                    raise

        def wake(self):
            OS.write(self.writer, b"w")

        def end(self):
            OS.close(self.reader)
            OS.close(self.writer)

else:

    def make_pipe():
        ends = OS.pipe()
        for fd in ends:
            OS.set_blocking(fd, False)
        return ends

    def keep_private(fd):
        OS.set_inheritable(fd, False)

    def be_blocking(fd):
        OS.set_blocking(fd, True)

    class Sleeper(object):
        """One sleep of one thread."""

        __slots__ = ("_lock",)

        def __init__(self):
            self._lock = allocate_lock()
            self._lock.acquire()

        def sleep(self, timeout):
            # Above the longest time a lock takes (on some systems 49 days) nobody can tell the difference.
            self._lock.acquire(True, -1 if timeout is None else min(timeout, 4000000.0))

        def wake(self):
            self._lock.release()

        def end(self):
            pass


def wake_all(sleepers):
    """Wake every thread in the list, under the lock, and empty it."""
    while sleepers:
        sleepers.pop().wake()


class Poll(object):
    """Waits until one of two descriptors can be read; not for two threads at once."""

    def __init__(self, fd, wake_fd):
        poll = OS.poll()
        for descriptor in fd, wake_fd:
            if descriptor >= 0:
                poll.register(descriptor, select.POLLIN)
        self._poll = poll.poll

    def __call__(self, seconds):
        """Return the descriptors with news; after ``seconds`` (None for ever), or sometimes early, none."""
        try:
            found = self._poll(None if seconds is None else max(0, int(seconds * 1000) + 1))
            return [fd for fd, _ in found]
        except select.error as error:
            if error.args[0] != EINTR:
                raise
            return []


def can_write(fd):
    """Return whether some thousand bytes can be written without blocking."""
    try:
        poll = OS.poll()
        poll.register(fd, select.POLLOUT)
        return bool(poll.poll(0))
    except select.error:
        return False


def drain(fd):
    try:
        while len(OS.read(fd, 512)) == 512:
            pass
    except OSError:
        pass  # empty


def poke(fd):
    try:
        OS.write(fd, b"w")
    except OSError:
        pass  # full, so it is readable already


def close_quietly(fd):
    try:
        OS.close(fd)
    except OSError:
        pass


def write_all(fd, data):
    """Write bytes; return the error that kept from it, or None. Blocks."""
    rest = data
    while rest:
        try:
            done = OS.write(fd, rest)
        except OSError as error:
            if error.errno == EAGAIN:
                OS.select([], [fd], [])
            elif error.errno != EINTR:
                return error
            continue
        if done == len(rest):
            break
        rest = memoryview(rest)[done:]
    return None
