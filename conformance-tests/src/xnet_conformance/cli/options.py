"""Options that several subcommands share, and how they become a testee."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import attrs
import click

from xnet_conformance.errors import UsageError
from xnet_conformance.testee import Testee, from_command, read_testee

F = TypeVar("F", bound=Callable[..., Any])


def testee_options(function: F) -> F:
    """Add the options that name a testee."""
    for option in (
        click.option("-t", "--testee", required=True, help="A command, or a testee's file (.yaml)."),
        click.option(
            "--as",
            "role",
            type=click.Choice(["worker", "initiator", "adapter", "legacy"]),
            help="The role of the command.",
        ),
        click.option(
            "--feature", "features", multiple=True, help="A feature that its HELLO does not name, e.g. trace."
        ),
        click.option(
            "--stdio", type=click.Choice(["pipes", "socket"]), help="The kind of its stdin and stdout."
        ),
        click.option(
            "--fixtures", type=click.Path(path_type=Path, exists=True), help="Fixtures for its language."
        ),
        click.option("--timeout-scale", "scale", default=1.0, help="Multiplies all time limits."),
    ):
        function = option(function)
    return function


def make_testee(
    testee: str, role: str | None, features: tuple[str, ...], stdio: str | None, fixtures: Path | None
) -> Testee:
    """Return the testee that the options name.

    Raises:
        UsageError: They name none.
    """
    if testee.endswith((".yaml", ".yml")):
        path = Path(testee)
        if not path.exists():
            raise UsageError(f"no such file: {testee}")
        found = read_testee(path)
    else:
        found = from_command(testee)
    return attrs.evolve(
        found,
        role=role or found.role,
        features=(*found.features, *features),
        stdio=stdio or found.stdio,
        fixtures=(fixtures, *found.fixtures) if fixtures else found.fixtures,
    )
