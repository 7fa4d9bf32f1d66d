"""Which suites are run, at which releases. Another release is another suite: pins are changed on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from peers import reasons

_PYTEST: Final = ("pytest==8.4.2", "pluggy==1.7.0", "iniconfig==2.3.1", "packaging==26.3", "pygments==2.21.0")
_RUNNER: Final = (*_PYTEST, "pytest-xdist==3.8.0")


@dataclass(frozen=True)
class Suite:
    """The tests of one source distribution.

    Attributes:
        name: of the distribution.
        version: its release.
        requirements: everything to install beside execnet or xnet, pinned.
        tests: what pytest is to run: a folder of the distribution, or one test of it.
        arguments: what else pytest is given.
        plugins_on_xnet: pytest plugins that the run on xnet needs, besides `xnet.xdist`.
        has_to_be_equal: every difference fails the comparison, not only a test that is lost.
        reasons: why tests that pass with execnet cannot with xnet, see `peers.reasons`; they do not count.
        timeout_s: how long one run may take before it counts as hung.
    """

    name: str
    version: str
    requirements: tuple[str, ...]
    tests: str
    arguments: tuple[str, ...] = ()
    plugins_on_xnet: tuple[str, ...] = ()
    has_to_be_equal: bool = False
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timeout_s: float = 900.0


# pytest 8.4.2, because with execnet no test fails there; with 9.2.0 seven do, with execnet and with xnet.
XDIST: Final = Suite(
    name="pytest-xdist",
    version="3.8.0",
    requirements=(
        *_RUNNER,
        "filelock==4.2.11",  # its own extra `testing`
        "psutil==7.2.2",  # without these two, four of its tests are skipped
        "pexpect==4.9.0",
    ),
    tests="testing",
    plugins_on_xnet=("xnet_in_pytester",),
)

EXECNET: Final = Suite(
    name="execnet",
    version="2.1.2",
    requirements=(*_PYTEST, "pytest-timeout==2.4.0", "gevent==26.9.0", "eventlet==0.41.3"),
    tests="testing",
    arguments=("--timeout", "60"),
    reasons=reasons.EXECNET,
)

THIRD_PARTY: Final = {
    suite.name: suite
    for suite in (
        Suite(
            name="click",
            version="8.5.1",
            requirements=(*_RUNNER, "click==8.5.1"),
            tests="tests",
            arguments=("-n", "4"),
            has_to_be_equal=True,
            timeout_s=300.0,
        ),
        Suite(
            name="jinja2",
            version="3.1.6",
            requirements=(*_RUNNER, "jinja2==3.1.6", "trio==0.35.0"),
            tests="tests",
            arguments=("-n", "4"),
            has_to_be_equal=True,
            timeout_s=300.0,
        ),
    )
}
