"""Steps about files on disk: those that a case makes, and what exists afterwards.

Each case has a directory of its own, in which all paths are.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any, Final

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_messages import SOME_TIME, content_of, encode_name
from xnet_conformance.scenario import Scenario, step

#: What has come of such a file may be kept. Spec: RS-037.
_LARGE_BYTES: Final = 8_192
#: How long a receiver may take to begin a file after a piece of it was sent, in seconds.
_BEGUN_S: Final = 2.0


def folder(scenario: Scenario) -> Path:
    """Return the directory of a case."""
    path = Path(scenario.scratch).resolve() / scenario.case.id
    path.mkdir(exist_ok=True)
    return path


@step("make")
def make(scenario: Scenario, raw: Any) -> None:
    """Make files: ``{path: {text: t, mode: m, time: ns}}``, ``{link: to}``, ``{dir: true}``, ``{fifo: ...}``.

    ``sparse: n`` makes a file that long, with a hole at its end; ``hard: path`` is another name of a file. A
    link, a pipe or ``{gone: true}`` takes the place of what is there; ``$i`` is the turn of ``repeat``, and
    ``long: n`` fills a name up to that many bytes.
    """
    for name, what in raw.items():
        path = folder(scenario) / as_path(name.replace("$i", str(scenario.bindings.get("i", 0))))
        path = path.with_name(path.name.ljust(what.get("long", 0), "_"))
        path.parent.mkdir(parents=True, exist_ok=True)
        if {"link", "fifo", "gone"} & set(what):
            _remove(path)
        if "link" in what:
            text = as_path(what["link"]).replace("$here", str(folder(scenario)))
            path.symlink_to(text * what.get("times", 1))
        elif "hard" in what:
            os.link(folder(scenario) / what["hard"], path)
        elif "fifo" in what:
            os.mkfifo(path)
        elif "gone" not in what:
            _make(path, what)


def as_path(text: str) -> str:
    """Return a path as Python has it; see `encode_name`."""
    return os.fsdecode(encode_name(text))


def _make(path: Path, what: Any) -> None:
    if what.get("dir"):
        path.mkdir(exist_ok=True)
    else:
        path.write_bytes(content_of(what))
        if "sparse" in what:
            os.truncate(path, what["sparse"])
    if "mode" in what:
        path.chmod(what["mode"])
    when = what.get("time", SOME_TIME)
    os.utime(path, ns=(when, when))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@step("tree")
def tree(scenario: Scenario, raw: Any) -> None:
    """Check what exists: ``{path: {text: t, mode: m, time: n}}``, ``{link: to}``, ``{dir: true}``.

    A ``time`` may differ by what some languages lose, an ``exact_time`` may not. Null is nothing.

    No unfinished file may be left anywhere, unless ``unfinished: true`` is in it, or what each of them has to
    be, as ``unfinished: {mode: 0600, in: dest/d}``: then one is waited for, for a moment. With
    ``unfinished: maybe`` there may be some: what has come of a large file (RS-037).
    """
    here = folder(scenario)
    left = list(here.rglob(".xnet-rsync-*"))
    until = scenario.soon(_BEGUN_S)
    while raw.get("unfinished") not in (None, "maybe") and not left and time.monotonic() < until:
        scenario.session.pump(time.monotonic() + 0.01)
        left = list(here.rglob(".xnet-rsync-*"))
    checks = [(here / as_path(name), what) for name, what in raw.items() if name != "unfinished"]
    allowed = raw.get("unfinished")
    if isinstance(allowed, dict):
        checks += [(path, allowed) for path in left]
        if any(path.parent != here / allowed.get("in", path.parent) for path in left):
            raise CheckFailed("an unfinished file is in the wrong directory", actual=str(left), req="RS-036")
    for path, what in checks:
        problem = _differs(path, what, str(here))
        if problem is not None:
            raise CheckFailed(f"{path.relative_to(here)}: {problem}", expected=str(what))
    if allowed == "maybe":
        left = [path for path in left if path.lstat().st_size < _LARGE_BYTES]
    if left and (not allowed or allowed == "maybe"):
        raise CheckFailed("unfinished files were left", actual=str(left), req="RS-036")


def _differs(path: Path, what: Any, here: str) -> str | None:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None if what is None else "it does not exist"
    if what is None:
        return "it exists"
    if "link" in what:
        wanted = as_path(what["link"]).replace("$here", here)
        if not stat.S_ISLNK(found.st_mode):
            return "it is not a link"
        text = os.readlink(path)  # a Path would not be all that it says
        return None if text == wanted else f"the link leads to {text}"
    if what.get("dir"):
        if not stat.S_ISDIR(found.st_mode):
            return "it is not a directory"
    elif not stat.S_ISREG(found.st_mode):
        return "it is not a regular file"
    elif {"text", "noise", "cuts", "zeros"} & set(what) and path.read_bytes() != content_of(what):
        return f"its content differs, {found.st_size} bytes: {path.read_bytes()[:60]!r}"
    if "children" in what and sorted(one.name for one in path.iterdir()) != what["children"]:
        return f"it has {sum(1 for _ in path.iterdir())} entries"
    if "mode" in what and stat.S_IMODE(found.st_mode) != what["mode"]:
        return f"its permissions are {stat.S_IMODE(found.st_mode):o}"
    if "time" in what and abs(found.st_mtime_ns - what["time"]) > 2_000:
        return f"its time is {found.st_mtime_ns}"
    if "exact_time" in what and found.st_mtime_ns != what["exact_time"]:
        return f"its time is {found.st_mtime_ns}, to the nanosecond"
    if "blocks_at_most" in what and found.st_blocks > what["blocks_at_most"]:
        return f"it takes {found.st_blocks} blocks"
    return None
