"""What ``as-execnet`` does once the command line is understood. Loads nothing that the program would not."""

from __future__ import annotations

import os
import sys


def is_understood(arguments: list[str]) -> bool:
    """Return whether the arguments name a program to run: ``SCRIPT ...`` or ``-m MODULE ...``."""
    if arguments[:1] == ["-m"]:
        return len(arguments) > 1
    return bool(arguments) and arguments[0][:1] != "-"


def start(arguments: list[str]) -> int:
    """Run a program with the alias, as the interpreter itself would run it.

    Args:
        arguments: Understood ones.

    Returns:
        The exit status.

    Raises:
        BaseException: Whatever the program ends with, SystemExit first of all.
    """
    from xnet import alias

    try:
        alias.install()
    except RuntimeError as error:
        sys.stderr.write(f"xnet: {error}\n")
        return 2
    return _run_module(arguments[1:]) if arguments[0] == "-m" else _run_script(arguments)


def _run_module(arguments: list[str]) -> int:
    """Run as ``python -m`` does, which has the current directory on the path."""
    import runpy
    from importlib.util import find_spec

    # ``python -m xnet`` has put it there already; the program ``xnet`` has its own directory there.
    if not getattr(sys.flags, "safe_path", False) and _is_program():
        sys.path[0] = os.getcwd()
    name = arguments[0]
    try:
        found = find_spec(name) is not None
    except ModuleNotFoundError:  # of the package it should be in
        found = False
    if not found:
        sys.stderr.write(f"xnet: no module {name} to run\n")
        return 1
    sys.argv = arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


def _is_program() -> bool:
    """Return whether we are the program ``xnet``, and not ``python -m xnet``."""
    return getattr(sys.modules.get("__main__"), "__spec__", None) is None


def _run_script(arguments: list[str]) -> int:
    """Run as ``python SCRIPT`` does: the directory of the script is on the path, not the current one."""
    import runpy

    script = arguments[0]
    if not os.path.exists(script):
        sys.stderr.write(f"xnet: no file {script!r} to run\n")
        return 2
    sys.argv = arguments
    if not getattr(sys.flags, "safe_path", False):  # with -P neither directory is on the path
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    runpy.run_path(script, run_name="__main__")
    return 0
