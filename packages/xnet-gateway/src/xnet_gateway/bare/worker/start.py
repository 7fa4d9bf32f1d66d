"""Standard input and output become the connection."""

from . import forking
from .channel import Channel
from .encoding import ENCODERS, put_channel
from .gateway import Worker
from .import_state import OWN_IMPORTS
from .interpreter import OS, PY2, SIGINT, default_int_handler, get_ident, getsignal, os, signal, sys
from .interrupts import GREEN, MAIN, NOTED, QUIET, on_sigint
from .sleeping import keep_private
from .sources import BUNDLE


def take_stdio():
    """Take the connection away from standard input and output; return its two descriptors (GW-040).

    Standard input becomes empty and standard output goes where standard error goes.
    """
    fds = []
    null = OS.open(os.devnull, os.O_RDWR)
    while null <= 2:  # some were closed, which nobody shall get as the number of the connection
        null = OS.dup(null)
    for fd in (0, 1):
        private = OS.dup(fd)
        keep_private(private)
        fds.append(private)
    try:
        OS.fstat(2)
    except OSError:
        OS.dup2(null, 2)
    OS.dup2(null, 0)
    OS.dup2(2, 1)
    OS.close(null)
    # What is printed is seen at once, however the interpreter was started.
    if PY2:
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", 1)
    elif sys.stdout is not None:
        encoding = sys.stdout.encoding
        sys.stdout = sys.__stdout__ = open(1, "w", 1, encoding, "backslashreplace", closefd=False)
    return fds


def watch_forks(link):
    """Have forked children let go of the connection."""

    def in_child():
        MAIN[0] = get_ident()
        QUIET[0] = 0
        del NOTED[:]
        del GREEN[:], OWN_IMPORTS[:]
        for bundle in BUNDLE:
            bundle.forget_threads()
        forking.leave_locked(link)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)
        return
    for name in ("fork", "forkpty"):
        setattr(os, name, wrapped_fork(getattr(os, name), in_child))


def wrapped_fork(fork, in_child):
    def wrapper():
        result = fork()
        if result == 0 or (isinstance(result, tuple) and result[0] == 0):
            in_child()
        return result

    wrapper.__name__ = fork.__name__
    return wrapper


def serve(fd_in, fd_out):
    """Serve the initiator at the other end of two descriptors, which may be one; return when it is time to exit."""
    for fd in (fd_in, fd_out):
        keep_private(fd)
    # Ignored, as in the background of a shell, it stays so.
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, on_sigint)
    ENCODERS[Channel] = put_channel
    worker = Worker(fd_in, fd_out)
    watch_forks(worker._link)
    worker.serve()


def main(bundle):
    """Serve over standard input and output; this worker came as a ``Bundle``."""
    for name in "XNET_SECRET", "XNET_SECRET_FILE":
        os.environ.pop(name, None)  # of servers: no business of what runs here, whoever has started it
    BUNDLE.append(bundle)
    fds = take_stdio()
    serve(fds[0], fds[1])
