"""`tools/dev.py coverage [AREA...]`: measure areas, print lines not executed, compare with areas.yaml."""

from __future__ import annotations

import math

import click

from check.tree import ROOT
from covered.areas import Area, read_areas
from covered.measuring import measure

AREAS = read_areas()


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(AREAS)), metavar="[AREA]...")
@click.pass_context
def main(context: click.Context, names: tuple[str, ...]) -> None:
    """Measure which lines and branches the tests of each AREA execute (all areas by default).

    Prints what they do not, and fails if that is more than tools/covered/areas.yaml allows. All areas take
    about as long as all tests.
    """
    problems = []
    for name in names or AREAS:
        percent, table = measure(ROOT, AREAS[name])
        click.echo(f"{table}\n{name}: {percent:.2f} %, expected {AREAS[name].percent} % or more\n")
        problems += judge(AREAS[name], percent)
    for problem in problems:
        click.echo(problem)
    context.exit(1 if problems else 0)


def judge(area: Area, percent: float) -> list[str]:
    """Return a sentence if an area has less than it should."""
    if math.floor(percent) >= area.percent:
        return []
    return [f"{area.name}: its tests execute {percent:.2f} % of it, {area.percent} % are expected"]
