"""Who reads the connection, and how others wait.

Any thread that waits may read (it *leads*); others that wait meanwhile sleep and are woken. Whenever nobody leads for some
milliseconds, the *keeper* thread does, so frames are answered while code is busy. All state is under one lock,
``link.lock``; names ending in ``_locked`` are called with it. Where code uses greenlets, all of them are in the main
thread, which then leaves reading to the keeper.
"""

from . import greenlets
from .interpreter import CLOCK, allocate_lock, get_ident, start_new_thread
from .interrupts import MAIN, QUIET, Guard, LinkGuard, be_loud
from .protocol import NAP
from .sleeping import Poll, Sleeper, drain, make_pipe, poke, wake_all
from .states import NoCallbacks
from .takers import green

KEEPER = -1  # as leader: the keeper thread reads


class Waiting(object):
    """A connection, as far as threads wait for it. What is above has ``read_locked`` and ``close_dropped_locked``.

    guard           holds the lock; quick_guard, too, where few calls follow, or ``check_stack``
    deaf            nothing is read any more
    leader          who reads: a thread's number, KEEPER or None; followers: how many threads wait without reading
    asked           threads whose execution was cancelled, to be interrupted when they use a channel
    """

    def __init__(self, fd_in):
        self.fd_in = fd_in
        self.lock = allocate_lock()
        self.guard = LinkGuard(self.lock)
        self.quick_guard = Guard(self.lock)
        self.callbacks = NoCallbacks
        self.deaf = False
        self.leader = None
        self.leads = 0
        self.followers = 0
        self.wake_reader, self.wake_writer = make_pipe()
        self.poll = Poll(fd_in, self.wake_reader)
        self.keeper_runs = False
        self.keeper_asleep = False
        self.keeper_reader, self.keeper_writer = make_pipe()
        self.keeper_end_sleepers = []
        self.alarms = []  # (when, whom to wake): coroutines, for the clock of their loop may stand still
        self.asked = set()

    def wait_locked(self, ready, deadline, sleepers):
        """Wait until ``ready()``, looked at under the lock, or the deadline; return whether it is.

        sleepers: where this thread can be found while another one reads.
        """
        while not ready():
            if self.asked:
                self.stop_here_locked()
            left = None if deadline is None else deadline - CLOCK.monotonic()
            if left is not None and left <= 0:
                return False
            # The keeper gives way at once: it looks who leads before it reads.
            hub = green()
            if hub is not None:
                self.begin_to_keep()
                self.wake_keeper()
                self.follow_locked(sleepers, left, greenlets.GreenSleeper(hub))
            elif not self.deaf and (self.leader is None or (self.leader is KEEPER and not self.followers)):
                if self.lead_locked(ready, deadline):
                    return True
            else:
                self.follow_locked(sleepers, left)
        return True

    def stop_here_locked(self):
        """Interrupt this thread, once, if its execution was cancelled (GW-034)."""
        if get_ident() in self.asked:
            self.asked.discard(get_ident())
            raise KeyboardInterrupt

    def unlocked(self, call, argument):
        """Call something that sleeps, without the lock; interrupts come through."""
        in_main = get_ident() == MAIN[0]
        self.lock.release()
        try:
            if in_main:
                be_loud()
            return call(argument)
        finally:
            try:
                if in_main:
                    QUIET[0] += 1
            finally:
                self.lock.acquire()

    def lead_locked(self, ready, deadline):
        """Read, until the deadline at most; return whether it is ready."""
        self.leader = get_ident()
        self.leads += 1
        try:
            while not self.deaf:
                left = None if deadline is None else deadline - CLOCK.monotonic()
                if left is not None and left <= 0:
                    break
                found = self.unlocked(self.poll, left)
                if self.wake_reader in found:
                    drain(self.wake_reader)
                if self.fd_in in found:
                    self.read_locked()
                if ready():
                    return True
                if self.asked:
                    break
            return False
        finally:
            self.leader = None
            if not self.keeper_runs:
                self.begin_to_keep()
            # Otherwise it looks by itself soon, which in a ping-pong is late enough not to be needed.
            if self.followers or self.keeper_asleep or self.callbacks.count or self.deaf:
                self.wake_keeper()

    def begin_to_keep(self):
        if not self.keeper_runs and not self.deaf:
            self.keeper_runs = True
            start_new_thread(self.keep, ())

    def follow_locked(self, sleepers, left, sleeper=None):
        self.followers += 1
        try:
            self.sleep_locked(sleepers, left, sleeper)
        finally:
            self.followers -= 1

    def sleep_locked(self, sleepers, left, sleeper=None):
        """Sleep until woken by way of the list, or for some seconds, or sometimes less."""
        sleeper = sleeper or Sleeper()
        sleepers.append(sleeper)
        try:
            self.unlocked(sleeper.sleep, left)
        finally:
            if sleeper in sleepers:
                sleepers.remove(sleeper)
            sleeper.end()

    def notify_locked(self, sleepers):
        """Something that was not read has changed what the sleepers, or the reading thread, wait for."""
        wake_all(sleepers)
        if self.leader is not None and self.leader is not KEEPER and self.leader != get_ident():
            poke(self.wake_writer)

    def wake_keeper(self):
        """Have the keeper look. Takes no lock: finalisers come here."""
        poke(self.keeper_writer)

    def keep(self):
        """The keeper thread: read whenever nobody else does for a while."""
        guard = self.quick_guard
        napping = Poll(self.keeper_reader, -1)
        leading = Poll(self.fd_in, self.keeper_reader)
        leads = -1
        while True:
            with guard:
                if self.deaf:
                    self.keeper_runs = False
                    wake_all(self.keeper_end_sleepers)
                    return
                self.close_dropped_locked()
                quiet = self.leads == leads
                leads = self.leads
                self.keeper_asleep = False
                if self.leader is KEEPER:
                    poll, seconds = leading, None
                elif self.leader is None and (quiet or self.followers or self.callbacks.count):
                    self.leader = KEEPER
                    poll, seconds = leading, None
                elif self.leader is not None and quiet:
                    self.keeper_asleep = True
                    poll, seconds = napping, None
                else:
                    poll, seconds = napping, NAP
                if self.alarms:
                    seconds = self.ring_locked(seconds)
            found = poll(seconds)
            if self.keeper_reader in found:
                drain(self.keeper_reader)
            if self.fd_in in found:
                with guard:
                    if self.leader is KEEPER and not self.deaf:
                        self.read_locked()

    def ring_locked(self, seconds):
        """Wake whose time has come; return after how many seconds to do it again."""
        now = CLOCK.monotonic()
        for alarm in [alarm for alarm in self.alarms if alarm[0] <= now]:
            self.alarms.remove(alarm)
            alarm[1].wake()
        return min([1000000.0 if seconds is None else seconds] + [when - now for when, _ in self.alarms])
