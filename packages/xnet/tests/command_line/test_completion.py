from __future__ import annotations

import click
import pytest

from xnet.command_line.completion import BEGINNINGS, complete_spec
from xnet_gateway.transports.base import KEYS


@pytest.mark.parametrize(("typed", "offered"), [("ss", ["ssh="]), ("so", ["socket="]), ("zz", [])])
def test_what_goes_with_what_was_typed(typed: str, offered: list[str]) -> None:
    context, parameter = click.Context(click.Command("exec")), click.Argument(["specs"])
    assert [item.value for item in complete_spec(context, parameter, typed)] == offered


def test_every_transport_is_offered() -> None:
    assert {text.partition("=")[0].partition("//")[0] for text, _ in BEGINNINGS} == set(KEYS)
