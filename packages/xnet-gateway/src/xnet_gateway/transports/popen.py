"""``popen``: another process of this interpreter on this machine.

The connection is a socketpair of its own, so that stdin, stdout and stderr of the worker belong
to the code that runs there. What it prints goes to our stderr unless ``stdout=`` says otherwise.
"""

from __future__ import annotations

import os
import sys

# Not from `socket`, where they may have been replaced, and which takes long to import.
from _socket import SO_SNDBUF, SOL_SOCKET, socketpair
from stat import S_ISDIR

from xnet_channel.platform.native import OS
from xnet_gateway import child
from xnet_gateway.child_environment import child_environment
from xnet_gateway.errors import HostNotFound
from xnet_gateway.output_relay import OutputRelay
from xnet_gateway.output_writer import STDERR
from xnet_gateway.process import WorkerProcess
from xnet_gateway.this_python import WORKER_CODE, this_python
from xnet_gateway.transports.base import Connected

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

#: Room for about four parts in flight; the kernel may give less.
SOCKET_BUFFER_BYTES: Final = 1_048_576


def connect(spec: XSpec) -> Connected:
    """Start the interpreter and return at once.

    Raises:
        HostNotFound: It cannot be started; the text says what was tried and why it failed.
    """
    try:
        this_python()
    except OSError as error:
        raise HostNotFound(f"no gateway for {str(spec)!r}: {error}") from None
    fill_standard_descriptors()
    ours, theirs = socketpair()
    pipe_read = pipe_write = -1
    try:
        for end in (ours, theirs):
            end.setsockopt(SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER_BYTES)
        stderr = STDERR
        if spec.stderr != "inherit":
            pipe_read, pipe_write = OS.pipe()
            stderr = pipe_write
        command = worker_command(spec, theirs.fileno())
        try:
            stdout, opened = _open_stdout(spec, stderr)
            try:
                started = child.start(
                    command,
                    stdout=stdout,
                    stderr=stderr,
                    env=child_environment(spec.env),
                    pass_fds=(theirs.fileno(),),
                )
            finally:
                if opened is not None:
                    OS.close(opened)
        except OSError as error:
            raise HostNotFound(f"cannot start {command[0]!r} for {str(spec)!r}: {error}") from error
        relay = None
        if pipe_read >= 0:
            relay, pipe_read = OutputRelay(pipe_read), -1
        fd = ours.detach()
        return Connected(fd, fd, WorkerProcess(started, relay))
    finally:
        theirs.close()
        ours.close()
        for pipe_end in (pipe_read, pipe_write):
            if pipe_end >= 0:
                OS.close(pipe_end)


def fill_standard_descriptors() -> None:
    """Open descriptors 0 to 2 that are closed, as in some daemons, on nothing.

    Else the connection would become descriptor 2, and anything printed would get into it.
    """
    for fd in (0, 1, 2):
        try:
            OS.fstat(fd)
        except OSError:  # noqa: PERF203 - three rounds
            # The lowest free number is given out, which is this one.
            OS.set_inheritable(OS.open(os.devnull, OS.O_RDWR), True)


def worker_command(spec: XSpec, fd: int) -> list[str]:
    """Return the command line of a worker that inherits the descriptor."""
    command = [sys.executable, "-u"]
    if spec.dont_write_bytecode:
        command.append("-B")
    # Nothing that is imported is garbage, and looking for some would take a tenth of the time. The current
    # directory must not shadow what the worker itself imports ("" is put back for the
    # code that runs there), and our packages come after everything else on the path.
    code = (
        "import gc,sys;c=gc.isenabled();gc.disable();p=sys.path;h=p[:1]==[''];del p[:h];"
        f"p+=[d for d in {package_directories()!r} if d not in p];"
        f"from xnet_gateway.worker import quick_imports as q;q.begin();{WORKER_CODE}q.end();"
        "p[:0]=['']*h;c and gc.enable();"
        f"main({fd},{str(spec.id)!r})"
    )
    return [*command, "-c", code]


def package_directories() -> list[str]:
    """Return the directories in which our packages and the codec they need are found."""
    directories: list[str] = []
    for name in ("xnet_wire", "xnet_channel", "xnet_gateway", "xnet_rsync", "xnet", "cbor2"):
        file = _file_of(name)
        if file is not None:
            directory = os.path.dirname(os.path.dirname(os.path.abspath(file)))
            if directory not in directories:
                directories.append(directory)
    return directories


def _file_of(name: str) -> str | None:
    """Return the file of a package, which need not have been imported yet."""
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__file__", None)
    if name == "cbor2" and "cbor2._cbor2" in sys.modules:  # loaded without its package: see `engine`
        return getattr(sys.modules["cbor2._cbor2"], "__file__", None)
    for finder in sys.meta_path:  # as `importlib.util` would, which takes long to import
        find_spec = getattr(finder, "find_spec", None)  # some have none
        spec = None if find_spec is None else find_spec(name, None)
        if spec is not None:
            return str(spec.origin) if spec.origin else None
    return None


def make_directory(path: str) -> None:
    """Make a directory if it does not exist.

    Raises:
        OSError: It cannot be made.
    """
    try:
        if S_ISDIR(OS.stat(path).st_mode):
            return
    except OSError:
        pass
    OS.mkdir(path)


def _open_stdout(spec: XSpec, stderr: int) -> tuple[int, int | None]:
    """Return what to give to the worker as stdout, and what to close afterwards."""
    policy = spec.stdout or "stderr"
    if policy == "stderr":
        return stderr, None
    if policy == "inherit":
        return child.INHERITED, None
    if policy == "null":
        return child.NOTHING, None
    # Not waiting for a reader of what may be a pipe.
    fd = OS.open(str(policy), OS.O_WRONLY | OS.O_APPEND | OS.O_CREAT | OS.O_NONBLOCK, 0o666)
    OS.set_blocking(fd, True)
    return fd, fd
