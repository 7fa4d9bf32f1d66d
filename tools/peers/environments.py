"""The two environments of a suite: equal but for one thing, execnet in one and xnet in the other.

The one with xnet has no execnet: whatever would have run on execnet by mistake fails there, visibly.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devtool.project import members, pins
from peers.suites import Suite

_PLUGINS: Final = Path(__file__).with_name("installed")


class SetUpError(Exception):
    """An environment could not be made; the text says what pip said."""


def make_execnet_environment(suite: Suite, folder: Path) -> Path:
    """Return the interpreter of an environment with the suite's requirements and the pinned execnet.

    Raises:
        SetUpError: see the text.
    """
    return _make(folder, [*suite.requirements, *_pinned("execnet")])


def make_xnet_environment(suite: Suite, folder: Path) -> Path:
    """Return the interpreter of an environment with the suite's requirements and the xnet of this checkout.

    The packages are installed anew each time, not as editable: they are as they are now.

    Raises:
        SetUpError: see the text.
    """
    python = _make(folder, [*suite.requirements, *_pinned("uv-build", "attrs", "cbor2")])
    _pip(python, "uninstall", "--yes", "execnet")
    packages = [str(package) for package in members()]
    _pip(python, "install", "--no-deps", "--no-build-isolation", "--force-reinstall", *packages)
    site_packages = Path(
        _output([str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    )
    for plugin in _PLUGINS.glob("*.py"):
        (site_packages / plugin.name).write_bytes(plugin.read_bytes())
    return python


def _pinned(*names: str) -> list[str]:
    found = {pin.partition("==")[0]: pin for pin in pins()}
    return [found[name] for name in names]


def _make(folder: Path, requirements: Sequence[str]) -> Path:
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-from"
    wanted = "\n".join([sys.version, *requirements])
    if python.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    _run([sys.executable, "-m", "venv", "--clear", str(folder)])
    constraints = folder / "constraints.txt"
    constraints.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    _pip(python, "install", "--constraint", str(constraints), *requirements)
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _pip(python: Path, *words: str) -> None:
    # uv_build, which builds our packages, is a program that its Python half looks for on the PATH.
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", os.defpath)])
    _run([str(python), "-m", "pip", "--quiet", *words], {"PATH": path})


def _run(command: Sequence[str], environ: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(environ or {})},
        check=False,
    )
    if result.returncode != 0:
        raise SetUpError(
            f"{' '.join(command[1:5])} ... ended with exit status {result.returncode}:\n"
            f"{result.stdout.decode(errors='replace').strip()}"
        )


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
