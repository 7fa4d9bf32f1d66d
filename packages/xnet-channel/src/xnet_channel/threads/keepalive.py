"""Finding out that a silent peer is gone if nothing else tells: across a network, or frozen.

Any byte that is read counts as a sign of life, and so does one that the kernel takes after it had taken
no more for a while. A session that has heard nothing for an interval sends PING; if nothing comes for a
whole further interval, it ends. So it ends between two and three
intervals after the last sign of life, and a session that is busy sends no PING at all.

Code that computes in C without letting its other threads run looks the same, and is well. Where something
tells that the other side's machine answers, the kernel of a TCP connection or the program that carries it,
silence is borne for much longer: ``PATIENCE`` intervals.

Spec: FR-024, FR-025, FR-026, HS-024.
"""

from __future__ import annotations

from xnet_channel.core import states
from xnet_channel.platform.acknowledged import kernel_answers
from xnet_channel.platform.native import CLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from xnet_channel.threads.leader_follower import LeaderFollower
    from xnet_channel.threads.link import Link
    from xnet_channel.threads.writer import Writer

#: What our PINGs carry, so that they can be told apart in a trace.
PAYLOAD: Final = b"keepalive"
#: After how many intervals of silence a session ends, though the other side's machine answers.
PATIENCE: Final = 60
#: A look that comes later than so many intervals after the last one says nothing about the peer: this
#: process was stopped, or its machine was asleep or busy. The time between the two does not count.
OVERSLEPT: Final = 1.5


class Keepalive:
    """Looks after one session until that ends.

    Threads: made by any; then the reactor's.
    """

    def __init__(
        self,
        link: Link,
        writer: Writer,
        leading: LeaderFollower,
        interval_s: float,
        when_silent: Callable[[float], None],
        *,
        carrier_watches: bool = False,
    ) -> None:
        """Begin.

        Args:
            link: The connection; nothing happens before its handshake is complete.
            writer: Its outgoing side.
            leading: Its incoming side.
            interval_s: How long silence is taken for nothing special, in seconds.
            when_silent: Called with the seconds of silence, under the lock on the reactor's thread; has to
                end the session.
            carrier_watches: What carries the connection ends it when the other side's machine does not
                answer, as ssh does.
        """
        self._carrier_watches = carrier_watches
        self._link = link
        self._writer = writer
        self._leading = leading
        self._interval_s = interval_s
        self._when_silent = when_silent
        self._asked = False
        self._heard_at_s = self._looked_at_s = CLOCK.monotonic()
        self._look_later()

    def _look_later(self) -> None:
        self._link.reactor.call_later(self._interval_s, self._look)

    def _look(self) -> None:
        link = self._link
        with link.lock:
            if link.finished or link.eof:
                return
            now_s = CLOCK.monotonic()
            looked_at_s, self._looked_at_s = self._looked_at_s, now_s
            overslept = now_s - looked_at_s > OVERSLEPT * self._interval_s
            if link.heard or link.connection.phase not in states.LIVE:
                link.heard = False
                self._asked = False
                self._heard_at_s = now_s
            elif overslept:
                self._asked = False
                self._heard_at_s += now_s - looked_at_s
            elif self._asked and not self._answers(now_s - self._heard_at_s):
                self._when_silent(now_s - self._heard_at_s)
                return
            elif not self._asked or not self._writer.backlog_bytes:
                self._asked = True
                link.connection.send_ping(PAYLOAD)
                self._writer.flush_soon_locked()
            self._leading.hand_to_reactor_locked()  # perhaps no thread reads, and what has come must count
        self._look_later()

    def _answers(self, silent_s: float) -> bool:
        """Return whether silence may still be that of a process that is busy."""
        if silent_s > PATIENCE * self._interval_s:
            return False
        fd = self._link.descriptors.read_fd
        return self._carrier_watches or kernel_answers(fd, self._interval_s)
