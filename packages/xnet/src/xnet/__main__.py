"""``python -m xnet as-execnet SCRIPT|-m MODULE [ARGUMENTS]``: run a program with the alias."""

from __future__ import annotations

import sys

USAGE = """usage: python -m xnet as-execnet SCRIPT [ARGUMENTS ...]
       python -m xnet as-execnet -m MODULE [ARGUMENTS ...]

Run a Python program in which 'import execnet' gives xnet, here and in all its workers."""


def main(arguments: list[str]) -> int:
    """Run the program; return the exit status for a wrong command line."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    command, rest = arguments[:1], arguments[1:]
    is_module = rest[:1] == ["-m"]
    if command != ["as-execnet"] or len(rest) < (2 if is_module else 1):
        print(USAGE, file=sys.stderr)
        return 2
    import runpy

    from xnet import alias

    alias.install()
    if is_module:
        sys.argv = rest[1:]
        sys.path[:1] = [""]
        runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
    else:
        import os

        sys.argv = rest
        sys.path[:1] = [os.path.dirname(os.path.abspath(rest[0]))]
        runpy.run_path(rest[0], run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
