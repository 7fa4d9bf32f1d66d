"""The default group."""

from __future__ import annotations

import xnet_group
from xnet_group import default


def test_the_short_names_belong_to_the_default_group() -> None:
    assert isinstance(default.default_group, xnet_group.Group)
    assert xnet_group.default_group is default.default_group
    assert default.makegateway.__self__ is default.default_group  # type: ignore[attr-defined]
    assert default.set_execmodel.__self__ is default.default_group  # type: ignore[attr-defined]


def test_package_names_are_lazy_and_listed() -> None:
    assert {"Group", "MultiChannel", "default_group"} <= set(dir(xnet_group))
    assert not hasattr(xnet_group, "no_such_name")
