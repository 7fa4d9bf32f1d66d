"""What the initiator asks for in its HELLO, and seldom does (HS-020)."""

from . import execnet_names, keepalive
from .interpreter import CLOCK, OS, native, os, start_new_thread, sys
from .sleeping import be_blocking


def apply_env(worker, environment):
    for name, value in environment.items():
        if value is None:
            os.environ.pop(native(name), None)
        else:
            os.environ[native(name)] = native(value)


def apply_chdir(worker, path):
    path = native(path)
    if not os.path.isdir(path):
        os.mkdir(path)
    os.chdir(path)


def apply_nice(worker, increment):
    if increment:
        os.nice(max(-40, min(40, increment)))  # the kernel sees to the ends of the range


def apply_dont_write_bytecode(worker, switch):
    sys.dont_write_bytecode = switch


def apply_alias(worker, switch):
    if switch and "execnet" not in sys.modules:
        execnet_names.stand_in_for_execnet(type(worker))


def apply_stdout(worker, place):
    if place == "stderr":
        return
    path = os.devnull if place == "null" else native(place)
    if not os.path.isabs(path):
        raise ValueError("expected stderr, null or an absolute path")
    # rw-rw-rw-, without the umask; and not waiting for somebody to read what may be a pipe
    fd = OS.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 438)
    be_blocking(fd)
    OS.dup2(fd, 1)
    OS.close(fd)


def apply_keepalive(worker, interval):
    if not 0 < interval <= 86400000:
        raise ValueError("expected milliseconds, from 1 to 86400000")
    worker._link.watched = True
    start_new_thread(keepalive.watch, (worker, interval / 1000.0, CLOCK.sleep))
