"""Whether the machine at the other end of a connection answers, whatever its process does."""

from __future__ import annotations

import sys
from _socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, socket

from xnet_channel.platform.native import OS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: ``TCP_INFO`` of Linux, and the offsets of the fields used here (``struct tcp_info``).
TCP_INFO: Final = 11
STATE, RETRANSMITS, PROBES, UNACKED, LAST_ACK_MS = 0, 2, 3, slice(24, 28), slice(56, 60)
INFO_BYTES: Final = 60
ESTABLISHED: Final = 1


def kernel_answers(fd: int, interval_s: float) -> bool:
    """Return whether the kernel at the other end acknowledges bytes sent over a TCP connection.

    Then its machine and the network are well, and its process has not ended: it is busy, or stopped.

    Args:
        fd: The connection.
        interval_s: How long ago something was sent at least, in seconds.

    Returns:
        False also if that cannot be known: it is not a TCP connection, or this system does not tell.

    Threads: any.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        end = socket(AF_INET, SOCK_STREAM, 0, OS.dup(fd))  # whatever it is: others refuse the question
    except OSError:
        return False
    try:
        info = end.getsockopt(IPPROTO_TCP, TCP_INFO, INFO_BYTES)
    except OSError:
        return False
    finally:
        end.close()
    if len(info) < INFO_BYTES or info[STATE] != ESTABLISHED or info[RETRANSMITS] or info[PROBES]:
        return False
    # What was sent just now is on its way; the question, an interval ago, was not.
    last_ack_ms = int.from_bytes(info[LAST_ACK_MS], sys.byteorder)
    return not any(info[UNACKED]) or last_ack_ms <= 1500 * interval_s
