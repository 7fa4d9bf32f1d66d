"""The steps from a specification to a gateway that works, one after the other until one fails."""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time

from xnet.command_line import probing
from xnet.command_line.advice import advise
from xnet.command_line.output import printable, size
from xnet.command_line.redaction import hide_in_message, hide_in_spec
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.errors import HostNotFound
from xnet_gateway.resolved import resolve
from xnet_gateway.sockets.addresses import is_path, parse_host_port
from xnet_gateway.source import PYTHON
from xnet_gateway.starting import begin
from xnet_gateway.transports.base import THIS_PYTHON, Address, Command
from xnet_gateway.xspec import XSpec
from xnet_wire.errors import DumpError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from typing import Any, Final

    from xnet_gateway.gateway import Gateway
    from xnet_gateway.resolved import Resolved

#: Round trips: at most this many, within this many seconds.
ROUND_TRIPS: Final = 100
ROUND_TRIPS_S: Final = 1.5
#: The longest wait for an answer, in seconds.
ANSWER_S: Final = 30.0
#: Speed: this many blocks at first, then as many as fit in about a second.
BLOCK_BYTES: Final = 262_144
FIRST_BLOCKS: Final = 1
MOST_BLOCKS: Final = 256
SPEED_S: Final = 0.5

#: Answers the questions about speed; every Python from 2.7 on runs it.
SPEED_SOURCE: Final = f"""\
block = b"x" * {BLOCK_BYTES}
for kind, count in channel:
    for number in range(count):
        if kind == 1:
            channel.receive()
        else:
            channel.send(block)
    channel.send(count)
"""


class Step:
    """What came of one step.

    Attributes:
        name: Of the step.
        ok: Whether it works; None if it could not be tried, or is not a condition.
        text: A sentence.
        advice: What to do, if it does not work.
        facts: The same for programs.
    """

    def __init__(
        self, name: str, ok: bool | None, text: str, advice: str = "", facts: dict[str, object] | None = None
    ) -> None:
        self.name = name
        self.ok = ok
        self.text = text
        self.advice = advice
        self.facts = facts or {}


class Failed(Exception):
    """A step failed, so the next ones make no sense."""

    def __init__(self, step: Step) -> None:
        super().__init__(step.text)
        self.step = step


def diagnose(
    text: str,
    number: int,
    gateways: Mapping[str, Gateway],
    timeout_s: float,
    keep: Callable[[Gateway], object],
) -> Iterator[Step]:
    """Try one step after the other; the last one is the one that failed, if one did.

    Args:
        text: The specification.
        number: Its place on the command line.
        gateways: By id, those that ``via`` may name.
        timeout_s: How long each of the first steps may take.
        keep: Called with the gateway, if there is one: the caller ends it.
    """
    try:
        resolved = yield from _specification(text, number, gateways)
        spec, route = resolved.spec, resolved.route if not resolved.spec.installvia else None
        if not spec.via and isinstance(route, Command):
            yield from _command(spec, route, timeout_s)
        elif not spec.via and isinstance(route, Address):
            yield _address(route, timeout_s)
        gateway = yield from _handshake(resolved, gateways, keep)
        yield from _ask(gateway)
    except Failed as failure:
        yield failure.step


def _specification(
    text: str, number: int, gateways: Mapping[str, Gateway]
) -> Generator[Step, None, Resolved]:
    try:
        spec = XSpec(text)
        if spec.id is None:
            spec.id = f"gw{number}"
        resolved = resolve(spec, fully=True)
    except (ValueError, AttributeError) as error:
        raise Failed(
            Step(
                "specification",
                False,
                hide_in_message(str(error), text),
                "docs/reach/README.md describes specifications",
            )
        ) from None
    for hop_key in ("via", "installvia"):
        hop = getattr(spec, hop_key)
        if hop and hop not in gateways:
            raise Failed(
                Step(
                    "specification",
                    False,
                    f"{hop_key}={hop} names no working gateway",
                    f"Give its specification, with id={hop}, before this one",
                )
            )
    key = resolved.key
    way = f"{key}, through gateway {spec.via}" if spec.via else key
    yield Step("specification", True, f"{hide_in_spec(text)}: by {way}", facts={"transport": key})
    return resolved


def _command(spec: XSpec, route: Command, timeout_s: float) -> Iterator[Step]:
    program = sys.executable if route.argv[0] == THIS_PYTHON else route.argv[0]
    path = shutil.which(program)
    if path is None and os.path.exists(program):
        raise Failed(Step("program", False, f"{program} cannot be executed", "Check its permissions"))
    if path is None:
        text = f"{program} does not exist, for {probing.shown(route.argv)}"
        raise Failed(Step("program", False, text, "Install it, or correct its name or the PATH"))
    yield Step("program", True, path, facts={"path": path})
    if spec.ssh:
        yield _ssh_host(route, timeout_s)
    probed = None
    if spec.worker is None:
        probed = probing.probe(route, timeout_s)
        if probed.facts is None:
            raise Failed(_why_no_answer(spec, route, probed, timeout_s))
        yield Step("start", True, f"{probing.shown(route.argv)} starts an interpreter")
        yield _noise(probed.noise, probed.words)
        yield from _python(probed.facts)


def _ssh_host(route: Command, timeout_s: float) -> Step:
    address = probing.ssh_address(route.argv, timeout_s)
    if address is None:
        return Step("host", None, "ssh goes through another program or host: checked in the next step")
    host, port = address
    where = f"{host} port {port}"
    try:
        words = probing.reach(host, port, timeout_s, listens_first=True)
    except OSError as error:
        text = f"{where} cannot be reached: {error.strerror or error}"
        raise Failed(Step("host", False, text, advise(text, "Check the network to that machine"))) from None
    if not words.startswith("SSH-"):
        text = f"{where} is reached, but no ssh server answers there; it said {printable(words)[:80]!r}"
        raise Failed(
            Step("host", False, text, "Check the port, and that sshd there accepts more connections")
        )
    return Step("host", True, f"{where} is reached, {printable(words.splitlines()[0])}")


def _address(route: Address, timeout_s: float) -> Step:
    if is_path(route.address):
        if not os.path.exists(route.address):
            raise Failed(
                Step(
                    "host",
                    False,
                    f"the socket {route.address} does not exist",
                    "Start a server: xnet serve --unix PATH",
                )
            )
        return Step("host", True, f"{route.address} is there")
    host, port = parse_host_port(route.address)
    try:
        probing.reach(host, port, timeout_s)
    except OSError as error:
        text = f"{route.address} cannot be reached: {error.strerror or error}"
        raise Failed(Step("host", False, text, advise(text, "Check the network to that machine"))) from None
    return Step("host", True, f"{route.address} is reached")


def _why_no_answer(spec: XSpec, route: Command, probed: probing.Probed, timeout_s: float) -> Step:
    """Find out which step it was in which no interpreter has answered."""
    said = _tail(probed.words) or _tail(probed.noise)
    words = f"; it said:\n{said}" if said else "; it said nothing"
    text = probed.words.decode("utf-8", "replace") + probed.noise.decode("utf-8", "replace") + probed.error
    shown = probing.shown(route.argv)
    if probed.error:
        return Step("start", False, probed.error, advise(text, "Run it by hand"))
    if probed.timed_out:
        return Step(
            "start",
            False,
            f"{shown} gave no answer within {timeout_s:g} s{words}",
            advise(
                text,
                "Run it by hand: it may wait for a password or a confirmation. Use --timeout to wait longer",
            ),
        )
    if len(probed.noise) > probing.KEPT_BYTES:
        return Step(
            "noise",
            False,
            f"more than {probing.KEPT_BYTES} bytes came but no answer from an interpreter{words}",
            advise("before it began an xnet connection", ""),
        )
    ended = f"{shown} ended with status {probed.returncode} and started no interpreter{words}"
    # ssh's own errors; everything else is that of what it has run.
    if spec.ssh and probed.returncode == 255:
        return Step("login", False, ended, advise(text, f"Run it by hand: {shown.rsplit(' ', 1)[0]} true"))
    if probed.returncode == 127 or "no python found" in text:
        return Step("python", False, ended, advise(text, "Name the interpreter: //python=/path/to/python3"))
    return Step("start", False, ended, advise(text, "Run it by hand and see what it does"))


def _tail(data: bytes) -> str:
    lines = data.decode("utf-8", "replace").strip().splitlines()[-5:]
    return "\n".join(f"    {printable(line)[:200]}" for line in lines)


def _noise(noise: bytes, words: bytes) -> Step:
    if not noise and not words:
        return Step("noise", True, "none", facts={"bytes": 0})
    parts = []
    if noise:
        parts.append(
            f"{len(noise)} bytes on standard output before the interpreter's, which are skipped (up to"
            f" {probing.KEPT_BYTES}):\n{_tail(noise)}"
        )
    if words:
        parts.append(f"{len(words)} bytes on standard error:\n{_tail(words)}")
    ok = len(noise) <= probing.KEPT_BYTES
    return Step("noise", ok, "; ".join(parts), facts={"bytes": len(noise), "stderr_bytes": len(words)})


def _python(facts: Mapping[str, object]) -> Iterator[Step]:
    yield Step("python", True, printable(str(facts.get("executable"))), facts=dict(facts))
    version = facts.get("version")
    numbers = tuple(version) if isinstance(version, list) else ()
    name = f"{facts.get('implementation')} {'.'.join(map(str, numbers))} on {facts.get('platform')}"
    if not ((2, 7) <= numbers < (3,) or numbers >= (3, 6)):
        raise Failed(
            Step(
                "version",
                False,
                f"{printable(name)}: too old",
                "Name another interpreter: //python=python3; 2.7, 3.6 and newer work",
            )
        )
    yield Step("version", True, printable(name))


def _handshake(
    resolved: Resolved, gateways: Mapping[str, Gateway], keep: Callable[[Gateway], object]
) -> Generator[Step, None, Gateway]:
    began_s = time.monotonic()
    spec = resolved.spec
    try:
        gateway = begin(spec, gateways.get(str(spec.via or spec.installvia)), resolved).finish()
    except (HostNotFound, ValueError, OSError, DumpError) as error:
        words = hide_in_message(str(error), str(spec))
        raise Failed(
            Step("handshake", False, words, advise(words, "EXECNET_DEBUG=2 xnet doctor ... shows more"))
        ) from None
    keep(gateway)
    seconds = time.monotonic() - began_s
    handshake = gateway.session.connection.handshake
    peer = handshake.peer
    major, minor = peer.version
    noise = f", {len(handshake.noise)} bytes of noise skipped" if handshake.noise else ""
    yield Step(
        "handshake",
        True,
        f"{printable(peer.implementation)}, protocol {major}.{minor}, after {seconds:.2f} s{noise}",
        facts={
            "implementation": peer.implementation,
            "protocol": f"{major}.{minor}",
            "seconds": round(seconds, 6),
        },
    )
    return gateway


def _ask(gateway: Gateway) -> Iterator[Step]:
    try:
        info = gateway._rinfo()
        version = ".".join(str(part) for part in info.version_info[:3])
        yield Step(
            "interpreter",
            True,
            printable(f"{info.executable} {version}, process {info.pid} in {info.cwd}"),
            facts={"executable": info.executable, "version": version, "pid": info.pid, "cwd": info.cwd},
        )
        yield _round_trip(gateway)
        languages = gateway.languages()
        if PYTHON in languages:
            yield _speed(gateway)
        else:
            yield Step("speed", None, f"executes {', '.join(languages)}, not Python: not measured")
    except (EOFError, OSError, RemoteError, RemoteProtocolError) as error:
        text = f"the connection did not last: {error}"
        raise Failed(
            Step("connection", False, text, advise(text, "Its standard error may say more"))
        ) from None


def _round_trip(gateway: Gateway) -> Step:
    times: list[float] = []
    end_s = time.monotonic() + ROUND_TRIPS_S
    while len(times) < ROUND_TRIPS and (not times or time.monotonic() < end_s):
        began_s = time.monotonic()
        if not gateway.session.ping(b"%d" % len(times), ANSWER_S):
            raise gateway.session.end_error or EOFError(f"no answer within {ANSWER_S:g} s")
        times.append(time.monotonic() - began_s)
    middle_s = statistics.median(times)
    text = f"{_time(middle_s)} (median of {len(times)}), slowest {_time(max(times))}"
    return Step("round trip", True, text, facts={"seconds": middle_s, "slowest_seconds": max(times)})


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.1f} ms"


def _speed(gateway: Gateway) -> Step:
    channel = gateway.remote_exec(SPEED_SOURCE)
    channel.reconfigure(py2str_as_py3str=False)
    block = b"x" * BLOCK_BYTES

    def measure(kind: int, count: int) -> float:
        began_s = time.monotonic()
        channel.send((kind, count))
        for _ in range(count):
            if kind == 1:
                channel.send(block)
            else:
                channel.receive(ANSWER_S)
        channel.receive(ANSWER_S)
        return max(time.monotonic() - began_s, 1e-6)

    rates: dict[str, Any] = {}
    for kind, name in ((1, "there"), (2, "back")):
        seconds, count = measure(kind, FIRST_BLOCKS), FIRST_BLOCKS
        more = min(MOST_BLOCKS, int(FIRST_BLOCKS * SPEED_S / seconds))
        if more > FIRST_BLOCKS:
            seconds, count = measure(kind, more), more
        rates[name] = count * BLOCK_BYTES / seconds
    channel.close()
    text = f"{size(rates['there'])}/s there, {size(rates['back'])}/s back"
    facts = {f"bytes_per_second_{name}": round(rate) for name, rate in rates.items()}
    return Step("speed", True, text, facts=facts)
