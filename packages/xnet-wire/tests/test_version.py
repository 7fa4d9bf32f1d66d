from __future__ import annotations

import platform
import sys
from importlib.metadata import version

from xnet_wire.version import __version__, implementation


def test_the_version_is_that_of_the_distribution() -> None:
    assert __version__ == version("xnet-wire")


def test_the_implementation_names_this_program_and_the_interpreter() -> None:
    interpreter = f"{sys.implementation.name}-{platform.python_version().rstrip('+')}"
    assert implementation() == f"xnet/{version('xnet-wire')} {interpreter}"
