"""How much memory a worker holds that has done one thing and waits for the next, in MB (Linux)."""

from __future__ import annotations

from bench.links import load
from bench.roles import SAY_PID


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure resident and private memory; the second leaves out what it shares with other interpreters."""
    del quick
    link = load(implementation).start(SAY_PID)
    pid = link.receive()
    fields = read_smaps_rollup(pid)
    link.stop()
    return {
        "rss": fields["Rss"] / 1024,
        "private_memory": (fields["Private_Clean"] + fields["Private_Dirty"]) / 1024,
    }


def read_smaps_rollup(pid: int) -> dict[str, int]:
    """Return the sums that Linux keeps of a process's mappings, in kB."""
    fields = {}
    with open(f"/proc/{pid}/smaps_rollup") as file:
        for line in file:
            name, _, value = line.partition(":")
            if value.strip().endswith("kB"):
                fields[name] = int(value.split()[0])
    return fields
