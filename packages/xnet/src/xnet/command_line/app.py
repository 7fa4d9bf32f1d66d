"""The command ``xnet``: finds the command that is meant, and makes exit statuses of errors.

Each command is a module, loaded when it is called: ``xnet serve`` need not wait for what draws progress bars.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys

import click

from xnet.command_line import statuses
from xnet.command_line.output import OutputError, complain
from xnet_gateway.errors import HostNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final

#: name -> module of this package that has a ``command``, and the line that the list of commands says.
COMMANDS: Final = {
    "exec": ("executing", "Run code, a file or a module in interpreters anywhere."),
    "rsync": ("syncing", "Copy a directory to any number of places."),
    "status": ("status", "Show which interpreters can be reached, and what they do."),
    "doctor": ("doctor", "Find out, step by step, why an interpreter cannot be reached."),
    "trace": ("tracing", "Show the traces of several processes as one timeline."),
    "serve": ("serve", "Give interpreters to clients that know a secret."),
    "connect": ("connect", "Bring an interpreter to a program that listens for one."),
    "as-execnet": ("as_execnet", "Run a Python program in which 'import execnet' gives xnet."),
}

EPILOG: Final = """\
\b
Examples:
  xnet exec popen ssh=me@host -- 'import sys; print(sys.version)'
  xnet status ssh=host1 ssh=host2 docker=web
  xnet doctor ssh=host
  xnet rsync src/ ssh=host1:/srv/app ssh=host2:/srv/app --delete
  XNET_TRACE_JSON=/tmp/t xnet status popen;  xnet trace /tmp/t-*.jsonl

\b
Exit status: 0 done, 1 failed, 2 could not parse the arguments, 3 an interpreter cannot be
reached, 124 --timeout expired, 130 Ctrl-C, 141 the output is no longer read.

docs/command-line.md has more, and says how to set up completion in your shell.
"""


class Commands(click.Group):
    """The commands, by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, the most used first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Load a command, or return None if it is unknown."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"xnet.command_line.{COMMANDS[name][0]}")
        command: click.Command = module.command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; turn errors into an exit status before click turns them into a different one."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            status = _maybe_status(error)
            if status is None:
                raise
            return status

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.command(
    cls=Commands,
    name="xnet",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(None, "-V", "--version", package_name="xnet", message="xnet %(version)s")
def cli() -> None:
    """Run code in Python interpreters anywhere, look at them, and copy files to them.

    A SPEC says how an interpreter is reached: popen, popen//python=python2.7, ssh=user@host, docker=NAME,
    socket=HOST:PORT and more, with //-separated keys such as id=NAME; docs/reach/ describes them all.
    """


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP: as Ctrl-C, with another exit status."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _terminate(number: int, _frame: FrameType | None) -> None:
    raise Terminated(number)


def main(arguments: list[str], program: str = "xnet") -> int:
    """Run a command.

    Args:
        arguments: The command line, without the program.
        program: What the user calls us, for messages.

    Returns:
        The exit status, see ``statuses``.

    Raises:
        SystemExit: From the program that as-execnet runs, or because the shell asked for completions.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed when we began, as in some daemons
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for as long as the process is
    try:
        status = cli.main(
            arguments or ["--help"], prog_name=program, complete_var="_XNET_COMPLETE", standalone_mode=False
        )
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return statuses.EXIT_MISTAKE
    except (BrokenPipeError, click.Abort) as error:
        return _maybe_status(error) or statuses.EXIT_INTERRUPTED
    return status if isinstance(status, int) else statuses.EXIT_DONE  # of ours, only help ends without one


def _maybe_status(error: BaseException) -> int | None:
    """Say what went wrong; return the exit status, or None if that is a mistake of ours and not foreseen."""
    match error:
        case Terminated():
            return 128 + error.number
        case KeyboardInterrupt():
            complain("interrupted")
            return statuses.EXIT_INTERRUPTED
        case BrokenPipeError() | OutputError(cause=BrokenPipeError()):
            # What is left in buffers has nowhere to go; the interpreter would complain when it ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return statuses.EXIT_BROKEN_PIPE
        case HostNotFound():
            complain(str(error))
            return statuses.EXIT_UNREACHABLE
        case ValueError():
            complain(str(error))
            return statuses.EXIT_MISTAKE
        case OSError() | OutputError():
            complain(str(error))
            return statuses.EXIT_FAILED
        case _:
            return None


def handle_signals() -> None:
    """Have SIGTERM and SIGHUP end a command as Ctrl-C does, with its gateways, unless they are ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _terminate)
