"""A pytest plugin for suites that test pytest plugins: the pytests they start run on xnet, too.

The fixture `pytester` throws PYTEST_ADDOPTS of the outer run away. This puts the option back for the inner
runs, in this process and in others. PYTEST_PLUGINS would not do: pytest reads it after it has loaded
pytest-xdist, and by then it is too late to stand in for execnet.

It is copied into the environment the suite runs in, where nothing else of this repository's tools is.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Set the option once `pytester` is ready; its own monkeypatch undoes that afterwards."""
    result = yield
    if fixturedef.argname == "pytester" and isinstance(result, pytest.Pytester):
        result._monkeypatch.setenv("PYTEST_ADDOPTS", "-p xnet.xdist")
    return result
