"""``doctor`` and ``new-testee``: for somebody who begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from xnet_conformance.cli.options import make_testee, testee_options
from xnet_conformance.diagnosis import diagnose
from xnet_conformance.errors import UsageError
from xnet_conformance.reports.terminal import printable
from xnet_conformance.results import EXIT_FAILED, EXIT_OK
from xnet_conformance.specification import SUITE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.diagnosis import Finding

SKELETONS: Final = SUITE / "skeletons"
_COMMANDS: Final[Mapping[str, str]] = {".py": "{python} -u {here}/", ".mjs": "node {here}/"}


@click.command()
@testee_options
@click.pass_context
def doctor(context: click.Context, /, **options: Any) -> None:
    """Find out why a testee cannot be judged: its start, its first bytes, its HELLO, the first answers.

    Exit status: 0 if all steps are well, 1 if one is not.
    """
    testee = make_testee(*(options[name] for name in ("testee", "role", "features", "stdio", "fixtures")))
    good = True
    for finding in diagnose(testee, options["scale"]):
        show_finding(finding)
        good = good and finding.good
    context.exit(EXIT_OK if good else EXIT_FAILED)


def show_finding(finding: Finding) -> None:
    """Print one step of a diagnosis, and what to do if it is wrong."""
    click.secho(
        f"{'ok    ' if finding.good else 'WRONG '} {finding.step}", fg="green" if finding.good else "red"
    )
    for line in printable(finding.seen).splitlines():
        click.echo(f"         {line}")
    if not finding.good and finding.advice:
        click.echo(f"       -> {finding.advice}")


@click.command("new-testee")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--as", "role", type=click.Choice(["worker", "initiator", "adapter"]), default="worker")
@click.option("--language", type=click.Choice(["python", "javascript"]), default="python", show_default=True)
def new_testee(folder: Path, role: str, language: str) -> None:
    """Write a program to begin with, and the file that describes it, into a new FOLDER."""
    found = sorted(SKELETONS.glob(f"{language}/{role}.*"))
    if not found:
        have = ", ".join(sorted(f"{path.stem} in {path.parent.name}" for path in SKELETONS.glob("*/*.*")))
        raise UsageError(f"there is no skeleton of this kind; there are: {have}")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is there and is not empty: name a folder that is new")
    source = found[0]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    command = _COMMANDS[source.suffix] + source.name
    (folder / "testee.yaml").write_text(
        f'name: my {role}\ncommand: "{command}"\nrole: {role}\nfeatures: []\nexpectations: {{}}\n',
        encoding="utf-8",
    )
    click.echo(f"written: {folder / source.name}, {folder / 'testee.yaml'}")
    click.echo(f"next:    xnet-conformance doctor -t {folder / 'testee.yaml'}")
