"""``xnet rsync``: one directory to any number of places."""

from __future__ import annotations

import contextlib
import os

import click

from xnet.command_line import output, statuses
from xnet.command_line.app import handle_signals
from xnet.command_line.completion import complete_spec
from xnet.command_line.fleet import Fleet, Member, why_no_python
from xnet.command_line.redaction import hide_in_message, hide_in_spec
from xnet.command_line.targets import parse_target
from xnet_rsync.errors import SyncError
from xnet_rsync.rsync import RSync

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from xnet.command_line.progress import Bars
    from xnet_gateway.gateway import Gateway
    from xnet_rsync.result import SyncResult, TargetResult

EPILOG = """\
\b
Examples:
  xnet rsync src/ ssh=web1:/srv/app ssh=web2:/srv/app
  xnet rsync src/ docker=db:/data --delete --dry-run
  xnet rsync . popen:/backup --exclude .git --exclude '*.pyc'
  xnet rsync build/ ssh=inner//via=hop:/srv/app --through ssh=bastion//id=hop

DEST becomes a copy of SRC, whether SRC ends in / or not; it is created if missing. It begins after the
last colon that is followed by a path: a path begins with /, ./ or ../, where . is the directory in which the
interpreter runs (chdir=). A DEST directly after a value of env: is refused, since it could be a part of it.

Patterns are those of .gitignore: without a slash a name at any depth, with one a path below SRC,
* and ? and **, a slash at the end for directories, ! for what an earlier pattern matched.

\b
Exit status: 0, 1 if something could not be copied, 2 if the arguments could not be parsed, 3 if an
interpreter cannot be reached. A failure of one target does not affect the others.
"""


@click.command(name="rsync", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("source", metavar="SRC", type=click.Path(exists=True))
@click.argument("targets", metavar="SPEC:DEST...", nargs=-1, required=True, shell_complete=complete_spec)
@click.option("--delete", is_flag=True, help="Remove what SRC does not have, and what is excluded.")
@click.option("--exclude", metavar="PATTERN", multiple=True, help="Exclude what matches. Can be repeated.")
@click.option(
    "--include", metavar="PATTERN", multiple=True, help="Copy only files that match. Can be repeated."
)
@click.option("-n", "--dry-run", is_flag=True, help="Change nothing; say what would be done.")
@click.option(
    "-c", "--checksum", is_flag=True, help="Compare contents even where size and time are the same."
)
@click.option(
    "--compress/--no-compress", default=None, help="Compress; the default for targets on other machines."
)
@click.option(
    "--delta/--no-delta",
    default=None,
    help="Send only the changed parts of a file; same default as --compress.",
)
@click.option("--fsync", is_flag=True, help="Write files to disk before they get their names.")
@click.option(
    "--setuid",
    is_flag=True,
    help="Keep setuid and setgid bits where the user or group has the same number there; else drop them.",
)
@click.option(
    "--through",
    metavar="SPEC",
    multiple=True,
    help="A gateway for targets to name with via=. Can be repeated.",
)
@click.option("-v", "--verbose", is_flag=True, help="Name each file that is sent.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless something goes wrong.")
@click.option("--json", "as_json", is_flag=True, help="Write a JSON object when it is done.")
def command(
    source: str,
    targets: tuple[str, ...],
    delete: bool,
    exclude: tuple[str, ...],
    include: tuple[str, ...],
    dry_run: bool,
    checksum: bool,
    compress: bool | None,
    delta: bool | None,
    fsync: bool,
    setuid: bool,
    through: tuple[str, ...],
    verbose: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Copy a directory, or a file, to any number of places at the same time; only what changed travels."""
    handle_signals()
    parsed = [parse_target(text) for text in targets]
    shows = not (as_json or quiet)
    fleet = Fleet([*through, *(spec for spec, _ in parsed)])
    places = list(zip(fleet.members[len(through) :], (dest for _, dest in parsed), strict=True))
    with fleet:
        fleet.run(lambda member: None)
        for member, _ in places:
            if member.gateway is not None:
                member.error = why_no_python(member.gateway)
        reached = [
            (member.gateway, dest)
            for member, dest in places
            if member.gateway is not None and not member.error
        ]
        with _maybe_bars([f"{one.id}:{dest}" for one, dest in reached], shows and not dry_run) as bars:
            sync = _Sync(
                source,
                bars,
                names_files=verbose and shows,
                include=include or None,
                exclude=exclude or None,
                checksum=checksum,
                compress=compress,
                delta=delta,
                fsync=fsync,
                setuid=setuid,
                progress=bars.update if bars is not None else None,
            )
            for gateway, dest in reached:
                sync.add_target(gateway, dest, delete=delete)
            result = _run(sync, dry_run) if reached else None
    return _report(source, places, result, dry_run=dry_run, shows=shows, as_json=as_json)


class _Sync(RSync):
    """A sync that names files as we want them."""

    def __init__(self, source: str, bars: Bars | None, *, names_files: bool, **options: Any) -> None:
        super().__init__(source, verbose=names_files, **options)
        self._bars = bars
        self._names_files = names_files

    def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
        if not self._names_files:
            return
        line = f"{gateway.id}: {modified_rel_path}"
        if self._bars is not None:
            self._bars.say(line)
        else:
            output.say(line)


@contextlib.contextmanager
def _maybe_bars(names: list[str], wanted: bool) -> Iterator[Bars | None]:
    if not (wanted and names and output.is_terminal()):
        yield None
        return
    from xnet.command_line.progress import Bars  # rich takes its time to load

    with Bars(names) as bars:
        yield bars


def _run(sync: RSync, dry_run: bool) -> SyncResult | None:
    try:
        return sync.dry_run() if dry_run else sync.send()
    except SyncError as error:
        return error.result


def _report(
    source: str,
    places: list[tuple[Member, str]],
    result: SyncResult | None,
    *,
    dry_run: bool,
    shows: bool,
    as_json: bool,
) -> int:
    # A gateway has one target: each SPEC:DEST starts its own.
    by_name = {one.gateway: one for one in result.targets} if result is not None else {}
    found = [(member, dest, by_name.get(member.name)) for member, dest in places]
    status = statuses.EXIT_DONE
    if result is not None and result.errors:
        status = statuses.EXIT_FAILED
    if any(member.error for member, _ in places):
        status = statuses.EXIT_UNREACHABLE
    if as_json:
        output.say_json(_as_json(source, found, result, dry_run), indent=2)
        return status
    for member, dest, one in found:
        if one is None:
            output.complain(f"{member.name}:{dest}: {hide_in_message(member.error, str(member.spec))}")
        elif shows:
            _show_target(one, dry_run)
    if result is not None:
        for error in result.errors:
            output.complain(_sentence(error))
        for path in result.skipped:
            output.complain(f"left out, since it is not a file, directory or link: {output.printable(path)}")
    return status


def _sentence(error: str) -> str:
    """Return what a receiver's traceback comes to; anything else as it is."""
    front, found, _ = error.partition("Traceback (most recent call last):")
    return f"{front}{error.rstrip().splitlines()[-1]}" if found else error


def _show_target(one: TargetResult, dry_run: bool) -> None:
    if dry_run:
        for action in one.planned:
            size = f" ({output.size(action.size)})" if action.size else ""
            output.say(f"{one.name}: {action.action} {output.printable(action.path) or '.'}{size}")
    for path in one.removed:
        if dry_run:
            output.say(f"{one.name}: remove {output.printable(path)}")
    if dry_run:
        if one.removed_count > len(one.removed):
            output.say(f"{one.name}: remove {one.removed_count - len(one.removed)} more")
        output.say(f"{one.name}: {len(one.planned)} to change, {one.removed_count} to remove")
        return
    removed = f", {one.removed_count} removed" if one.removed else ""
    output.say(
        f"{one.name}: {one.files_done} of {one.files_needed} files, {output.size(one.bytes_done)} brought"
        f" up to date by sending {output.size(one.bytes_sent)}{removed}, {one.seconds:.2f} s"
    )


def _as_json(
    source: str,
    found: list[tuple[Member, str, TargetResult | None]],
    result: SyncResult | None,
    dry_run: bool,
) -> dict[str, Any]:
    return {
        "source": os.fsdecode(source),
        "dry_run": dry_run,
        "seconds": round(result.seconds, 6) if result is not None else 0.0,
        "skipped": list(result.skipped) if result is not None else [],
        "unreadable": list(result.unreadable) if result is not None else [],
        "targets": [
            {
                "gateway": member.name,
                "spec": hide_in_spec(str(member.spec)),
                "destination": dest,
                "errors": [hide_in_message(member.error, str(member.spec))]
                if one is None
                else [_sentence(error) for error in one.errors],
                **({} if one is None else _numbers(one)),
                **({} if one is None or not dry_run else {"planned": _planned(one)}),
            }
            for member, dest, one in found
        ],
    }


def _numbers(one: TargetResult) -> dict[str, Any]:
    names = ("files_needed", "files_done", "bytes_needed", "bytes_done", "bytes_sent", "bytes_saved")
    return {
        **{name: getattr(one, name) for name in names},
        "removed": one.removed,
        "removed_count": one.removed_count,
        "vanished": one.vanished,
        "finished": one.finished,
        "seconds": round(one.seconds, 6),
    }


def _planned(one: TargetResult) -> list[dict[str, Any]]:
    return [{"action": each.action, "path": each.path, "size": each.size} for each in one.planned]
