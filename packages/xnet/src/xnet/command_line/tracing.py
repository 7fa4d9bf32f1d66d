"""``xnet trace``: the traces of several processes as one timeline, here or for Perfetto."""

from __future__ import annotations

import shutil
import sys
import tempfile

import click

from xnet.command_line import output, statuses
from xnet.command_line.perfetto import write_events
from xnet.command_line.timeline import Moment, Timeline
from xnet.command_line.trace_reading import SENT, WORKER, Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

#: This many lines are written at a time.
LINES_AT_ONCE: Final = 256

EPILOG: Final = """\
\b
Examples:
  xnet trace /tmp/t-*.jsonl      after  XNET_TRACE_JSON=/tmp/t python program.py
  xnet trace log                 after  EXECNET_DEBUG=2 python program.py 2> log
  xnet trace /tmp/t-*.jsonl --gateway gw3 --channel 1
  xnet trace /tmp/t-*.jsonl --perfetto trace.json

FILE is what a process writes with EXECNET_DEBUG=1 (execnet-debug-PID in the directory for temporary files)
or XNET_TRACE_JSON=PREFIX (PREFIX-PID.jsonl), or standard error with EXECNET_DEBUG=2, for any number of
processes; - is standard input. Other lines are left out and counted. To trace a worker on another machine,
add //env:XNET_TRACE_JSON=PREFIX to its specification; the file is written there.

Times are seconds since the first entry. Clocks of several machines are aligned by the frames between them.
Text has no times: its order is that of each file, and no frame is received before it was sent.

\b
Exit status: 0, 1 if a FILE cannot be read or has no trace, 2 if the arguments could not be parsed.
"""


@click.command(name="trace", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@click.option(
    "--gateway", metavar="ID", multiple=True, help="Only this gateway, at both ends. Can be repeated."
)
@click.option(
    "--channel", metavar="N", multiple=True, type=int, help="Only frames of this channel. Can be repeated."
)
@click.option("--perfetto", metavar="FILE", help="Write a file for Perfetto instead; - is standard output.")
@click.option(
    "--json", "as_json", is_flag=True, help="Write a JSON object for each entry, with aligned times."
)
def command(
    files: tuple[str, ...],
    gateway: tuple[str, ...],
    channel: tuple[int, ...],
    perfetto: str | None,
    as_json: bool,
) -> int:
    """Read the traces of any number of processes and show them as one timeline."""
    if perfetto is not None and (as_json or gateway or channel):
        raise click.UsageError(
            "--perfetto writes everything, and no timeline: expected no --json, --gateway, --channel"
        )
    with tempfile.TemporaryDirectory(prefix="xnet-trace-") as folder:
        readers = [Reader(_spooled(folder) if path == "-" else path) for path in files]
        try:
            timeline = Timeline(readers)
        except OSError as error:
            output.complain(f"cannot read the trace {error.filename!r}: {error.strerror or error}")
            return statuses.EXIT_FAILED
        status = _note_losses(readers, files)
        if perfetto is not None:
            _write_perfetto(timeline, perfetto)
        else:
            _write_timeline(timeline, set(gateway), set(channel), as_json)
    return status


def _spooled(folder: str) -> str:
    """Keep standard input, since it is read twice."""
    path = f"{folder}/standard-input"
    with open(path, "wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def _note_losses(readers: Sequence[Reader], names: Sequence[str]) -> int:
    status = statuses.EXIT_DONE
    for reader, name in zip(readers, names, strict=True):
        if not reader.count:
            output.complain(f"{name!r} has no trace, only {_lines(reader.foreign)} of something else")
            status = statuses.EXIT_FAILED
        elif reader.foreign:
            output.complain(f"left out of {name!r} because it is not a trace: {_lines(reader.foreign)}")
        if reader.cut:
            output.complain(
                f"{name!r} ends in the middle of a line: its process was killed, or is still writing"
            )
    return status


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"


def _write_perfetto(timeline: Timeline, path: str) -> None:
    if path == "-":
        count = write_events(timeline, lambda text: output.write_out(text.encode()))
    else:
        with open(path, "w", encoding="ascii") as file:
            count = write_events(timeline, file.write)
        output.complain(f"{count} entries written to {path}: open it at ui.perfetto.dev")


def _write_timeline(timeline: Timeline, gateways: set[str], channels: set[int], as_json: bool) -> None:
    width = max((len(side) for _, side, _ in timeline.counts), default=0)
    lines: list[str] = []
    for moment in timeline.moments():
        entry = moment.entry
        if gateways and moment.end[1].removesuffix(WORKER) not in gateways:
            continue
        if channels and not (entry.direction and entry.channel in channels):
            continue
        lines.append(output.dumps(_as_dictionary(moment)) if as_json else _as_line(moment, width))
        if len(lines) >= LINES_AT_ONCE:
            output.say("\n".join(lines))
            lines = []
    if lines:
        output.say("\n".join(lines))


def _as_line(moment: Moment, width: int) -> str:
    entry = moment.entry
    time = f"{moment.ns / 1e9:12.6f}" if moment.ns is not None else f"{'':12}"
    front = f"{time}  {entry.pid or '':>7}  {output.printable(entry.side):<{width}}"
    if not entry.direction:
        return f"{front}  {output.printable(entry.event)}"
    arrow = "->" if entry.direction == SENT else "<-"
    where = f"channel {entry.channel}, " if entry.channel else ""
    return f"{front}  {arrow} {entry.kind} {where}{entry.length} bytes"


def _as_dictionary(moment: Moment) -> dict[str, object]:
    entry = moment.entry
    front = {"ns": moment.ns, "pid": entry.pid, "side": entry.side}
    if not entry.direction:
        return {**front, "event": entry.event}
    frame = {"dir": entry.direction, "type": entry.kind, "channel": entry.channel, "length": entry.length}
    return {**front, **frame}
