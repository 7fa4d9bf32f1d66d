"""``list`` and ``explain``: what the suite contains, without running anything."""

from __future__ import annotations

import textwrap
from typing import Final

import click

from xnet_conformance.case_files import load_cases, select
from xnet_conformance.errors import UsageError
from xnet_conformance.matrix import read_matrix
from xnet_conformance.mutation.mutant import known_mutants
from xnet_conformance.results import OUTCOMES
from xnet_conformance.specification import SUITE, requirements

#: The results of the repository's testees when they were last written there.
MATRIX: Final = SUITE / "matrix.json"


@click.command("list")
@click.argument("patterns", nargs=-1)
@click.option("--layer", "layers", multiple=True)
@click.option("--as", "role", help="Only cases for this role.")
def list_cases(patterns: tuple[str, ...], layers: tuple[str, ...], role: str | None) -> None:
    """List cases: id, roles, requirements, title."""
    for case in select(load_cases(), patterns, layers):
        if role is None or role in case.roles:
            click.echo(f"{case.id:48} {','.join(case.roles):18} {' '.join(case.req):24} {case.title}")


@click.command()
@click.argument("name")
def explain(name: str) -> None:
    """Explain a requirement (CH-010) or a case: sentences, cases, mutants, and which testees pass."""
    cases = load_cases()
    if name in requirements():
        row = requirements()[name]
        click.echo(f"{row.id} {row.level} for {' and '.join(row.roles)}, since {row.since}, {row.file}")
        click.echo(textwrap.fill(row.text, 100, initial_indent="  ", subsequent_indent="  "))
        found = [case for case in cases if name in case.req]
        click.echo(f"{len(found)} cases:")
        for case in found:
            click.echo(f"  {case.id:48} {','.join(case.roles):18} {case.title}")
        _more(name, {case.id for case in found})
        return
    found = [case for case in cases if case.id == name]
    if not found:
        raise UsageError(f"{name!r} is neither a requirement nor a case")
    case = found[0]
    click.echo(f"{case.id} ({case.layer}, {', '.join(case.roles)}, {case.source})\n  {case.title}")
    for id_ in case.req:
        click.echo(
            textwrap.fill(
                f"{id_}: {requirements()[id_].text}", 100, initial_indent="  ", subsequent_indent="    "
            )
        )
    if case.control:
        click.echo(f"  control: {case.control}")
    for step in case.steps:
        click.echo(f"  - {step}")
    _more(None, {case.id})


def _more(requirement: str | None, case_ids: set[str]) -> None:
    """Print the mutants that break a requirement or that a case kills, and which testees pass the cases."""
    mutants = [
        mutant for mutant in known_mutants() if requirement in mutant.breaks or mutant.killed_by in case_ids
    ]
    if mutants:
        click.echo("mutants:")
    for mutant in mutants:
        click.echo(f"  {mutant.id:32} {mutant.title}; killed by {mutant.killed_by} ({mutant.file})")
    if not MATRIX.exists():
        return
    click.echo("latest results of the repository's testees:")
    for one in read_matrix(MATRIX):
        outcomes = [outcome for id_ in case_ids if (outcome := one.found(id_)) is not None]
        counts = ", ".join(
            f"{outcomes.count(outcome)} {outcome}" for outcome in OUTCOMES if outcome in outcomes
        )
        click.echo(f"  {one.name:32} {counts or 'not evaluated'}")
