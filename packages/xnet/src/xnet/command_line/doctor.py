"""``xnet doctor``: find out step by step why an interpreter cannot be reached."""

from __future__ import annotations

import time

import click

from xnet.command_line import output, statuses
from xnet.command_line.app import handle_signals
from xnet.command_line.completion import complete_spec
from xnet.command_line.diagnosis import Step, diagnose
from xnet.command_line.redaction import hide_in_spec
from xnet_group.termination import terminate_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from xnet_gateway.gateway import Gateway

#: How long gateways get to end, in seconds.
END_S: Final = 2.0
WIDTH: Final = 14

EPILOG: Final = """\
\b
Examples:
  xnet doctor ssh=web1
  xnet doctor docker=db//python=python3.9
  xnet doctor ssh=bastion//id=hop ssh=inner//via=hop
  xnet doctor socket=10.0.0.7:8888//secret_file=secret --json

\b
The steps, of which each way to an interpreter has some:
  specification  it can be parsed
  program        the program that leads there exists on this machine (ssh, docker, an interpreter)
  host           the machine answers at its port
  start          the program starts an interpreter, as it would for a gateway
  noise          what others write before it: greetings of shells, banners
  python         which interpreter it is
  version        that it is not too old
  handshake      the worker runs there and speaks the protocol
  interpreter    what it says about itself
  round trip     how long an answer takes
  speed          how much goes each way in a second

\b
Exit status: 0 if all steps work, 3 if one failed, 2 if it could not be parsed. --json writes a list
with an object for each SPEC; "failed" is null, or the name of the step.
"""


@click.command(name="doctor", epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True, shell_complete=complete_spec)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    help="How long a step before the handshake may take. Default: 30.",
)
@click.option("--json", "as_json", is_flag=True, help="Write a JSON list.")
def command(specs: tuple[str, ...], timeout: float, as_json: bool) -> int:
    """Check the way to an interpreter step by step, and say what works and how to fix what does not.

    Several are tried one after the other; later ones may go through earlier ones with via=ID.
    """
    handle_signals()
    gateways: dict[str, Gateway] = {}
    found: list[dict[str, Any]] = []
    status = statuses.EXIT_DONE
    try:
        for number, text in enumerate(specs):
            shown = hide_in_spec(text)
            if len(specs) > 1 and not as_json:
                output.say(f"{'' if not number else chr(10)}{output.printable(shown)}")
            steps: list[dict[str, Any]] = []
            failed: str | None = None
            began_s = time.monotonic()
            for step in diagnose(
                text, number, gateways, timeout, lambda one: gateways.setdefault(one.id, one)
            ):
                if not as_json:
                    _show(step)
                seconds, began_s = time.monotonic() - began_s, time.monotonic()
                steps.append(_as_json(step, seconds))
                if step.ok is False:
                    failed = step.name
            found.append({"spec": shown, "failed": failed, "steps": steps})
            if failed is not None:
                worse = statuses.EXIT_MISTAKE if failed == "specification" else statuses.EXIT_UNREACHABLE
                status = max(status, worse)
    finally:
        terminate_all(list(gateways.values()), time.monotonic() + END_S)
    if as_json:
        output.say_json(found, indent=2)
    return status


def _show(step: Step) -> None:
    word = {True: "ok", False: "FAILED", None: "-"}[step.ok].ljust(8)
    if output.has_colours():
        colour = {True: "32", False: "1;31", None: "2"}[step.ok]
        word = f"\x1b[{colour}m{word}\x1b[0m"
    first, *others = output.printable_lines(step.text).split("\n")
    output.say(f"{word}{step.name.ljust(WIDTH)} {first}")
    for line in others:
        output.say(f"{'':8}{'':{WIDTH}} {line}")
    if step.ok is False and step.advice:
        output.say(f"{'':8}{'what to do'.ljust(WIDTH)} {step.advice}")


def _as_json(step: Step, seconds: float) -> dict[str, Any]:
    return {
        "step": step.name,
        "ok": step.ok,
        "text": step.text,
        "advice": step.advice or None,
        "seconds": round(seconds, 6),
        **({"facts": step.facts} if step.facts else {}),
    }
