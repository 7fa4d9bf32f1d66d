"""The pytest plugin ``-p xnet.xdist``: pytest-xdist runs on xnet instead of execnet.

``-p`` plugins are imported before all installed ones, so the alias is there before pytest-xdist imports
execnet; so are those of ``addopts`` and ``PYTEST_ADDOPTS``. Workers get the alias from their initiator. Those
in other interpreters and on other machines need not have us: they find an empty plugin of this name.

A pytest that a test starts as another process is a program of its own and not touched, except for those that
the ``pytester`` fixture starts: they are part of the test run, and get this plugin too.
"""

from __future__ import annotations

import os

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
# and would have them loaded again, each time with a new reactor, in every test that uses workers.
for _name in (
    "xnet.compat.execnet",
    "xnet.compat.gateway_base",
    "xnet.compat.multi",
    "xnet_channel.threads.channel_files",
    "xnet_channel.platform.reactor",
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
def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[XSpec]) -> None:
    """Send what workers print to nowhere, as execnet does, unless ``--tx`` says otherwise.

    Every worker of pytest-xdist runs a whole pytest that writes its own progress and summary; the controller
    shows them once, from the reports. ``--tx '4*popen//stdout=stderr'`` shows all of it.

    Where descriptor 2 is a terminal and pytest captures it in no worker (``-s``), what tests start has it
    there, as with execnet: it is a terminal for them, and a server that is left behind goes on logging to
    it. Elsewhere the last lines that a worker writes are worth more, once it has crashed.
    """
    shown = config.getoption("capture", "fd") != "fd" and os.isatty(2)
    for spec in specs:
        if spec.stdout is None:
            spec.stdout = "null"
        if spec.stderr is None and spec.popen and shown:
            spec.stderr = "inherit"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Have pytest-xdist say why a worker died, where it says that it did."""
    from xnet.worker_deaths import watch

    watch(node)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """In a worker, before its first test: have its captured output where it survives the worker."""
    path = getattr(item.config, "workerinput", {}).pop("xnet_captured_stderr", None)
    if path is not None:
        from xnet.worker_deaths import keep_captured

        keep_captured(path)


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_handlecrashitem(report: pytest.TestReport) -> None:
    """Say why the worker died in the line that names the test."""
    death = getattr(getattr(report, "node", None), "death", None)
    if death and isinstance(report.longrepr, str):
        report.longrepr += f": {death}"


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """Give this plugin to the processes that ``pytester`` starts.

    It removes ``PYTEST_ADDOPTS`` from their environment, and of its list ``plugins`` pytest 8 gives only the
    first: that place is the test's. So the command that all of them begin with is longer.
    """
    value = yield
    if fixturedef.argname == "pytester":
        command = (*value._getpytestargs(), "-p", __name__)
        value._getpytestargs = lambda: command
    return value
