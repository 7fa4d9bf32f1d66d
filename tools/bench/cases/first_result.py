"""How long until a fresh worker has delivered its first result, in milliseconds.

Three times: in a process that has imported the implementation; the next worker of the same process; and from
before the import, in an interpreter that has imported nothing else.
"""

from __future__ import annotations

from time import perf_counter

from bench.links import Implementation, load
from bench.median import median
from bench.roles import ONE_RESULT

# Python puts its own time of start-up before the first line, so it is not in the figure.
_GATEWAY_PROGRAM = """
import time
started = time.perf_counter()
import {module}
channel = {module}.makegateway("popen").remote_exec({source!r})
result = channel.receive()
elapsed = time.perf_counter() - started
assert result == 42, result
print(elapsed)
"""
_PIPE_PROGRAM = """
import sys, time
sys.path.insert(0, {tools!r})
started = time.perf_counter()
import multiprocessing
from bench.pipe_worker import work
context = multiprocessing.get_context("spawn")
ours, theirs = context.Pipe()
process = context.Process(target=work, args=({source!r}, theirs))
process.start()
theirs.close()
result = ours.recv()
elapsed = time.perf_counter() - started
assert result == 42, result
print(elapsed)
ours.close()
process.join()
"""


def run(implementation: str, quick: bool) -> dict[str, float]:
    """Measure the three figures, the one from import in an interpreter of its own."""
    peer = load(implementation)
    first = _first_result_ms(peer)
    following = [_first_result_ms(peer) for _ in range(1 if quick else 3)]
    return {
        "first_result": first,
        "next_result": median(following),
        "first_result_from_import": _from_import_ms(implementation),
    }


def _first_result_ms(peer: Implementation) -> float:
    started = perf_counter()
    link = peer.start(ONE_RESULT)
    result = link.receive()
    elapsed = perf_counter() - started
    if result != 42:
        raise AssertionError(f"the worker should have sent 42, it sent {result!r}")
    link.stop()
    return elapsed * 1e3


def _from_import_ms(implementation: str) -> float:
    # Imported here, not above: an implementation that needs them pays for them in the figures before this.
    import subprocess
    import sys
    from pathlib import Path

    if implementation == "multiprocessing":
        program = _PIPE_PROGRAM.format(tools=str(Path(__file__).resolve().parents[2]), source=ONE_RESULT)
    else:
        from bench.gateway_links import as_gateway_source

        program = _GATEWAY_PROGRAM.format(module=implementation, source=as_gateway_source(ONE_RESULT))
    output = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True).stdout
    return float(output) * 1e3
