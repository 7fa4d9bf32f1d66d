"""The pytest plugin ``-p xnet.xdist``: pytest-xdist runs on xnet instead of execnet.

``-p`` plugins are imported before all installed ones, so the alias is there before pytest-xdist imports
execnet; so are those of ``addopts`` and ``PYTEST_ADDOPTS``. Workers get the alias from their initiator. Those
in other interpreters and on other machines need not have us: they find an empty plugin of this name.

A pytest that a test starts as another process is a program of its own and not touched, except for those that
the ``pytester`` fixture starts: they are part of the test run, and get this plugin too.
"""

from __future__ import annotations

import pytest

from xnet import alias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from xnet_gateway.xspec import XSpec

try:
    alias.install()
except RuntimeError as error:
    raise pytest.UsageError(str(error)) from error

# What a run of pytest-xdist needs anyway, all at once: ``pytester`` forgets the modules that a test imported,
# and would have them loaded again, with a reactor of its own each time, in every test that uses workers.
for _name in (
    "xnet.compat.execnet",
    "xnet.compat.gateway_base",
    "xnet.compat.multi",
    "xnet_channel.threads.channel_files",
    "xnet_channel.threads.reactor",
    "xnet_gateway.remote_source",
    "xnet_gateway.status",
    "xnet_gateway.transports.via",
    "xnet_group.default",
    "xnet_rsync.rsync",
    "inspect",
    "queue",
    "traceback",
):
    __import__(_name)


def pytest_report_header() -> str:
    """Say in the header of the test run what is under pytest-xdist."""
    import xnet

    return f"xnet: {xnet.__version__} stands for execnet"


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may not be installed
def pytest_xdist_setupnodes(specs: Sequence[XSpec]) -> None:
    """Send what workers print to nowhere, as execnet does, unless ``--tx`` says otherwise.

    Every worker of pytest-xdist runs a whole pytest that writes its own progress and summary; the controller
    shows them once, from the reports. ``--tx '4*popen//stdout=stderr'`` shows all of it.
    """
    for spec in specs:
        if spec.stdout is None:
            spec.stdout = "null"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """Give this plugin to what ``pytester`` starts: it removes ``PYTEST_ADDOPTS`` from their environment."""
    value = yield
    if fixturedef.argname == "pytester":
        value.plugins.insert(0, __name__)
    return value
