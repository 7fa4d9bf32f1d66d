"""Plays changed conversations to all targets and says what was found.

Each conversation has a number, and the same number is the same conversation: what fails is said with the
command that plays it again.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import resource
import sys
import time
import traceback
from random import Random
from typing import Final, Protocol

from fuzz.bare_target import BareTarget
from fuzz.core_targets import CoreTarget
from fuzz.mutation import Mutator
from fuzz.process_targets import ProcessTarget, interpreters
from fuzz.recording import Conversation, record_all
from fuzz.session_targets import SessionTarget
from xnet_channel.core import roles

#: No conversation takes this long; when one does, it says where it is and everything ends.
HANG_S: Final = 120.0
#: The most processor time that one conversation may take in this process, in seconds.
SLOW_S: Final = 5.0
#: How much resident memory of this process may grow after the first hundred conversations, in bytes.
GROWTH_BYTES: Final = 64 * 1024 * 1024
WARM_UP: Final = 100
#: After so many faults nothing more is learnt.
MOST_FOUND: Final = 10
#: One conversation of so many goes to a process of its own; one of so many to a session and its threads.
PROCESS_SHARE: Final = 500
SESSION_SHARE: Final = 20


class Target(Protocol):
    """What listens."""

    name: str

    def play(self, stream: bytes, splits: list[int], random: Random) -> None:
        """Listen to one conversation; raise if something is wrong."""


def main(argv: list[str]) -> int:
    """Run the command; return its exit status: 0 if nothing was found, else 1."""
    parser = argparse.ArgumentParser(prog="tools/dev.py fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many conversations (default 10000)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--target", help="only targets whose name contains this")
    options = parser.parse_args(argv)
    recorded = record_all()
    found = 0
    for target, mutator, count in _plan(recorded, options.count):
        if options.target is None or options.target in target.name:
            found += play_all(target, mutator, options.first, count)
    print(f"{found} found" if found else "nothing found")
    return 1 if found else 0


def _plan(recorded: list[Conversation], count: int) -> list[tuple[Target, Mutator, int]]:
    """Return each target, what to send to it, and how often."""
    to_worker = Mutator([one.from_initiator for one in recorded])
    to_initiator = Mutator([one.from_worker for one in recorded])
    processes = [ProcessTarget(python) for python in interpreters()]
    each = max(1, count // PROCESS_SHARE // len(processes))
    sessions = max(1, count // SESSION_SHARE)
    rest = max(3, count - each * len(processes) - 2 * sessions)
    plan: list[tuple[Target, Mutator, int]] = [(target, to_worker, each) for target in processes]
    plan.append((SessionTarget(roles.WORKER), to_worker, sessions))
    plan.append((SessionTarget(roles.INITIATOR), to_initiator, sessions))
    plan.append((CoreTarget(roles.WORKER), to_worker, rest // 3))
    plan.append((BareTarget(), to_worker, rest // 3))
    plan.append((CoreTarget(roles.INITIATOR), to_initiator, rest - 2 * (rest // 3)))
    return plan


def play_all(target: Target, mutator: Mutator, first: int, count: int) -> int:
    """Play so many conversations to a target; return how many failed."""
    began_s = time.monotonic()
    found = 0
    slowest_s = 0.0
    resident = 0
    for number in range(first, first + count):
        stream, splits = mutator.make(number)
        faulthandler.dump_traceback_later(HANG_S, exit=True, file=sys.__stderr__ or sys.stderr)
        before_s = time.process_time()
        try:
            target.play(stream, splits, Random(number))
            slowest_s = max(slowest_s, time.process_time() - before_s)
            assert slowest_s < SLOW_S, f"it took {slowest_s:.1f} s of processor time"
        except Exception:  # noqa: BLE001 - each is a fault, and is reported
            found += 1
            slowest_s = 0.0
            traceback.print_exc()
            again = f"--first {number} --count 1 --target {target.name!r}"
            print(f"FOUND in {target.name}; again:  tools/dev.py fuzz {again}")
        finally:
            faulthandler.cancel_dump_traceback_later()
        if found == MOST_FOUND:
            break
        if number - first == WARM_UP:
            resident = _resident_bytes()
    grown = _resident_bytes() - resident if resident else 0
    if grown > GROWTH_BYTES:
        found += 1
        print(f"FOUND in {target.name}: this process has grown by {grown / 1e6:.0f} MB", file=sys.stderr)
    peak = f", worker's peak {target.peak_bytes / 1e6:.0f} MB" if isinstance(target, ProcessTarget) else ""
    print(
        f"{target.name}: {count} conversations in {time.monotonic() - began_s:.0f} s, {found} failed,"
        f" slowest {slowest_s * 1000:.0f} ms, grown by {grown / 1e6:.1f} MB{peak}",
        flush=True,
    )
    return found


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    os.environ.pop("EXECNET_DEBUG", None)
    sys.exit(main(sys.argv[1:]))
