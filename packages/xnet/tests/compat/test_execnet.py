"""The module that ``import execnet`` gives under the alias."""

from __future__ import annotations

import pytest

import xnet
from xnet.compat import execnet


def test_its_public_names_are_execnets() -> None:
    real = pytest.importorskip("execnet", reason="compares with released execnet, which is not installed")
    assert set(execnet.__all__) == set(real.__all__)
    assert set(execnet.__all__) <= set(dir(execnet))


def test_everything_but_the_version_is_xnets() -> None:
    for name in set(execnet.__all__) - {"__version__"}:
        assert getattr(execnet, name) is getattr(xnet, name)
    assert execnet.__version__ == "2.1.2" != xnet.__version__


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="for which xnet stands, has no attribute '__x'"):
        execnet.__x  # noqa: B018
    with pytest.raises(AttributeError, match="'nothing'"):
        execnet.nothing  # noqa: B018
