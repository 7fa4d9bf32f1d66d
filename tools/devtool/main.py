"""The commands of tools/dev.py."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from devtool.environment import Environment, SetUpError
from devtool.project import ROOT
from devtool.pythons import find_python

Command = Callable[[Path, list[str]], list[str]]


def _script(name: str) -> Command:
    def command(python: Path, arguments: list[str]) -> list[str]:
        return [str(python), str(ROOT / "tools" / name), *arguments]

    return command


def _module(*words: str) -> Command:
    def command(python: Path, arguments: list[str]) -> list[str]:
        return [str(python), "-m", *words, *arguments]

    return command


COMMANDS: dict[str, tuple[str, Command]] = {
    "demo": ("start several interpreters and stream data through them", _script("demo.py")),
    "test": (
        "run every test; --under-load N and --ignore-sigint are ours, other arguments go to pytest",
        _module("check.tests"),
    ),
    "check": ("run every check, tests included; --list shows them", _module("check")),
    "coverage": ("measure what tests execute; --help shows the areas", _module("covered")),
    "bench": ("compare with execnet and multiprocessing; --help shows the cases", _module("bench")),
    "bench-rsync": ("compare syncs with execnet and the program rsync", _module("bench_rsync")),
    "fuzz": (
        "play changed conversations to everything that listens to a peer; --count says how many",
        _module("fuzz"),
    ),
    "soak": (
        "traffic with closes, deaths and interrupts, and many starts; --minutes says how long",
        _module("soak"),
    ),
    "peers": ("run other projects' tests on execnet and on xnet; --help shows which", _module("peers")),
    "matrix": ("try every way to every interpreter, and write the table into README.md", _script("matrix")),
    "interpreters": (
        "install the Pythons that tests want, where that can be done",
        _script("interpreters.py"),
    ),
    "format": ("format the sources", _module("ruff", "format")),
    "python": ("run the interpreter of .venv", lambda python, arguments: [str(python), *arguments]),
    "setup": ("only make .venv", lambda python, arguments: [str(python), "--version"]),
}


def main(argv: list[str]) -> int:
    """Make `.venv` if needed, run one command in it, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="tools/dev.py",
        description="Makes .venv on first use (Python and a package index are all it needs), then runs:",
        epilog="\n".join(f"  {name:12}{text}" for name, (text, _) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--python",
        metavar="VERSION",
        help="another Python than the one that runs this, such as 3.13, or its path; it has .venv-VERSION",
    )
    parser.add_argument("--venv", default=_running_in(), help=argparse.SUPPRESS)  # --python starts us again
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENTS")
    options = parser.parse_args(argv)
    if options.python not in (None, "{}.{}".format(*sys.version_info)):
        return _start_with(options.python, [options.command, *options.arguments])
    try:
        python = Environment(ROOT / options.venv).ensure()
    except SetUpError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 2
    _, command = COMMANDS[options.command]
    try:
        return subprocess.run(
            command(python, options.arguments), cwd=ROOT, env=_environment(), check=False
        ).returncode
    except KeyboardInterrupt:
        return 130


def _running_in() -> str:
    """Return the name of our environment that runs this, if one does; else of the usual one."""
    prefix = Path(sys.prefix)
    return prefix.name if prefix.parent == ROOT and prefix.name.startswith(".venv") else ".venv"


def _start_with(name: str, arguments: list[str]) -> int:
    """Start dev.py again with another Python, which has an environment of its own."""
    python = find_python(name)
    if python is None:
        print(
            f"dev.py: Python {name} is not installed here. "
            f"`python3 tools/dev.py interpreters {name}` tries to install it.",
            file=sys.stderr,
        )
        return 2
    again = [
        python,
        str(ROOT / "tools" / "dev.py"),
        "--venv",
        f".venv-{name.replace(os.sep, '_')}",
        *arguments,
    ]
    try:
        return subprocess.run(again, env=_environment(), check=False).returncode
    except KeyboardInterrupt:
        return 130


def _environment() -> dict[str, str]:
    """Return the environment our tools run in: nothing of the caller's Python leaks in."""
    environ = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"):
        environ.pop(name, None)
    return environ
