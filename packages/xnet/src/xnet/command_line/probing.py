"""Small questions about the way to an interpreter: does it lead anywhere, and what is there.

What a probe runs is exactly what a gateway would run, with another text sent to it: so a probe that works
means that a gateway gets as far.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import shlex
import socket
import subprocess
import sys
import time

from xnet_gateway.child_environment import child_environment
from xnet_gateway.transports.base import THIS_PYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO, Final

    from xnet_gateway.transports.base import Command

#: More of what is said is not kept, in bytes: the protocol does not accept more noise either.
KEPT_BYTES: Final = 65536
#: How much is read of the other side's first words, in bytes.
BANNER_BYTES: Final = 256
#: How long a program gets to end once its answer has come, in seconds.
END_S: Final = 5.0

#: What the interpreter is sent. The newline before it ends a line that something else has begun.
PROBE: Final = """\
import os, sys, json, platform
facts = {{"executable": sys.executable, "version": list(sys.version_info[:3]), "platform": sys.platform,
    "implementation": platform.python_implementation(), "pid": os.getpid()}}
os.write(1, ("\\n{mark}" + json.dumps(facts) + "\\n").encode("ascii"))
"""


class Probed:
    """What came of a probe.

    Attributes:
        facts: What the interpreter said of itself; None if none said anything.
        noise: What something else wrote to standard output before it.
        words: What was written to standard error.
        returncode: Exit status of the program; None if it had to be ended.
        timed_out: Whether it was still there when the time was over.
        error: Why the program could not be started.
    """

    def __init__(self) -> None:
        self.facts: dict[str, object] | None = None
        self.noise = b""
        self.words = b""
        self.returncode: int | None = None
        self.timed_out = False
        self.error = ""


def probe(command: Command, timeout_s: float) -> Probed:
    """Start an interpreter as a gateway would and ask it what it is. Bounded in time and memory.

    Args:
        command: The route to it.
        timeout_s: How long to wait for its answer.
    """
    result = Probed()
    mark = f"xnet-probe-{secrets.token_hex(8)} "
    text = PROBE.format(mark=mark).encode()
    try:
        process = subprocess.Popen(
            [sys.executable if word == THIS_PYTHON else word for word in command.argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=command.cwd if command.cwd is not None and os.path.isdir(command.cwd) else None,
            env=child_environment(command.env),
        )
    except OSError as error:
        result.error = f"cannot start {command.argv[0]!r}: {error.strerror or error}"
        return result
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AssertionError("asked for as pipes")
    try:
        with process.stdin, process.stdout, process.stderr:
            try:
                process.stdin.write(b"%06d" % len(text) + text)
            except OSError:
                pass  # it has ended; why is in its words
            said = _listen(process.stdout, process.stderr, f"\n{mark}".encode(), timeout_s, result)
    finally:
        _end(process, result)
    noise, found, rest = said.partition(f"\n{mark}".encode())
    result.noise = noise
    if found:
        try:
            facts = json.loads(rest.partition(b"\n")[0])
        except ValueError:
            facts = None
        result.facts = facts if isinstance(facts, dict) else None
    return result


def _listen(stdout: IO[bytes], stderr: IO[bytes], mark: bytes, timeout_s: float, result: Probed) -> bytes:
    """Read both until the answer is complete, both have ended, or the time is over."""
    deadline_s = time.monotonic() + timeout_s
    said = {stdout.fileno(): b"", stderr.fileno(): b""}
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        selector.register(stderr, selectors.EVENT_READ)
        while selector.get_map():
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                result.timed_out = True
                break
            for key, _ in selector.select(left_s):
                data = os.read(key.fd, 4096)
                if not data:
                    selector.unregister(key.fileobj)
                said[key.fd] += data
                if key.fileobj is stderr:
                    said[key.fd] = said[key.fd][-KEPT_BYTES:]
            out = said[stdout.fileno()]
            if (mark in out and b"\n" in out.partition(mark)[2]) or len(out) > 2 * KEPT_BYTES:
                break
    result.words = said[stderr.fileno()]
    return said[stdout.fileno()]


def _end(process: subprocess.Popen[bytes], result: Probed) -> None:
    if result.timed_out:
        process.kill()
        process.wait()
        return
    try:
        result.returncode = process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ssh_address(argv: Sequence[str], timeout_s: float) -> tuple[str, int] | None:
    """Return where ssh would connect to, by its own configuration.

    Args:
        argv: The command line of the transport, whose last word is what is run there.
        timeout_s: How long ssh may take to read its configuration.

    Returns:
        None if it goes another way (a jump host, a proxy command), or does not say.
    """
    try:
        done = subprocess.run(
            [argv[0], "-G", *argv[1:-1]],
            stdin=subprocess.DEVNULL,
            env=child_environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    options = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    port = options.get("port", "")
    if done.returncode or not options.get("hostname") or not port.isdecimal():
        return None
    if options.get("proxyjump", "none") != "none" or options.get("proxycommand", "none") != "none":
        return None
    return options["hostname"], int(port)


def reach(host: str, port: int, timeout_s: float, *, listens_first: bool = False) -> str:
    """Connect to a port and let go of it again.

    Args:
        host: Name or address.
        port: Its port.
        timeout_s: How long to wait.
        listens_first: Whether the other side speaks first; what it says is returned.

    Returns:
        Its first words, if they were asked for.

    Raises:
        OSError: It cannot be reached.
    """
    with socket.create_connection((host, port), timeout_s) as connection:
        if not listens_first:
            return ""
        connection.settimeout(timeout_s)
        return connection.recv(BANNER_BYTES).decode("utf-8", "replace").strip()


def shown(argv: Sequence[str]) -> str:
    """Return a command line for people: without the program text at its end."""
    words = [sys.executable if word == THIS_PYTHON else word for word in argv]
    return " ".join(shlex.quote(word) if len(word) < 60 else "..." for word in words)
