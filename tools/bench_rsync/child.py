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


def main() -> None:
    """Sync; print seconds, bytes sent to each target, and the peaks of memory."""
    implementation = importlib.import_module(sys.argv[1])
    task = json.load(sys.stdin)
    group = implementation.Group()
    gateways = [group.makegateway(spec) for spec in task["specs"]]
    sync = implementation.RSync(task["source"], verbose=False)
    for gateway, destination in zip(gateways, task["destinations"], strict=True):
        sync.add_target(gateway, destination)
    for gateway in gateways:
        gateway.remote_exec("channel.send(1)").receive()
    began = time.perf_counter()
    result = sync.send()
    seconds = time.perf_counter() - began
    peaks = [gateway.remote_exec(f"channel.send({PEAK})").receive() for gateway in gateways]
    sent = max(target.bytes_sent for target in result.targets) if result is not None else None
    print(json.dumps({"seconds": seconds, "sent": sent, "sender": eval(PEAK), "receiver": max(peaks)}))
    group.terminate(5.0)


if __name__ == "__main__":
    main()
