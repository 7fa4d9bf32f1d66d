"""What this process holds: compared before and after, nothing may be left."""

from __future__ import annotations

import os
import resource
import threading
import time
from typing import Final

import attrs

#: How long something that is ending may take to be gone.
PATIENCE_S: Final = 20.0


@attrs.frozen
class Held:
    """Descriptors, threads, children, and resident memory in bytes."""

    descriptors: int
    threads: int
    children: int
    resident_bytes: int

    @classmethod
    def now(cls) -> Held:
        """Look."""
        with open("/proc/self/statm", encoding="ascii") as file:
            resident = int(file.read().split()[1]) * resource.getpagesize()
        return cls(len(os.listdir("/proc/self/fd")), threading.active_count(), len(children()), resident)

    def left(self, growth_bytes: int) -> list[str]:
        """Return what there is more now than then, when it has had time to go."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (problems := self._compare(Held.now(), growth_bytes)) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        return problems

    def _compare(self, now: Held, growth_bytes: int) -> list[str]:
        problems = [
            f"{getattr(now, name)} {name}, {getattr(self, name)} before"
            for name in ("descriptors", "threads", "children")
            if getattr(now, name) > getattr(self, name)
        ]
        if now.resident_bytes > self.resident_bytes + growth_bytes:
            problems.append(f"{(now.resident_bytes - self.resident_bytes) / 1e6:.0f} MB more")
        return problems


def children() -> set[int]:
    """Return the processes that this one has started and not reaped."""
    found: set[int] = set()
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                found.update(map(int, file.read().split()))
        except OSError:  # noqa: PERF203 - the thread has ended
            pass
    return found
