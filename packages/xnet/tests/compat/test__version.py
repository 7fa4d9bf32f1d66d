"""The version of execnet that this is compatible with."""

from __future__ import annotations

import importlib.metadata

import pytest

from xnet.compat import _version


def test_it_is_the_release_that_everything_is_compared_with() -> None:
    assert _version.version == _version.__version__ == "2.1.2"
    assert _version.version_tuple == (2, 1, 2)
    try:
        installed = importlib.metadata.version("execnet")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("compares with released execnet, which is not installed")
    assert _version.version == installed
