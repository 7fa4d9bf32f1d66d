"""``xnet as-execnet``: help, and the error for arguments that cannot be parsed; ``running`` does the work."""

from __future__ import annotations

import click

EPILOG = """\
\b
Examples:
  xnet as-execnet program.py --option
  xnet as-execnet -m pytest -n 4

The exit status is the program's; 2 if SCRIPT does not exist, 1 if MODULE does not exist, as with python.
"""


@click.command(
    name="as-execnet",
    epilog=EPILOG,
    options_metavar="",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.option("-m", "module", metavar="MODULE", help="Run a module, as python -m does.")
@click.argument("arguments", metavar="SCRIPT [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
def command(module: str | None, arguments: tuple[str, ...]) -> int:
    """Run a Python program in which 'import execnet' gives xnet, here and in all its workers.

    The program runs as the interpreter itself would run it: with its own arguments, its own directory on the
    path, and none of the modules of this command line.
    """
    from xnet.command_line.program_start import start

    if module is not None:
        return start(["-m", module, *arguments])
    if not arguments:
        raise click.UsageError("no program to run: expected SCRIPT or -m MODULE")
    return start(list(arguments))
