"""The environment `.venv`: made once, kept until something it was made from changes."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from devtool.project import ROOT, development_tools, members, pins

VENV = ROOT / ".venv"
STAMP = VENV / "made-from"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# The lines of pip's output that are shown when it fails: its last lines say why.
SHOWN_LINES = 25


class SetUpError(Exception):
    """The environment cannot be made. The text is for the person at the terminal."""


def fingerprint() -> str:
    """Return what `.venv` is made from, as two digests: the interpreter and the place; what is installed."""
    interpreter = hashlib.sha256(f"{sys.version}|{sys.base_prefix}|{ROOT}".encode())
    installed = hashlib.sha256(repr((development_tools(), pins())).encode())
    for folder in members():
        installed.update((folder / "pyproject.toml").read_bytes())
    return f"{interpreter.hexdigest()} {installed.hexdigest()}"


def ensure() -> Path:
    """Make `.venv` if it is not there or was made from something else, and return its interpreter.

    Raises:
        SetUpError: this machine cannot make it; the message says what is missing.
    """
    wanted = fingerprint()
    if _is_made_from(wanted):
        return PYTHON
    with _alone():
        if not _is_made_from(wanted):  # another dev.py may have made it while this one waited
            _make(wanted)
    return PYTHON


def _is_made_from(wanted: str) -> bool:
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text() == wanted


def _has_interpreter_of(wanted: str) -> bool:
    """Say whether `.venv` only lacks installations; it is not emptied then, a program may run in it."""
    interpreter, _, _ = wanted.partition(" ")
    return PYTHON.exists() and STAMP.exists() and STAMP.read_text().startswith(interpreter)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one dev.py at a time change `.venv`, where the platform has file locks."""
    if importlib.util.find_spec("fcntl") is None:
        yield
        return
    import fcntl

    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(wanted: str) -> None:
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetUpError(
            f"{sys.executable} has no module 'venv' (or 'ensurepip'), so it cannot make an environment.\n"
            "On Debian and Ubuntu: apt-get install python3-venv"
        )
    started = time.monotonic()
    _say(f"setting up .venv with Python {sys.version.split()[0]} (once, well under a minute)")
    if not _has_interpreter_of(wanted):
        _run(
            [sys.executable, "-m", "venv", "--clear", str(VENV)],
            "The environment could not be made. Is the disk full, or the checkout read-only?",
        )
    _install()
    STAMP.write_text(wanted)
    _say(f".venv is ready after {time.monotonic() - started:.0f} s")


def _install() -> None:
    constraints = VENV / "constraints.txt"
    constraints.write_text("\n".join(pins()) + "\n")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--constraint", str(constraints)]
    why = (
        "pip could not install the development tools. It uses the package index set up on this machine "
        "(`pip config list` shows it); without an index or a network the set-up cannot be done."
    )
    # The build backend comes first, so that the packages are built with it here and not each in an
    # environment of its own, which would fetch it again for every package.
    _run([*pip, *development_tools()], why)
    packages = [word for folder in members() for word in ("--editable", str(folder))]
    _run([*pip, "--no-build-isolation", *packages], "pip could not install the packages of this repository.")
    # Our tools import each other; a path file in the environment lets them, without PYTHONPATH, which every
    # worker started by a test would inherit.
    where = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site_packages = Path(_output(where))
    (site_packages / "xnet-tools.pth").write_text(str(ROOT / "tools") + "\n")


def _output(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _run(command: list[str], failure: str) -> None:
    environ = dict(os.environ)
    # uv_build, the build backend, is a program that its Python half looks for on the PATH.
    environ["PATH"] = os.pathsep.join([str(PYTHON.parent), environ.get("PATH", os.defpath)])
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ,
        check=False,
    )
    if result.returncode == 0:
        return
    lines = [line for line in result.stdout.decode(errors="replace").splitlines() if "WARNING" not in line]
    shown = "\n".join("    " + line for line in lines[-SHOWN_LINES:])
    raise SetUpError(f"{failure}\nIt said (exit status {result.returncode}):\n{shown}")


def _say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)
