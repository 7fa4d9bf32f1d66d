"""Which runner a testee's role needs, and the first look at a testee."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xnet_conformance.case_running import WorkerRunner
from xnet_conformance.connecting import Workers
from xnet_conformance.errors import UsageError
from xnet_conformance.hello import Announced
from xnet_conformance.legacy.session import LegacyWorkers

if TYPE_CHECKING:
    from xnet_conformance.suite_running import Runner
    from xnet_conformance.testee import Testee


def make_runner(testee: Testee, scratch: str, scale: float) -> Runner:
    """Return what runs cases for this testee.

    Raises:
        UsageError: There is none for its role.
    """
    if testee.role == "worker":
        return WorkerRunner(Workers(testee, scratch, scale))
    if testee.role == "legacy":
        return WorkerRunner(LegacyWorkers(testee, scratch, scale))
    raise UsageError(f"there is no way yet to judge a testee in the role {testee.role!r}")


def probe(testee: Testee, scratch: str, scale: float) -> frozenset[str]:
    """Start the testee once and return the features it has, those of its file included.

    Raises:
        CannotStart: It does not get as far as its HELLO.
    """
    if testee.role == "legacy":
        return frozenset({"exec.python", *testee.features})
    if testee.role != "worker":
        return frozenset(testee.features)
    workers = Workers(testee, scratch, scale)
    try:
        session, _ = workers.connect({})
        assert session.theirs is not None
        features = set(session.theirs.features)
        if not any(feature.startswith("exec.") for feature in features):
            features.add("exec.python")
        if "exec.python" in features and not testee.python2:
            features.add("python3")
        default = Announced()
        theirs = session.theirs
        if (theirs.frame, theirs.depth, theirs.channels) == (default.frame, default.depth, default.channels):
            features.add("limits.default")
        session.link.close()
    finally:
        workers.close()
    return frozenset(features | set(testee.features))
