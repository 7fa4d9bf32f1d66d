"""Traffic for some minutes while workers are killed and the main thread is interrupted."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from random import Random
from types import FrameType
from typing import Final

from soak.traffic import Disturbed, call_back, echo, stream
from xnet_gateway.gateway import Gateway
from xnet_group.group import Group

#: Kinds of workers; each has threads of its own.
SPECS: Final = (
    "popen",
    f"popen//python={sys.executable}",
    "popen//via=hop",
    "popen//execmodel=main_thread_only",
)
#: Mean time between two deaths, and between two interrupts, in seconds.
DEATH_S: Final = 2.0
INTERRUPT_S: Final = 0.05
#: How many times longer than asked for it may take until everything has ended.
END_S: Final = 120.0


class Soak:
    """One run.

    Attributes:
        counts: What happened, by name.
        faults: What should not have.
    """

    def __init__(self, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self._seed = seed
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._pids: set[int] = set()
        self._interruptible = False

    def run(self, seconds: float) -> None:
        """Run for so long, the main thread's part here."""
        threads = [
            threading.Thread(target=self._drive, args=(spec, number), name=f"soak-{number}-{spec}")
            for number in range(2)
            for spec in SPECS
        ]
        killer = threading.Thread(target=self._kill_some, name="soak-killer")
        for thread in (*threads, killer):
            thread.start()
        try:
            self._be_interrupted(time.monotonic() + seconds)
        finally:
            self._over.set()
            deadline_s = time.monotonic() + END_S
            for thread in (*threads, killer):
                thread.join(max(0.0, deadline_s - time.monotonic()))
                if thread.is_alive():
                    self.faults.append(f"{thread.name} hangs")
                    frame = sys._current_frames().get(thread.ident or 0)
                    self.faults.append("".join(traceback.format_stack(frame)))

    def _drive(self, spec: str, number: int) -> None:
        """Use workers of one kind, one after the other as they die."""
        random = Random(f"{self._seed} {spec} {number}")
        while not self._over.is_set():
            group = Group()
            try:
                if "via=hop" in spec:
                    group.makegateway("popen//id=hop")
                gateway = group.makegateway(spec)
                self._use(gateway, random, mortal=random.random() < 0.8)
            except Exception:  # noqa: BLE001 - a fault, to be told
                self._fault(spec)
            finally:
                with self._lock:
                    self._pids.clear()
                group.terminate(5)

    def _use(self, gateway: Gateway, random: Random, *, mortal: bool) -> None:
        if mortal:
            with self._lock:
                self._pids.add(gateway.pid)
        for _ in range(50):
            if self._over.is_set():
                return
            way = random.choice((stream, echo, call_back))
            try:
                self.counts["items"] += way(gateway, random)
                self.counts[way.__name__] += 1
            except Disturbed:
                self.counts["disturbed"] += 1
                return
            except OSError as error:
                if "cannot send" not in str(error):
                    raise
                self.counts["disturbed"] += 1
                return

    def _kill_some(self) -> None:
        """Kill a worker that may be killed, now and then."""
        random = Random(self._seed)
        while not self._over.wait(random.expovariate(1 / DEATH_S)):
            with self._lock:
                if not self._pids:
                    continue
                pid = random.choice(sorted(self._pids))
                self._pids.discard(pid)
                try:
                    os.kill(pid, random.choice((signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)))
                    self.counts["deaths"] += 1
                except ProcessLookupError:
                    pass

    def _be_interrupted(self, end_s: float) -> None:
        """Receive in the main thread, where Ctrl-C may strike within our code at any moment."""
        random = Random(self._seed + 1)
        before = signal.signal(signal.SIGINT, self._interrupt)
        interrupter = threading.Thread(target=self._interrupt_often, name="soak-interrupter", daemon=True)
        try:
            with Group() as group:
                gateway = group.makegateway("popen")
                interrupter.start()
                self._interruptible = True
                try:
                    self._stream_until(end_s, gateway, random)
                finally:
                    self._interruptible = False
        except Exception:  # noqa: BLE001 - a fault, to be told
            self._fault("the main thread")
        finally:
            self._over.set()
            interrupter.join()
            signal.signal(signal.SIGINT, before)

    def _stream_until(self, end_s: float, gateway: Gateway, random: Random) -> None:
        while time.monotonic() < end_s and not self._over.is_set():
            try:
                self.counts["items"] += stream(gateway, random)
                self.counts["streams with interrupts"] += 1
            except KeyboardInterrupt:  # noqa: PERF203 - outside of receive(): this stream is given up
                self.counts["streams given up"] += 1

    def _interrupt(self, signum: int, frame: FrameType | None) -> None:
        """Raise in code of ours only: between the return of receive() and its caller nothing can be kept."""
        if self._interruptible and frame is not None and "xnet_channel" in frame.f_code.co_filename:
            self.counts["interrupts"] += 1
            raise KeyboardInterrupt

    def _interrupt_often(self) -> None:
        random = Random(self._seed + 2)
        while not self._over.wait(random.expovariate(1 / INTERRUPT_S)):
            os.kill(os.getpid(), signal.SIGINT)

    def _fault(self, where: str) -> None:
        self.faults.append(f"{where}: {traceback.format_exc()}")
        self._over.set()
