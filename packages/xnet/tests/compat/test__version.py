"""The version under execnet's name for it."""

from __future__ import annotations

import xnet
from xnet.compat import _version


def test_version() -> None:
    assert _version.version == xnet.__version__
    assert [int(part) for part in _version.version.split(".")] >= [0, 1]
