"""A program that interrupts starts at many moments and looks whether anything is left.

See ``main`` for its arguments.

It prints a line of JSON: how often KeyboardInterrupt reached the caller, how often the start was quicker, and
what was left.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from xnet_group.group import Group

#: How long processes, descriptors and threads get to be gone, in seconds.
GONE_S = 20.0


class Interrupter:
    """Sends SIGINT to the main thread at a chosen moment, or again and again from then on."""

    def __init__(self, storm: bool) -> None:
        self._storm = storm
        self._go = threading.Semaphore(0)
        self._delay_s = 0.0
        self.stop = True
        self.idle = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def arm(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self.stop = False
        self.idle.clear()
        self._go.release()

    def _run(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        while self._go.acquire():
            time.sleep(self._delay_s)
            while not self.stop:
                signal.pthread_kill(main, signal.SIGINT)
                if not self._storm:
                    break
                time.sleep(0.003)
            self.idle.set()


def processes(root: int) -> set[int]:
    """Return the descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has ended meanwhile
    found: set[int] = set()
    todo = [root]
    while todo:
        parent = todo.pop()
        children = {pid for pid, its_parent in parents.items() if its_parent == parent} - found
        found |= children
        todo += children
    return found


def descriptors() -> dict[str, str]:
    """Return what is open, by number."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink(f"/proc/self/fd/{number}")
        except OSError:  # noqa: PERF203 - few of them
            continue  # that of the listing itself
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("spec")
    parser.add_argument("tries", type=int)
    parser.add_argument("--storm", action="store_true")
    parser.add_argument("--many", action="store_true", help="three at once")
    parser.add_argument("--end", action="store_true", help="interrupt the end instead")
    parser.add_argument("--nobody", action="store_true", help="no start succeeds: it waits for somebody")
    parser.add_argument("--master", help="a gateway with the id master that is there all the time")
    parser.add_argument(
        "--tree", type=int, default=0, help="the process whose descendants are looked at, too"
    )
    options = parser.parse_args()

    group = Group()
    if options.master:
        group.makegateway(f"{options.master}//id=master")
    interrupter = Interrupter(options.storm)

    def start() -> None:
        if options.many:
            group.makegateways([options.spec] * 3)
        else:
            group.makegateway(options.spec)

    def end() -> None:
        for gateway in list(group):
            if gateway.id != "master":
                gateway.exit()
        group._forget_ended()
        deadline_s = time.monotonic() + GONE_S
        while group._gateways_to_join and time.monotonic() < deadline_s:
            time.sleep(0.002)
            group._forget_ended()

    def there() -> tuple[int, int, int]:
        trees = len(processes(os.getpid())) + (len(processes(options.tree)) if options.tree else 0)
        return trees, len(descriptors()), len(sys._current_frames())

    def more_than(before: tuple[int, int, int]) -> bool:
        return any(now > then for now, then in zip(there(), before, strict=True))

    duration_s = 0.2
    if not options.nobody:
        start()  # what is loaded and started once
        end()
        begun_s = time.monotonic()
        start()
        duration_s = time.monotonic() - begun_s
        begun_s = time.monotonic()
        end()
        if options.end:
            duration_s = time.monotonic() - begun_s
    interrupter.arm(0.0)  # what follows an interrupt may need something once, too
    try:
        start()
        interrupter.idle.wait(GONE_S)
    except KeyboardInterrupt:
        pass
    interrupter.stop = True
    end()
    before = (-1, -1, -1)
    while before != (before := there()):
        time.sleep(1.0)  # processes of a server end by themselves
    interrupted = quick = 0
    left: list[object] = []

    def look(number: int) -> None:
        nonlocal before
        deadline_s = time.monotonic() + GONE_S
        while more_than(before):
            time.sleep(0.005)
            if time.monotonic() > deadline_s:
                left.append((number, before, there(), sorted(descriptors().values())[-6:]))
                before = there()

    for number in range(options.tries):
        members = len(group)
        if options.end:
            start()
        interrupter.arm(duration_s * 1.1 * (number * 0.618034 % 1.0))
        try:
            if options.end:
                for gateway in list(group)[members:]:
                    gateway.exit()
                group._forget_ended()
            else:
                start()
            quick += 1
            while not interrupter.idle.is_set() and not options.storm:
                time.sleep(0.001)
        except KeyboardInterrupt:
            interrupted += 1
        while True:  # a storm goes on until it has been told to stop
            try:
                interrupter.stop = True
                interrupter.idle.wait(GONE_S)
                break
            except KeyboardInterrupt:
                continue
        if len(group) != members or options.end:
            end()  # it was done, and the interrupt came after it
        look(number)
    time.sleep(1.0)  # what another gateway was asked to start begins and ends a little later
    look(options.tries)
    print(json.dumps({"interrupted": interrupted, "quick": quick, "left": left}))
    group.terminate(5)


if __name__ == "__main__":
    main()
