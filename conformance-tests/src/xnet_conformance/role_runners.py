"""Which runner a testee's role needs, and the first look at a testee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from xnet_conformance.adapting import AdapterRunner
from xnet_conformance.building import build
from xnet_conformance.case_running import ConnectionRunner
from xnet_conformance.connecting import Workers
from xnet_conformance.fixtures import Fixtures
from xnet_conformance.hello import PYTHON_STRINGS, Announced
from xnet_conformance.initiating import Initiators
from xnet_conformance.legacy.session import LegacyWorkers

if TYPE_CHECKING:
    from xnet_conformance.case import Case
    from xnet_conformance.results import Result
    from xnet_conformance.testee import Testee


#: Bytes, or levels: above this a limit is not tried.
_REACHED: Final = 16 * 1024 * 1024


class Runner(Protocol):
    """Runs cases one after the other."""

    def run(self, case: Case, next_case: Case | None = None) -> Result:
        """Run one case."""

    def close(self) -> None:
        """End all processes."""


def make_runner(testee: Testee, scratch: str, scale: float) -> Runner:
    """Return what runs cases for this testee."""
    if testee.role == "worker":
        return ConnectionRunner(Workers(testee, scratch, scale))
    if testee.role == "legacy":
        return ConnectionRunner(LegacyWorkers(testee, scratch, scale))
    if testee.role == "initiator":
        return ConnectionRunner(Initiators(testee, scratch, scale))
    return AdapterRunner(testee, scale)


def probe(testee: Testee, scratch: str, scale: float) -> frozenset[str]:
    """Build the testee if necessary, start it once and return its features, including those of its file.

    Raises:
        CannotStart: It cannot be built, or does not get as far as its HELLO.
    """
    build(testee)
    if testee.role == "legacy":
        return frozenset({"exec.python", *_fixtures("python", testee), *testee.features})
    if testee.role == "adapter":
        runner = AdapterRunner(testee, scale)
        try:
            return runner.features() | set(testee.features)
        finally:
            runner.close()
    if testee.role == "initiator":
        return _probe_initiator(testee, scratch, scale)
    workers = Workers(testee, scratch, scale)
    try:
        session, _ = workers.connect({})
        assert session.theirs is not None
        features = set(session.theirs.features)
        if not any(feature.startswith("exec.") for feature in features):
            features.add("exec.python")
        if "exec.python" in features and not testee.python2:
            features.add("python3")
        if "service.rsync" in features:
            features.add("rsync")
        features |= _absent(features) | _limits(session.theirs) | _fixtures(session.theirs.language, testee)
        session.link.close()
    finally:
        workers.close()
    return frozenset(features | set(testee.features))


def _probe_initiator(testee: Testee, scratch: str, scale: float) -> frozenset[str]:
    initiators = Initiators(testee, scratch, scale)
    try:
        session, _ = initiators.connect({})
        assert session.theirs is not None
        found = {*session.theirs.features, *testee.features}
        found |= _absent(found) | _limits(session.theirs)
        session.link.close()
    finally:
        initiators.close()
    return frozenset(found)


def _fixtures(language: str, testee: Testee) -> set[str]:
    """Return a feature for each task that exists in a language: not every language can have all."""
    return {f"fixture.{name}" for name in Fixtures(language, testee.fixtures).names()}


def _absent(features: set[str]) -> set[str]:
    """Return a feature for each that is not there and for whose absence there are cases."""
    return {f"no-{feature}" for feature in (PYTHON_STRINGS, "exec.python") if feature not in features}


def _limits(theirs: Announced) -> set[str]:
    """Return features for what a testee announces: the defaults, and each limit that a case can reach."""
    default = Announced()
    same = (theirs.frame, theirs.depth, theirs.channels, theirs.credit) == (
        default.frame,
        default.depth,
        default.channels,
        default.credit,
    )
    reached = {
        f"limits.{name}"
        for name in ("frame", "item", "depth", "credit", "memory")
        if getattr(theirs, name) <= _REACHED
    }
    return reached | ({"limits.default"} if same else set())
