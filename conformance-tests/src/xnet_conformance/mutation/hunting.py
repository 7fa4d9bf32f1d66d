"""Runs each mutant through the case that has to notice it."""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.connecting import START_S, Workers
from xnet_conformance.errors import CaseError, UsageError
from xnet_conformance.initiating import Initiators
from xnet_conformance.mutation.wire_rules import FrameChanger
from xnet_conformance.results import Result
from xnet_conformance.role_runners import make_runner, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xnet_conformance.case import Case
    from xnet_conformance.link import Link
    from xnet_conformance.mutation.mutant import Mutant
    from xnet_conformance.testee import Testee

_GREEN: Final = ("pass", "nonstrict")
#: Mutants that do not answer are waited for that part of a case's time.
HUNTING_SCALE: Final = 0.2


@attrs.frozen
class Verdict:
    """What became of a mutant: killed, or why not."""

    mutant: Mutant
    result: Result

    @property
    def killed(self) -> bool:
        """Whether its case failed, in the way that it should."""
        if self.mutant.should:
            return self.result.outcome == "nonstrict"
        killed = ("fail", "timeout", "crash") if self.mutant.dies else ("fail", "timeout")
        return self.result.outcome in killed

    @property
    def evaluated(self) -> bool:
        """Whether the testee has what the case needs."""
        return self.result.outcome != "unsupported"

    def explanation(self) -> str:
        """Return a sentence about a mutant that survived."""
        what = f"{self.mutant.id} ({self.mutant.title or ', '.join(self.mutant.breaks)})"
        outcome, case = self.result.outcome, self.mutant.killed_by
        if outcome in _GREEN:
            return f"{what} survived: {case} passes"
        if outcome == "crash":
            return f"{what} ended under {case}, which it must declare (dies: true): {self.result.message}"
        return f"{what} under {case}: {outcome}: {self.result.message}"


class _MutatedWorkers(Workers):
    """Starts a testee whose frames are changed on their way."""

    mutant: Mutant

    def _start(self, environ: dict[str, str], cwd: str | None) -> Link:
        return _changed(super()._start(environ, cwd), self.mutant, self.testee.role)


class _MutatedInitiators(Initiators):
    """Has an initiator connect, whose frames are changed on their way."""

    mutant: Mutant

    def _accept(self, scratch: str, deadline: float) -> Link:
        return _changed(super()._accept(scratch, deadline), self.mutant, self.testee.role)


def _changed(link: Link, mutant: Mutant, role: str) -> Link:
    """Put the rules of a mutant into a link; the stream of a worker begins with a preamble."""
    theirs, ours = mutant.fresh_rules("runner"), mutant.fresh_rules("testee")
    if theirs:
        link.change_incoming = FrameChanger(theirs, preamble=role == "worker")
    if ours:
        link.change_outgoing = FrameChanger(ours, preamble=role == "initiator")
    return link


_CONNECTIONS: Final[dict[str, type[_MutatedWorkers | _MutatedInitiators]]] = {
    "worker": _MutatedWorkers,
    "initiator": _MutatedInitiators,
}


def hunt_all(
    mutants: Sequence[Mutant],
    testee: Testee,
    cases: Iterable[Case],
    *,
    sources: Sequence[Path] = (),
    jobs: int = 1,
    scale: float = HUNTING_SCALE,
    report: Callable[[Verdict], None] = lambda verdict: None,
) -> list[Verdict]:
    """Run all mutants; the testee as it is has to pass each of their cases first.

    Args:
        mutants: Those that were chosen.
        testee: What they are made of.
        cases: All there are.
        sources: Folders that patches are applied to copies of.
        jobs: Mutants at a time.
        scale: Stretches time limits for mutants; above its default, those of the testee as it is as well.
        report: Called with each verdict, by one thread at a time.

    Raises:
        CaseError: A mutant names no case, or the testee itself does not pass one.
        UsageError: The testee is neither a worker nor an initiator.
    """
    if testee.role not in _CONNECTIONS:
        raise UsageError(
            f"mutants are made of workers and initiators, but {testee.name} has the role {testee.role}"
        )
    by_id = {case.id: case for case in cases}
    for mutant in mutants:
        if mutant.killed_by not in by_id:
            raise CaseError(f"{mutant.id} is killed by {mutant.killed_by}, which is not a case")
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    verdicts: dict[str, Verdict] = {}
    broken: list[BaseException] = []
    lock = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="xnet-mutants-") as scratch:
        unchanged_scale = max(1.0, scale / HUNTING_SCALE)  # who stretches the times means a slow machine
        features = probe(testee, scratch, unchanged_scale)
        wanted = {mutant.killed_by: by_id[mutant.killed_by] for mutant in mutants}
        possible = {
            id_: case
            for id_, case in wanted.items()
            if testee.role in case.roles and features.issuperset(case.needs)
        }
        check_unchanged(testee, possible.values(), scratch, unchanged_scale)

        def work() -> None:
            try:
                while not broken:
                    mutant = waiting.get_nowait()
                    result = hunt(mutant, testee, by_id[mutant.killed_by], scratch, sources, scale)
                    with lock:
                        verdicts[mutant.id] = Verdict(mutant, result)
                        report(verdicts[mutant.id])
            except queue.Empty:
                pass
            except BaseException as error:  # noqa: BLE001  (handed to the thread that waits)
                broken.append(error)

        for mutant in mutants:
            if mutant.killed_by in possible:
                waiting.put(mutant)
            else:
                verdicts[mutant.id] = Verdict(mutant, Result(by_id[mutant.killed_by], "unsupported"))
                report(verdicts[mutant.id])
        threads = [threading.Thread(target=work, name=f"hunt-{n}", daemon=True) for n in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if broken:
        raise broken[0]
    return [verdicts[mutant.id] for mutant in mutants]


def check_unchanged(testee: Testee, cases: Iterable[Case], scratch: str, scale: float) -> None:
    """Check that the testee passes the cases as it is: a mutant says nothing otherwise.

    Raises:
        CaseError: It does not.
    """
    runner = make_runner(testee, scratch, scale)
    try:
        for case in sorted(cases, key=lambda case: case.own):
            result = runner.run(case)
            if result.outcome not in _GREEN:
                raise CaseError(f"{testee.name} does not pass {case.id} even unchanged: {result.message}")
    finally:
        runner.close()


def hunt(
    mutant: Mutant, testee: Testee, case: Case, scratch: str, sources: Sequence[Path], scale: float
) -> Result:
    """Run one mutant through its case.

    Raises:
        CaseError: The mutant cannot be made.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        if mutant.patches:
            testee = patched(mutant, testee, sources, Path(folder))
        connections = _CONNECTIONS[testee.role](testee, folder, scale)
        connections.mutant = mutant
        connections.start_s = START_S
        runner = ConnectionRunner(connections)
        try:
            return runner.run(case)
        finally:
            runner.close()


def patched(mutant: Mutant, testee: Testee, sources: Sequence[Path], folder: Path) -> Testee:
    """Return the testee with changed sources, which are in `folder` from now on.

    Raises:
        CaseError: A patch does not fit.
    """
    roots = []
    command, environ = testee.command, dict(testee.environ)
    for number, source in enumerate(sources):
        root = folder / f"source-{number}"
        shutil.copytree(source, root, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        roots.append(root)
        # What is not found by Python is started from the copy.
        command = command.replace(str(source), str(root))
        environ = {key: value.replace(str(source), str(root)) for key, value in environ.items()}
    for patch in mutant.patches:
        owner = next((root for root in roots if (root / patch.file).exists()), None)
        if owner is None:
            raise CaseError(f"{mutant.id}: no folder of sources has {patch.file}")
        try:
            patch.apply(owner)
        except CaseError as error:
            raise CaseError(f"{mutant.id}: {error}") from None
    path = os.pathsep.join(map(str, roots))
    # The compiled parts of xnet, where they are installed, would go round a mistake in the sources.
    return attrs.evolve(testee, command=command, environ={**environ, "PYTHONPATH": path, "XNET_PURE": "1"})
