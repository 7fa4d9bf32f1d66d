"""Why a worker of pytest-xdist died: told where pytest-xdist says only that it did.

pytest-xdist asks the channel for its error, and takes every EOFError for ``Not properly terminated``. Ours
say more. What a worker's test wrote to standard error while pytest captured it would end with the process,
and is kept where it survives. The kernel says how many processes it ended for lack of memory.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile

import pytest

from xnet_channel.platform.native import OS
from xnet_gateway.output_relay import TAIL_BYTES, telling_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

#: What pytest-xdist says of every worker whose connection has ended.
UNKNOWN: Final = "Not properly terminated"

#: In ``workerinput``: where the worker is to have its captured output.
CAPTURE: Final = "xnet_captured_stderr"
CAPTURED: Final = "; its test had printed:"
LOST: Final = "; what its test printed was captured there and is lost, -s shows it"

_FOLDER: Final = pytest.StashKey[str]()
_GATEWAY: Final = re.compile(r"gateway \S+: (the connection has ended; )?")
_SSH: Final = " (with which ssh reports that the worker was killed by a signal, or that the connection broke)"


def watch(node: Any) -> None:
    """Have a worker of pytest-xdist say why it died, in the line that says that it did.

    Args:
        node: Its ``WorkerController``, which gets the attribute ``death``: None, or the reason as a sentence.

    Threads: the thread of callbacks notes the reason, before pytest-xdist's own thread hears of the death.
    """
    tell, before = node.putevent, oom_kills()
    node.death = None
    if tell is None:
        return  # so that pytest-xdist sets no callback: its own tests read what a worker sends
    captured = None
    if node.config.getoption("capture", "no") == "fd":
        captured = node.workerinput[CAPTURE] = os.path.join(_folder(node.config), node.gateway.id)

    def tell_why(event: tuple[str, dict[str, Any]]) -> None:
        name, arguments = event
        if name == "errordown":
            error = arguments["error"]
            if error == UNKNOWN:
                node.death = reason_of(node.channel._getremoteerror(), node.gateway.spec, before)
                if captured is not None:
                    words = captured_words(captured)
                    node.death += words.replace("; ", "\n", 1) if "\n" in node.death else words
                arguments["error"] = f"{UNKNOWN}: {node.death}"
            else:  # code has failed: the last line of the traceback says how
                node.death = str(error).strip().rpartition("\n")[2]
        tell(event)

    node.putevent = tell_why


def keep_captured(path: str) -> None:
    """Have pytest capture what is written to descriptor 2 in a file that outlives the process.

    pytest keeps it in a file without a name, which it writes, reads and empties by number. Behind the same
    numbers there is a file with a name then, and nothing else changes.

    Args:
        path: Where; it does not exist yet. On another machine the folder does not exist, and nothing is done.

    Threads: pytest's own, while it captures.
    """
    unnamed = os.fstat(2)
    if not stat.S_ISREG(unnamed.st_mode) or unnamed.st_nlink:
        return  # something else has replaced it
    try:
        named = OS.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return
    OS.write(named, os.pread(2, unnamed.st_size, 0))
    for fd in map(int, os.listdir("/dev/fd")):
        try:
            same = fd != named and os.path.samestat(os.fstat(fd), unnamed)
        except OSError:
            continue  # that of listdir itself
        if same:
            os.dup2(named, fd, inheritable=fd == 2)
    OS.close(named)


def reason_of(error: Exception | None, spec: Any, oom_kills_before: int | None) -> str:
    """Return why a connection ended, as a sentence about its process.

    Args:
        error: With what its channel ended; None if code has ended, or has closed the channel.
        spec: Its specification.
        oom_kills_before: ``oom_kills()`` of when it began.
    """
    if error is None:
        return "the worker's pytest has ended, or closed its connection; its process is still running"
    reason = _GATEWAY.sub("", str(error), count=1)
    first, newline, rest = reason.partition("\n")
    if spec.ssh or spec.vagrant_ssh:
        first = first.replace("exited with status 255", f"exited with status 255{_SSH}")
    if "killed by signal 9 " in first and oom_kills_before is not None:
        count = (oom_kills() or 0) - oom_kills_before
        if count > 0:
            first = first.replace("(SIGKILL)", f"(SIGKILL), out of memory: {_kernel_says(count)}", 1)
    return first + newline + rest


def _folder(config: Any) -> str:
    """Return the folder of a run for what its workers capture; it is removed at the end of the run."""
    if _FOLDER not in config.stash:
        config.stash[_FOLDER] = folder = tempfile.mkdtemp(prefix="xnet-captured-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    return str(config.stash[_FOLDER])


def captured_words(path: str) -> str:
    """Return what was captured of the test that a worker died in, as the end of a sentence.

    Args:
        path: What ``keep_captured`` was given; it does not exist if the worker was elsewhere.
    """
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return LOST
    return "\n".join([CAPTURED, *telling_lines(lines)]) if lines else ""


def oom_kills(path: str = "/proc/vmstat") -> int | None:
    """Return how many processes the kernel has ended for lack of memory; None if it does not say so."""
    try:
        with open(path, encoding="ascii") as file:
            found = re.search(r"^oom_kill (\d+)$", file.read(), re.MULTILINE)
    except OSError:
        return None  # not Linux, or no /proc
    return int(found[1]) if found else None


def _kernel_says(count: int) -> str:
    processes = "a process" if count == 1 else f"{count} processes"
    return (
        f"the kernel has killed {processes} for lack of it since this worker began (oom_kill in /proc/vmstat)"
    )
