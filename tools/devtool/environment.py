"""The environment `.venv`, and one for each other Python: kept until what they were made from changes."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devtool.project import ROOT, development_tools, members, pins

# The lines of pip's output that are shown when it fails: its last lines say why.
SHOWN_LINES = 25


class SetUpError(Exception):
    """The environment cannot be made. The text is for the person at the terminal."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment of the Python that runs this, with our packages and tools.

    Attributes:
        folder: where it is; its name is what the person at the terminal is told.
    """

    folder: Path = ROOT / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def ensure(self) -> Path:
        """Make it if it is not there or was made from something else, and return its interpreter.

        Raises:
            SetUpError: this machine cannot make it; the message says what is missing.
        """
        wanted = fingerprint()
        if self._made_from() == wanted:
            return self.python
        with _alone(self.folder):
            if self._made_from() != wanted:  # another dev.py may have made it while this one waited
                self._make(wanted)
        return self.python

    @property
    def _stamp(self) -> Path:
        return self.folder / "made-from"

    def _made_from(self) -> str:
        return self._stamp.read_text() if self.python.exists() and self._stamp.exists() else ""

    def _make(self, wanted: str) -> None:
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            raise SetUpError(
                f"{sys.executable} has no module 'venv' (or 'ensurepip'), so it cannot make an environment.\n"
                "On Debian and Ubuntu: apt-get install python3-venv"
            )
        started = time.monotonic()
        name = self.folder.name
        _say(f"setting up {name} with Python {sys.version.split()[0]} (once, well under a minute)")
        # It is not emptied if it only lacks installations: a program may run in it.
        if self._made_from().partition(" ")[0] != wanted.partition(" ")[0]:
            self._run(
                [sys.executable, "-m", "venv", "--clear", str(self.folder)],
                "The environment could not be made. Is the disk full, or the checkout read-only?",
            )
        self._install()
        self._stamp.write_text(wanted)
        _say(f"{name} is ready after {time.monotonic() - started:.0f} s")

    def _install(self) -> None:
        constraints = self.folder / "constraints.txt"
        constraints.write_text("\n".join(pins()) + "\n")
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--constraint", str(constraints)]
        why = (
            "pip could not install the development tools. It uses the package index set up on this machine "
            "(`pip config list` shows it); without an index or a network the set-up cannot be done."
        )
        # The build backend comes first, so that the packages are built with it here and not each in an
        # environment of its own, which would fetch it again for every package.
        self._run([*pip, *development_tools()], why)
        packages = [word for folder in members() for word in ("--editable", str(folder))]
        why = "pip could not install the packages of this repository."
        self._run([*pip, "--no-build-isolation", *packages], why)
        # Our tools import each other; a path file in the environment lets them, without PYTHONPATH, which
        # every worker started by a test would inherit.
        where = [str(self.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site_packages = Path(_output(where))
        (site_packages / "xnet-tools.pth").write_text(str(ROOT / "tools") + "\n")

    def _run(self, command: list[str], failure: str) -> None:
        environ = dict(os.environ)
        # uv_build, the build backend, is a program that its Python half looks for on the PATH.
        environ["PATH"] = os.pathsep.join([str(self.python.parent), environ.get("PATH", os.defpath)])
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
        lines = [
            line for line in result.stdout.decode(errors="replace").splitlines() if "WARNING" not in line
        ]
        shown = "\n".join("    " + line for line in lines[-SHOWN_LINES:])
        raise SetUpError(f"{failure}\nIt said (exit status {result.returncode}):\n{shown}")


def fingerprint() -> str:
    """Return what an environment is made from, as two digests: interpreter and place; installed packages."""
    interpreter = hashlib.sha256(f"{sys.version}|{sys.base_prefix}|{ROOT}".encode())
    installed = hashlib.sha256(repr((development_tools(), pins())).encode())
    for folder in members():
        for file in (
            folder / "pyproject.toml",
            *sorted([*folder.rglob("*.pyx"), *folder.rglob("*.pxd")]),
        ):  # an editable package is not compiled anew
            installed.update(file.read_bytes())
    return f"{interpreter.hexdigest()} {installed.hexdigest()}"


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one dev.py at a time change an environment, where the platform has file locks."""
    if importlib.util.find_spec("fcntl") is None:
        yield
        return
    import fcntl

    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _output(command: list[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _say(text: str) -> None:
    print(f"dev.py: {text}", file=sys.stderr, flush=True)
