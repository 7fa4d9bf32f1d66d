"""``python -m xnet COMMAND``: run a program with the alias, or serve interpreters over a socket."""

from __future__ import annotations

import os
import sys

USAGE = """usage: python -m xnet as-execnet SCRIPT [ARGUMENTS ...]
       python -m xnet as-execnet -m MODULE [ARGUMENTS ...]
       python -m xnet serve [OPTIONS]
       python -m xnet connect HOST:PORT [OPTIONS]

as-execnet: run a Python program in which 'import execnet' gives xnet, here and in all its workers.
serve: give interpreters to those who connect and know a secret; more with 'serve --help'.
connect: bring an interpreter to a program that listens for one; more with 'connect --help'."""


def main(arguments: list[str]) -> int:
    """Run a command; return its exit status, or that of what went wrong before a program was run.

    A program runs as the interpreter itself would run it.

    Args:
        arguments: The command line without the interpreter and ``-m xnet``.

    Raises:
        BaseException: Whatever the program ends with, SystemExit first of all.
    """
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    command, rest = arguments[:1], arguments[1:]
    if command == ["serve"]:
        from xnet.command_line import serve

        return serve.main(rest)
    if command == ["connect"]:
        from xnet.command_line import connect

        return connect.main(rest)
    is_module = rest[:1] == ["-m"]
    if command != ["as-execnet"] or len(rest) < (2 if is_module else 1) or (rest[0][:1] == "-") > is_module:
        print(USAGE, file=sys.stderr)
        return 2

    from xnet import alias

    try:
        alias.install()
    except RuntimeError as error:
        print(f"xnet: {error}", file=sys.stderr)
        return 2
    return _run_module(rest[1:]) if is_module else _run_script(rest)


def _run_module(arguments: list[str]) -> int:
    """Run as ``python -m`` does, which has put the current directory on the path already."""
    import runpy
    from importlib.util import find_spec

    name = arguments[0]
    try:
        found = find_spec(name) is not None
    except ModuleNotFoundError:  # of the package it should be in
        found = False
    if not found:
        print(f"xnet: there is no module {name} to run", file=sys.stderr)
        return 1
    sys.argv = arguments
    runpy.run_module(name, run_name="__main__", alter_sys=True)
    return 0


def _run_script(arguments: list[str]) -> int:
    """Run as ``python SCRIPT`` does: the directory of the script is on the path, not the current one."""
    import runpy

    script = arguments[0]
    if not os.path.exists(script):
        print(f"xnet: there is no file {script!r} to run", file=sys.stderr)
        return 2
    sys.argv = arguments
    if not getattr(sys.flags, "safe_path", False):  # with -P neither directory is on the path
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    runpy.run_path(script, run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
