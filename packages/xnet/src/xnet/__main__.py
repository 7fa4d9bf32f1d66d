"""``python -m xnet COMMAND``, and the program ``xnet``: see ``xnet.command_line.app``."""

from __future__ import annotations

import sys


def main(arguments: list[str], program: str = "python -m xnet") -> int:
    """Run a command; return its exit status.

    Args:
        arguments: The command line without the program.
        program: What the user calls us.

    Raises:
        BaseException: Whatever a program that as-execnet runs ends with, SystemExit first of all.
    """
    if arguments[:1] == ["as-execnet"]:
        # The libraries of the command line stay away: the program may be the test suite of one of them.
        from xnet.command_line import program_start

        if program_start.is_understood(arguments[1:]):
            return program_start.start(arguments[1:])
    try:
        from xnet.command_line import app
    except KeyboardInterrupt:  # afterwards app sees to it
        sys.stderr.write("xnet: interrupted\n")
        return 130
    return app.main(arguments, program)


def run() -> None:
    """Be the program ``xnet``.

    Raises:
        SystemExit: Always, with the exit status.
    """
    sys.exit(main(sys.argv[1:], "xnet"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
