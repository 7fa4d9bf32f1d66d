"""``doctor`` and ``new-testee``: for getting started."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from xnet_conformance.cli.options import make_testee, testee_options
from xnet_conformance.diagnosis import diagnose
from xnet_conformance.errors import UsageError
from xnet_conformance.reports.terminal import printable
from xnet_conformance.results import EXIT_FAILED, EXIT_OK
from xnet_conformance.specification import SUITE, TYPES_BY_CODE
from xnet_conformance.stubs import DOCUMENT, example, stub, tasks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.diagnosis import Finding

SKELETONS: Final = SUITE / "skeletons"
_COMMANDS: Final[Mapping[str, str]] = {".py": "{python} -u {here}/", ".mjs": "node {here}/"}


@click.command()
@testee_options
@click.pass_context
def doctor(context: click.Context, /, **options: Any) -> None:
    """Find out why a testee cannot be tested: its start, its first bytes, its HELLO, the first answers.

    Exit status: 0 if all steps succeed, 1 if one fails.
    """
    testee = make_testee(*(options[name] for name in ("testee", "role", "features", "stdio", "fixtures")))
    good = True
    for finding in diagnose(testee, options["scale"]):
        show_finding(finding)
        good = good and finding.good
    context.exit(EXIT_OK if good else EXIT_FAILED)


def show_finding(finding: Finding) -> None:
    """Print one step of a diagnosis, and what to do if it failed."""
    click.secho(
        f"{'ok    ' if finding.good else 'WRONG '} {finding.step}", fg="green" if finding.good else "red"
    )
    for line in printable(finding.seen).splitlines():
        click.echo(f"         {line}")
    if not finding.good and finding.advice:
        for line in finding.advice.splitlines():
            click.echo(f"       -> {line}")


@click.command("new-testee")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--as", "role", type=click.Choice(["worker", "initiator", "adapter"]), default="worker")
@click.option(
    "--language",
    type=click.Choice(["python", "javascript", "other"]),
    default="python",
    show_default=True,
    help="other: no program, but stubs of the fixtures that its worker must execute.",
)
@click.option("--suffix", default=".txt", show_default=True, help="Suffix of fixtures in another language.")
@click.option("--comment", default="#", show_default=True, help="How a comment begins in that language.")
def new_testee(folder: Path, role: str, language: str, suffix: str, comment: str) -> None:
    """Write a skeleton program, and the file that describes it, into a new FOLDER."""
    found = sorted(SKELETONS.glob(f"{language}/{role}.*"))
    if not found and (language, role) != ("other", "worker"):
        have = ", ".join(sorted(f"{path.stem} in {path.parent.name}" for path in SKELETONS.glob("*/*.*")))
        raise UsageError(f"no skeleton of this kind; there are: {have}")
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} exists and is not empty: name a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    if not found:
        _new_language(folder, suffix if suffix.startswith(".") else f".{suffix}", comment)
        return
    source = found[0]
    (folder / source.name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    _describe(folder, role, _COMMANDS[source.suffix] + source.name, "")
    click.echo(f"written: {folder / source.name}, {folder / 'testee.yaml'}")
    click.echo(f"next:    xnet-conformance doctor -t {folder / 'testee.yaml'}")


def _describe(folder: Path, role: str, command: str, more: str) -> None:
    (folder / "testee.yaml").write_text(
        f'name: my {role}\ncommand: "{command}"\nrole: {role}\nfeatures: []\n{more}expectations: {{}}\n',
        encoding="utf-8",
    )


def _new_language(folder: Path, suffix: str, comment: str) -> None:
    """Write the files for a worker in a language for which the suite has no fixtures."""
    fixtures = folder / "fixtures"
    fixtures.mkdir()
    (folder / "FIXTURES.md").write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    every = tasks()
    for task in every.values():
        (fixtures / f"{task.name}{suffix}").write_text(stub(task, comment), encoding="utf-8")
    _describe(folder, "worker", "{here}/worker", "fixtures: fixtures\n")
    click.echo(
        f"written: {folder / 'testee.yaml'}, {folder / 'FIXTURES.md'}, {len(every)} stubs in {fixtures}"
    )
    click.echo(f"next:    put your worker's command into {folder / 'testee.yaml'};")
    click.echo(f"         xnet-conformance doctor -t {folder / 'testee.yaml'};")
    click.echo(f"         write {fixtures / ('echo' + suffix)}; docs/a-worker-in-a-day.md describes the rest")


@click.command()
@click.argument("names", nargs=-1)
def fixtures(names: tuple[str, ...]) -> None:
    """Print what workers are asked to execute: the document, or the tasks NAMES and how Python does them."""
    every = tasks()
    for name in names:
        if name not in every:
            raise UsageError(f"unknown task {name!r}; there are: {', '.join(every)}")
        task = every[name]
        click.echo(f"{task.name}: {task.does}")
        if task.arguments:
            click.echo(f"arguments: {task.arguments}")
        if example(task):
            click.echo(f"in Python:\n\n{textwrap.indent(example(task), '    ')}")
    if not names:
        click.echo(DOCUMENT.read_text(encoding="utf-8"), nl=False)


@click.command("raw-client")
def raw_client() -> None:
    """Print a short program to talk to a worker by hand, frame by frame, for experiments."""
    names = [TYPES_BY_CODE[code].name for code in range(128) if code in TYPES_BY_CODE]
    text = (SKELETONS / "raw_client.py").read_text(encoding="utf-8")
    click.echo(text.replace("NAMES = []", f"NAMES = {json.dumps(names)}"), nl=False)
