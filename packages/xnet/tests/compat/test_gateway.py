"""The names of ``execnet.gateway`` are the public ones."""

from __future__ import annotations

import pytest

import xnet
from xnet.compat import gateway


def test_names() -> None:
    assert all(hasattr(gateway, name) for name in gateway.__all__)
    for name in ("Gateway",):
        assert getattr(gateway, name) == getattr(xnet, name)


def test_facts_about_an_interpreter_by_executing() -> None:
    with xnet.Group(["popen"]) as group:
        facts = group[0].remote_exec(gateway.rinfo_source).receive(10)
        assert facts == vars(group[0]._rinfo())


def test_what_is_not_here_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"is not part of xnet: give the function to Gateway\.rem"):
        gateway._source_of_function(print)
