"""Following a route from here: running a command, or connecting to an address."""

from __future__ import annotations

import fcntl
import sys

from xnet_channel.platform.native import OS
from xnet_gateway import child
from xnet_gateway.bare.bootstrap import first_bytes
from xnet_gateway.child_environment import child_environment
from xnet_gateway.errors import HostNotFound
from xnet_gateway.output_relay import OutputRelay
from xnet_gateway.output_writer import STDERR
from xnet_gateway.process import WorkerProcess
from xnet_gateway.transports.base import THIS_PYTHON, Address, Command, Connected
from xnet_gateway.transports.served import ServedWorker, find_secret_of, tls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

#: Room for about four parts in flight; the kernel may give less.
PIPE_BYTES: Final = 1_048_576
#: How long connecting, TLS and authentication may take, in seconds.
CONNECT_S: Final = 30.0


def connect(route: Command | Address, spec: XSpec) -> Connected:
    """Follow the route and return at once, without waiting for the interpreter to speak.

    Raises:
        HostNotFound: The program cannot be started, or the address cannot be reached.
    """
    return _run(route, spec) if isinstance(route, Command) else _dial(route, spec)


def _run(command: Command, spec: XSpec) -> Connected:
    # Imported here: `popen` starts without this module, and first.
    from xnet_gateway.transports.popen import fill_standard_descriptors, make_directory

    fill_standard_descriptors()
    argv = [sys.executable if word == THIS_PYTHON else word for word in command.argv]
    theirs: list[int] = []  # ends of pipes that are the program's
    ours: list[int] = []
    try:
        if command.cwd is not None:
            make_directory(command.cwd)
        for wanted in (True, True, spec.stderr != "inherit"):
            if wanted:
                read_fd, write_fd = OS.pipe()
                ours.append(read_fd)
                theirs.append(write_fd)
        # Standard input goes the other way.
        ours[0], theirs[0] = theirs[0], ours[0]
        started = child.start(
            argv,
            stdin=theirs[0],
            stdout=theirs[1],
            stderr=theirs[2] if len(theirs) > 2 else STDERR,
            cwd=command.cwd,
            env=child_environment(command.env),
        )
    except BaseException as error:
        for fd in ours:
            OS.close(fd)
        if isinstance(error, OSError):
            raise HostNotFound(f"cannot start {argv[0]!r} for {str(spec)!r}: {error}") from error
        raise
    finally:
        for fd in theirs:
            OS.close(fd)
    for fd in ours[:2]:
        _widen(fd)
    relay = OutputRelay(ours[2]) if len(ours) > 2 else None
    process = WorkerProcess(started, relay, command.remoteaddress)
    # A worker of another language speaks the protocol from its first byte on.
    if spec.worker is not None:
        return Connected(ours[1], ours[0], process)
    return Connected(ours[1], ours[0], process, first_bytes(here=command.remoteaddress == "localhost"))


def _widen(fd: int) -> None:
    """Make a pipe as large as it may be."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # more than this user may have


def _dial(address: Address, spec: XSpec) -> Connected:
    from xnet_gateway.sockets.dialing import dial

    try:
        fd = dial(address.address, secret=find_secret_of(address), tls=tls_of(address), timeout_s=CONNECT_S)
    except ValueError as error:
        raise HostNotFound(f"cannot reach {str(spec)!r}: {error}") from error
    return Connected(fd, fd, ServedWorker(address.address), first_bytes())
