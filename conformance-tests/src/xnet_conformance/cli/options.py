"""Options that several subcommands have, and how they become a testee."""

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
        click.option("-t", "--testee", required=True, help="A command, or the file of a testee (.yaml)."),
        click.option(
            "--as",
            "role",
            type=click.Choice(["worker", "initiator", "adapter", "legacy"]),
            help="What the command is.",
        ),
        click.option(
            "--feature", "features", multiple=True, help="Something it can do beyond its HELLO, e.g. trace."
        ),
        click.option(
            "--stdio", type=click.Choice(["pipes", "socket"]), help="What its stdin and stdout are."
        ),
        click.option(
            "--fixtures", type=click.Path(path_type=Path, exists=True), help="Fixtures for its language."
        ),
        click.option("--timeout-scale", "scale", default=1.0, help="Stretches all time limits."),
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
            raise UsageError(f"there is no file {testee}")
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
