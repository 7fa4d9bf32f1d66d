"""``xnet status``: what interpreters are reached, and what they do."""

from __future__ import annotations

import time

import click

from xnet.command_line import output, statuses
from xnet.command_line.app import handle_signals
from xnet.command_line.completion import complete_spec
from xnet.command_line.fleet import HURRY_S, Fleet, Member, Timeout
from xnet.command_line.redaction import hide_in_spec
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.threads.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

HEADS: Final = (
    "gateway",
    "specification",
    "version",
    "platform",
    "pid",
    "executing",
    "channels",
    "start",
    "executable",
)

EPILOG: Final = """\
\b
Examples:
  xnet status popen ssh=web1 ssh=web2 docker=db
  xnet status ssh=bastion//id=hop ssh=inner//via=hop
  xnet status ssh=web1 --json | jq '.[0].version'

\b
Exit status: 0 if all of them are reached and answer, 3 if not, 2 if the arguments could not be parsed, 124 if
--timeout expired. --json writes a list with an object for each SPEC; the key "error" is null or says why it
is not reached.
"""


@click.command(name="status", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=complete_spec)
@click.option(
    "--timeout", metavar="SECONDS", type=click.FloatRange(0, min_open=True), help="Wait at most this long."
)
@click.option("--json", "as_json", is_flag=True, help="Write a JSON list.")
def command(specs: tuple[str, ...], timeout: float | None, as_json: bool) -> int:
    """Connect to interpreters, all at the same time, and show what they are and what they do."""
    handle_signals()
    facts: dict[str, dict[str, Any]] = {}
    status = statuses.EXIT_DONE
    with Fleet(specs) as fleet:
        try:
            fleet.run(lambda member: facts.__setitem__(member.name, _ask(member)), timeout)
        except Timeout as error:
            status = statuses.EXIT_TIMEOUT
            late = str(error)
            fleet.close(HURRY_S)
            for member in fleet.members:
                facts.setdefault(member.name, _describe(member, late))
        found = [facts[member.name] for member in fleet.members]
    if status == statuses.EXIT_DONE and any(one["error"] for one in found):
        status = statuses.EXIT_UNREACHABLE
    if as_json:
        output.say_json(found, indent=2)
        return status
    rows = [_row(one) for one in found if not one["error"]]
    if rows:
        output.table(HEADS, rows)
    for one in found:
        if one["error"]:
            output.complain(f"{one['gateway']} ({one['spec']}): {one['error']}")
    return status


def _ask(member: Member) -> dict[str, Any]:
    gateway = member.gateway
    if gateway is None:
        return _describe(member, member.error)
    try:
        began_s = time.monotonic()
        remote = gateway.remote_status()
        answered_s = time.monotonic() - began_s
        info = gateway._rinfo()
    except (EOFError, OSError, RemoteError, RemoteProtocolError) as error:
        return _describe(member, f"it does not answer: {error}")
    return {
        **_describe(member, ""),
        "version": ".".join(str(part) for part in info.version_info[:3]),
        "languages": gateway.languages(),
        "platform": info.platform,
        "executable": info.executable,
        "cwd": info.cwd,
        "pid": info.pid,
        "numchannels": remote.numchannels,
        "numexecuting": remote.numexecuting,
        "numqueued": remote.numqueued,
        "execmodel": remote.execmodel,
        "answer_seconds": round(answered_s, 6),
    }


def _describe(member: Member, error: str) -> dict[str, Any]:
    return {
        "gateway": member.name,
        "spec": hide_in_spec(str(member.spec)),
        "error": error or None,
        "start_seconds": round(member.start_s, 6),
    }


def _row(one: dict[str, Any]) -> list[str]:
    words = [
        one["gateway"],
        one["spec"],
        one["version"],
        one["platform"],
        one["pid"],
        one["numexecuting"],
        one["numchannels"],
        f"{one['start_seconds']:.2f} s",
        one["executable"],
    ]
    return [str(word) for word in words]
