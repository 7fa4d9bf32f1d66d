"""The names of ``execnet.gateway`` are the public ones."""

from __future__ import annotations

import os
from typing import Any

import pytest

import xnet
from xnet.compat import gateway


def test_names() -> None:
    assert all(hasattr(gateway, name) for name in gateway.__all__)
    for name in ("Gateway",):
        assert getattr(gateway, name) == getattr(xnet, name)


def test_facts_about_an_interpreter_by_executing() -> None:
    with xnet.Group(["popen"]) as group:
        facts = group[0].remote_exec(gateway.rinfo_source).receive(200)
        assert facts == vars(group[0]._rinfo())


def sent(channel: object) -> None:
    pass


def test_the_source_of_a_function_that_can_be_sent() -> None:
    def inner(channel: object) -> None:
        pass

    assert gateway._source_of_function(sent) == "def sent(channel: object) -> None:\n    pass\n"
    assert gateway._source_of_function(inner) == "def inner(channel: object) -> None:\n    pass\n"


def test_the_source_of_others_is_refused() -> None:
    made: dict[str, Any] = {}
    exec("def made(channel): pass", made)

    def with_global(channel: object) -> None:
        os.getpid()

    def wrong(other: object) -> None: ...

    for function in (lambda channel: 1, made["made"], with_global, wrong):
        with pytest.raises(ValueError, match="cannot send"):
            gateway._source_of_function(function)


def test_global_names_that_are_no_builtins() -> None:
    source = "def f(channel, a):\n    b = sys, len(a)\n    channel.send(dict(os=b))\n    return re\n"
    code = compile(source, "f.py", "exec").co_consts[0]
    assert gateway._find_non_builtin_globals(source, code) == ["re", "sys"]
