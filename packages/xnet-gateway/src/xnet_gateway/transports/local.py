"""Going a route from here: running a command, or connecting to an address."""

from __future__ import annotations

import fcntl
import subprocess
import sys

from xnet_channel.platform.native import OS
from xnet_gateway.bare.bootstrap import blob
from xnet_gateway.child_environment import child_environment
from xnet_gateway.errors import HostNotFound
from xnet_gateway.native_popen import native_popen
from xnet_gateway.output_relay import OutputRelay
from xnet_gateway.output_writer import STDERR
from xnet_gateway.process import WorkerProcess
from xnet_gateway.transports.base import THIS_PYTHON, Address, Command, Connected
from xnet_gateway.transports.served import ServedWorker, find_secret_of, tls_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Final

    from xnet_gateway.xspec import XSpec

#: Room for about four parts in flight; the kernel may give less.
PIPE_BYTES: Final = 1_048_576
#: How long connecting, TLS and authentication may take, in seconds.
CONNECT_S: Final = 30.0


def connect(route: Command | Address, spec: XSpec) -> Connected:
    """Go the route and return at once, without waiting for the interpreter to speak.

    Raises:
        HostNotFound: The program cannot be started, or the address cannot be reached.
    """
    return _run(route, spec) if isinstance(route, Command) else _dial(route, spec)


def _run(command: Command, spec: XSpec) -> Connected:
    # Imported here: `popen` starts without this module, and first.
    from xnet_gateway.transports.popen import fill_standard_descriptors, make_directory

    fill_standard_descriptors()
    argv = [sys.executable if word == THIS_PYTHON else word for word in command.argv]
    pipe_read = pipe_write = -1
    if spec.stderr != "inherit":
        pipe_read, pipe_write = OS.pipe()
    try:
        if command.cwd is not None:
            make_directory(command.cwd)
        popen = native_popen()(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=STDERR if pipe_write < 0 else pipe_write,
            bufsize=0,
            cwd=command.cwd,
            env=child_environment(command.env),
        )
    except OSError as error:
        if pipe_read >= 0:
            OS.close(pipe_read)
        raise HostNotFound(f"cannot start {argv[0]!r} for {str(spec)!r}: {error}") from error
    finally:
        if pipe_write >= 0:
            OS.close(pipe_write)
    read_fd, write_fd = _take(popen.stdout), _take(popen.stdin)
    popen.stdout = popen.stdin = None
    relay = OutputRelay(pipe_read) if pipe_read >= 0 else None
    process = WorkerProcess(popen, relay, command.remoteaddress)
    # A worker of another language speaks the protocol from its first byte on.
    first_bytes = blob(here=command.remoteaddress == "localhost") if spec.worker is None else b""
    return Connected(read_fd, write_fd, process, first_bytes)


def _take(stream: IO[bytes] | None) -> int:
    """Return our own descriptor for one end of a pipe, made as large as it may be."""
    if stream is None:
        raise AssertionError("asked for as a pipe")
    with stream:
        fd = OS.dup(stream.fileno())
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # more than this user may have
    return fd


def _dial(address: Address, spec: XSpec) -> Connected:
    from xnet_gateway.sockets.dialing import dial

    try:
        fd = dial(address.address, secret=find_secret_of(address), tls=tls_of(address), timeout_s=CONNECT_S)
    except ValueError as error:
        raise HostNotFound(f"cannot reach {str(spec)!r}: {error}") from error
    return Connected(fd, fd, ServedWorker(address.address), blob())
