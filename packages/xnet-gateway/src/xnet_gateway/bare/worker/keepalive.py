"""Is the initiator still there? (HS-024)"""

from . import imports
from .interpreter import CLOCK, OS, PY2, OSErrors, Struct, sys
from .protocol import PING


def watch(worker, seconds, sleep):
    """Ask when nothing is heard for so long, end when there is no answer for as long again (HS-024). If the kernel
    at the other end acknowledges what is sent, the initiator is busy, or stopped: then end much later."""
    link = worker._link
    asked = False
    looked = heard = CLOCK.monotonic()
    while not link.deaf:
        sleep(seconds)
        now = CLOCK.monotonic()
        with link.guard:
            if link.deaf:
                return
            if link.heard or now - looked > 1.5 * seconds:  # or this process was stopped meanwhile
                link.heard = asked = False
                heard = now
            elif asked and not (now - heard <= 60 * seconds and kernel_answers(link.fd_in, seconds)):
                link.gone_locked(None, "nothing was heard of the initiator for %.1f s" % (now - heard))
            elif not asked or link.written == link.queued:
                asked = True
                link.queue(PING, 0, b"keepalive")
                link.flush_soon_locked()
        looked = now


def kernel_answers(fd, seconds):
    """Return whether what was sent over a TCP connection so long ago is acknowledged; False if that cannot be known."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        with imports.own_imports():
            import _socket
        kind = _socket.AF_INET, _socket.SOCK_STREAM
        end = _socket.fromfd(fd, *kind) if PY2 else _socket.socket(kind[0], kind[1], 0, OS.dup(fd))
        try:
            info = bytearray(end.getsockopt(6, 11, 60))  # TCP_INFO
        finally:
            end.close()
    except OSErrors + (ImportError,):
        return False
    if len(info) < 60 or info[0] != 1 or info[2] or info[3]:
        return False  # not established, or what was sent is sent again and again
    last_ack = Struct("I").unpack(bytes(info[56:60]))[0]  # milliseconds ago
    return not any(info[24:28]) or last_ack <= 1500 * seconds
