"""PINGs of a connection and the waits for their echo.

Spec: FR-020 to FR-022.
"""

from __future__ import annotations

from xnet_channel.platform.interrupts import InterruptsHeld, InterruptsLetThrough
from xnet_channel.platform.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_channel.threads.end_reason import EndReason
    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.writer import Writer


class Pings:
    """The PINGs that are waited for. Threads: any; ``received_locked`` under the lock."""

    def __init__(self, link: Link, writer: Writer, leading: LeaderFollower, end_reason: EndReason) -> None:
        self._link = link
        self._writer = writer
        self._leading = leading
        self._end_reason = end_reason
        #: Payloads that are waited for, and whether the PONG has come.
        self._waited_for: dict[bytes, bool] = {}

    def ping(self, payload: bytes, timeout_s: float | None) -> bool:
        """Return whether the peer echoed the payload in time. Everything sent before has arrived then.

        Args:
            payload: At most 64 bytes, different from those of other threads that wait.
            timeout_s: How long at most, None for as long as it takes.

        Raises:
            OSError: The session has ended.
        """
        link = self._link
        deadline_s = None if timeout_s is None else CLOCK.monotonic() + timeout_s
        with InterruptsHeld() as held, link.lock:
            self._end_reason.attempt_locked(lambda: link.connection.send_ping(payload))
            self._waited_for[payload] = False
            self._writer.flush_soon_locked()
            try:
                with InterruptsLetThrough(held.here):
                    self._leading.wait_locked(
                        lambda: self._waited_for[payload] or link.finished, deadline_s, link.changed
                    )
                return self._waited_for[payload]
            finally:
                del self._waited_for[payload]

    def received_locked(self, payload: bytes) -> None:
        """Take a PONG. Only those that are waited for: a peer may send as many others as it likes."""
        if payload in self._waited_for:
            self._waited_for[payload] = True
            self._link.changed.notify_all_locked()
