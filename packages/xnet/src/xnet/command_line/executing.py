"""``xnet exec``: one program in many interpreters, its output here, line by line."""

from __future__ import annotations

import os
import sys
import time

import click

from xnet.command_line import output, remote_program, statuses
from xnet.command_line.app import handle_signals
from xnet.command_line.completion import complete_spec
from xnet.command_line.fleet import HURRY_S, Fleet, Member, Timeout, why_no_python
from xnet.command_line.redaction import hide_in_message, hide_in_spec
from xnet_channel.threads.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.threads.channel import Channel
    from xnet_gateway.gateway import Gateway

#: A line that is longer is written in pieces, so that memory is bounded, in bytes.
LONGEST_LINE_BYTES: Final = 65536
#: A longer file is not a program. Larger than any frame: it travels as an item.
LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024
NAMES: Final = {remote_program.STDOUT: "stdout", remote_program.STDERR: "stderr"}
COLOURS: Final = ("36", "33", "32", "35", "34", "31")

EPILOG: Final = """\
\b
Examples:
  xnet exec popen -- 'print("hello")'
  xnet exec ssh=web1//id=web1 ssh=web2//id=web2 -- 'import os; print(os.getloadavg())'
  xnet exec docker=web -f check.py -- --verbose
  xnet exec popen//python=python2.7 -- -m platform
  echo 'print(6 * 7)' | xnet exec popen -f -

Each line is prefixed with the id of its gateway: that of id=NAME, or gw0, gw1 ... in the order
of the SPECs. What the code writes to standard output goes to standard output here; standard error likewise.

\b
Exit status: that of the code, as if it were a program: 0, the N of sys.exit(N), 1 after an
exception. 2 if the arguments could not be parsed, 3 if an interpreter cannot be reached or ends too early,
124 if --timeout expired, 130 after Ctrl-C. With several gateways the largest; an interpreter that cannot be
reached does not keep the code from running in the others.
"""


class Program:
    """What to run.

    Attributes:
        kind: ``CODE``, ``FILE`` or ``MODULE`` of ``remote_program``.
        text: Source as bytes, for the first two.
        name: In tracebacks, or of the module.
        arguments: ``sys.argv`` after its first.
    """

    def __init__(self, kind: str, text: bytes, name: str, arguments: list[str]) -> None:
        self.kind = kind
        self.text = text
        self.name = name
        self.arguments = arguments


class Dashes(click.Command):
    """A command that distinguishes what comes after ``--`` from what comes before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words after the first ``--`` into ``ctx.meta``."""
        if "--" in args:
            at = args.index("--")
            ctx.meta["xnet.behind"] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command(
    cls=Dashes, name="exec", epilog=EPILOG, options_metavar="", context_settings={"max_content_width": 110}
)
@click.argument(
    "specs",
    metavar="SPEC... [OPTIONS] -- CODE | -f FILE | -m MODULE [ARGUMENTS]...",
    nargs=-1,
    required=True,
    shell_complete=complete_spec,
)  # fmt: skip
@click.option("-f", "file", metavar="FILE", help="Run a local file; - is standard input.")
@click.option(
    "-m", "module", metavar="MODULE", help="Run a module that is installed there, as python -m does."
)
@click.option("--no-prefix", is_flag=True, help="Write output unchanged, without the gateway's id.")
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, min_open=True),
    help="End everything after this time.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Write a JSON object for each line of output, and one for each end.",
)
@click.pass_context
def command(
    ctx: click.Context,
    specs: tuple[str, ...],
    file: str | None,
    module: str | None,
    no_prefix: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Run code in interpreters, all at the same time, and show what they print.

    The program is CODE after --, or a file that is sent, or a module that is installed there; ARGUMENTS
    become its sys.argv. -f and -m may come before or after --.
    """
    program = find_program(ctx.meta.get("xnet.behind"), file, module)
    handle_signals()
    fleet = Fleet(specs)
    printer = Printer(fleet, as_json=as_json, prefix=not no_prefix)
    with fleet:
        try:
            fleet.run(lambda member: printer.note(member, _run_one(member, program, printer)), timeout)
        except Timeout as error:
            printer.silent = True
            output.complain(str(error))
            fleet.close(HURRY_S)
            return statuses.EXIT_TIMEOUT
        except BaseException:
            printer.silent = True
            raise
    return printer.status


def find_program(behind: list[str] | None, file: str | None, module: str | None) -> Program:
    """Return what the command line says to run.

    Raises:
        click.UsageError: It says nothing, or too much, or the file does not exist.
    """
    arguments = list(behind or [])
    if file is None and module is None:
        if not arguments:
            raise click.UsageError("nothing to run: expected -- CODE, -f FILE or -m MODULE")
        if arguments[0] in ("-f", "-m"):
            if len(arguments) < 2:
                raise click.UsageError(f"{arguments[0]} has no value: expected -f FILE or -m MODULE")
            option, value, *arguments = arguments
            file, module = (value, None) if option == "-f" else (None, value)
    elif file is not None and module is not None:
        raise click.UsageError("-f FILE and -m MODULE: expected only one of them")
    for one in arguments:
        if "\0" in one or not _is_text(one):
            raise click.UsageError(f"the argument {one!r} is not text that can be sent")
    if module is not None:
        return Program(remote_program.MODULE, b"", module, arguments)
    if file is not None:
        return Program(
            remote_program.FILE, _read(file), "<stdin>" if file == "-" else os.path.abspath(file), arguments
        )
    code, *arguments = arguments
    # The mark says that it is UTF-8, to Python 2 as well.
    return Program(remote_program.CODE, b"\xef\xbb\xbf" + code.encode(), "<string>", arguments)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(file: str) -> bytes:
    try:
        if file == "-":
            data = sys.stdin.buffer.read(LARGEST_FILE_BYTES + 1)
        else:
            with open(file, "rb") as opened:
                data = opened.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise click.UsageError(f"cannot read the file {file!r}: {error.strerror or error}") from None
    except AttributeError:
        raise click.UsageError("no standard input to read the program from") from None
    if len(data) > LARGEST_FILE_BYTES:
        raise click.UsageError(
            f"the file {file!r} has more than {LARGEST_FILE_BYTES} bytes: that is not a program"
        )
    return data


class End:
    """How it ended on one gateway: with an exit status, or with an error that says why not."""

    def __init__(self, status: int, error: str = "", seconds: float = 0.0) -> None:
        self.status = status
        self.error = error
        self.seconds = seconds


def _run_one(member: Member, program: Program, printer: Printer) -> End:
    if member.gateway is None:
        return End(statuses.EXIT_UNREACHABLE, member.error)
    if why := why_no_python(member.gateway):
        return End(statuses.EXIT_UNREACHABLE, why)
    began_s = time.monotonic()
    lines = Lines(printer, member)
    try:
        channel = member.gateway.remote_exec(remote_program.SOURCE)
        channel.reconfigure(py2str_as_py3str=False)
        captured = printer.prefix_relayed(member, member.gateway)
        channel.send((program.kind, program.text, program.name, program.arguments, captured))
        status = _receive(channel, lines)
        error = ""
    except RemoteError as failure:
        status, error = statuses.EXIT_UNREACHABLE, f"the code could not be run: {failure}"
    except (EOFError, OSError, ValueError) as failure:
        status, error = statuses.EXIT_UNREACHABLE, hide_in_message(str(failure), str(member.spec))
    lines.end()
    return End(status, error, time.monotonic() - began_s)


def _receive(channel: Channel, lines: Lines) -> int:
    """Write what comes until the end; return the exit status.

    Raises:
        EOFError, RemoteError: It ended otherwise.
        ValueError: Something came that our program does not send.
    """
    while True:
        item = channel.receive()
        match item:
            case (remote_program.ENDED, int() as status) if 0 <= status <= 255:
                return status
            case (remote_program.STDOUT | remote_program.STDERR as number, bytes() as data) if (
                len(data) <= remote_program.LARGEST_PIECE_BYTES
            ):
                lines.add(number, data)
            case _:
                raise ValueError(f"the other side sent something unexpected: {repr(item)[:80]}")


class Lines:
    """Cuts the output of one gateway into lines, standard output and error each for itself."""

    def __init__(self, printer: Printer, member: Member) -> None:
        self._printer = printer
        self._member = member
        self._rest = {remote_program.STDOUT: b"", remote_program.STDERR: b""}

    def add(self, number: int, data: bytes) -> None:
        """Write the lines that are complete now."""
        data = self._rest[number] + data
        end = data.rfind(b"\n") + 1
        if not end and len(data) > LONGEST_LINE_BYTES:
            end = len(data)
        self._rest[number] = data[end:]
        if end:
            self._printer.print(self._member, number, data[:end])

    def end(self) -> None:
        """Write what is left, which had no end of line."""
        for number, rest in self._rest.items():
            if rest:
                self._printer.print(self._member, number, rest)
        self._rest = dict.fromkeys(self._rest, b"")


class Printer:
    """Writes output and ends as the options want them.

    Attributes:
        status: The largest exit status of those that have ended.
        silent: Show no more output.

    Threads: any.
    """

    def __init__(self, fleet: Fleet, *, as_json: bool, prefix: bool) -> None:
        self.status = statuses.EXIT_DONE
        self.silent = False
        self._as_json = as_json
        self._prefixes: dict[int, dict[str, bytes]] = {}
        width = max(len(member.name) for member in fleet.members)
        for number, stream in ((remote_program.STDOUT, sys.stdout), (remote_program.STDERR, sys.stderr)):
            coloured = output.has_colours(stream)
            self._prefixes[number] = {
                member.name: _prefix(member.name, width, COLOURS[place % len(COLOURS)] if coloured else "")
                if prefix
                else b""
                for place, member in enumerate(fleet.members)
            }
        self._prefix = prefix

    def print(self, member: Member, number: int, data: bytes) -> None:
        """Write whole lines of one gateway, or what is left of one.

        Raises:
            OutputError: Standard output cannot be written to.
        """
        if self.silent:
            return
        # Not splitlines(): progress bars end their lines with \r, which is not the end of a line here.
        lines = data.removesuffix(b"\n").split(b"\n")
        if self._as_json:
            for line in lines:
                text = line.decode("utf-8", "backslashreplace")
                output.say_json({"gateway": member.name, "stream": NAMES[number], "text": text})
            return
        if self._prefix:
            prefix = self._prefixes[number][member.name]
            data = b"".join(prefix + line + b"\n" for line in lines)
        if number == remote_program.STDOUT:
            output.write_out(data)
        else:
            output.write_error(data)

    def prefix_relayed(self, member: Member, gateway: Gateway) -> list[int]:
        """Return the descriptors of which the other side is to send what is written there.

        Standard error of a process that we have started comes here by itself, with its last words when it
        crashes: it only needs the prefix. Traces (EXECNET_DEBUG=2) come the same way, and stay as they are.
        """
        prefix_output = getattr(gateway._io, "prefix_output", None)
        traced = "EXECNET_DEBUG" in os.environ or "EXECNET_DEBUG" in member.spec.env
        if prefix_output is None or traced or self._as_json:
            return [remote_program.STDOUT, remote_program.STDERR]
        prefix_output(self._prefixes[remote_program.STDERR][member.name])
        return [remote_program.STDOUT]

    def note(self, member: Member, end: End) -> None:
        """Remember how it ended on one gateway, and say so where that is not plain."""
        if self.silent:
            return
        self.status = max(self.status, end.status)
        if self._as_json:
            output.say_json(
                {
                    "gateway": member.name,
                    "spec": hide_in_spec(str(member.spec)),
                    "status": None if end.error else end.status,
                    "error": end.error or None,
                    "seconds": round(end.seconds, 6),
                }
            )
        elif end.error:
            output.complain(f"{member.name}: {end.error}")


def _prefix(name: str, width: int, colour: str) -> bytes:
    text = f"{output.printable(name)}: "
    return output.encode(f"\x1b[{colour}m{text.ljust(width + 2)}\x1b[0m" if colour else text)
