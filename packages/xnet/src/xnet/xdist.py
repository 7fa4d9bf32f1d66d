"""The pytest plugin ``-p xnet.xdist``: pytest-xdist runs on xnet instead of execnet.

``-p`` plugins are imported before all others, so the alias is there before pytest-xdist imports
execnet. Workers get it from their initiator.
"""

from __future__ import annotations

import pytest

from xnet import alias

try:
    alias.install()
except RuntimeError as error:
    raise pytest.UsageError(str(error)) from error


def pytest_report_header() -> str:
    """Say in the header of the test run what is under pytest-xdist."""
    import xnet

    return f"xnet: {xnet.__version__} stands for execnet"
