"""How long tests of groups wait, and how long what is soon done may take."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

#: Whatever is waited for comes much sooner; a loaded machine needs some of it.
PATIENCE_S = 200.0


def busy() -> float:
    """Return how many programs share a processor: so much longer may take what is soon done otherwise."""
    running = 0.0
    with contextlib.suppress(OSError):  # those of this moment; the load is the mean of a minute
        running = float(Path("/proc/loadavg").read_text().split()[3].partition("/")[0])
    return max(1.0, max(running, os.getloadavg()[0]) / (os.cpu_count() or 1))
