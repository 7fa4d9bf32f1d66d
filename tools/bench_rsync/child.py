"""One sync of execnet or xnet, in a process of its own: `child.py IMPLEMENTATION`, the rest as JSON on stdin.

Only the sync is measured; the gateways are up before. Nothing is imported that is not measured.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

#: The most memory that a process ever had, in kilobytes, as the kernel says.
PEAK = "next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmHWM'))"

#: Time of processors that a process has spent so far, in seconds.
SPENT = "import time; channel.send(time.process_time())"


def main() -> None:
    """Sync; print seconds, those of processors, bytes sent to each target, and the peaks of memory."""
    implementation = importlib.import_module(sys.argv[1])
    task = json.load(sys.stdin)
    group = implementation.Group()
    gateways = [group.makegateway(spec) for spec in task["specs"]]
    sync = implementation.RSync(task["source"], verbose=False)
    for gateway, destination in zip(gateways, task["destinations"], strict=True):
        sync.add_target(gateway, destination)
    spent = sum(gateway.remote_exec(SPENT).receive() for gateway in gateways) + time.process_time()
    began = time.perf_counter()
    result = sync.send()
    seconds = time.perf_counter() - began
    spent = sum(gateway.remote_exec(SPENT).receive() for gateway in gateways) + time.process_time() - spent
    peaks = [gateway.remote_exec(f"channel.send({PEAK})").receive() for gateway in gateways]
    sent = max(target.bytes_sent for target in result.targets) if result is not None else None
    figures = {"seconds": seconds, "cpu": spent, "sent": sent, "sender": eval(PEAK), "receiver": max(peaks)}
    print(json.dumps(figures))
    group.terminate(5.0)


if __name__ == "__main__":
    main()
