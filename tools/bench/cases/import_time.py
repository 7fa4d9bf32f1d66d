"""How long the import takes, in milliseconds: a fresh interpreter with it, less one that does nothing."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from bench.median import median

# A package may put its work off until a name is used; this row asks for the names that every program uses.
_NAMES = {
    "xnet": "from xnet import Group, RemoteError, makegateway",
    "execnet": "from execnet import Group, RemoteError, makegateway",
    "multiprocessing": "from multiprocessing import Pipe, Process, get_context",
}


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Alternate between the three programs, so that a slow moment of the machine meets all of them."""
    programs = ("pass", f"import {implementation}", _NAMES[implementation])
    times: dict[str, list[float]] = {program: [] for program in programs}
    for _ in range(3 if quick else 15):
        for program in programs:
            times[program].append(_run_ms(program))
    nothing, plain, names = (median(times[program]) for program in programs)
    return {"import": plain - nothing, "import_names": names - nothing}


def _run_ms(program: str) -> float:
    started = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return (perf_counter() - started) * 1e3
