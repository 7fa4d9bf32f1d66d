"""The middle of a ``via`` gateway: runs in the interpreter that another one is reached through.

It starts a program, or connects to an address, and copies bytes between that and a channel,
knowing nothing of what they mean. It is the service ``relay`` (68-relay.md of the specification); to the
bare worker it is sent as text, so Python 2.7 has to read it, and it has the standard library only.

Threads: three copy, one waits for the process, one takes orders to kill it. Flow control needs no
more: a channel that is not read stops the copying thread, and with it the process.
"""


class Imports(object):
    """A block in which modules are loaded, as anywhere."""

    def __enter__(self):
        pass

    def __exit__(self, *error):
        pass


#: Executed, the worker's own: whatever code there has done to sys.path and the like, it imports as at its start.
IMPORTS = getattr(getattr(globals().get("channel"), "gateway", None), "_own_imports", Imports())

with IMPORTS:
    import os
    import signal
    import socket
    import stat
    import struct
    import subprocess
    import sys
    import threading

    try:
        import fcntl
    except ImportError:
        fcntl = None

    try:
        import posix as system
    except ImportError:
        import nt as system


class OS(object):
    """What is copied with; in a class, where no library that replaces such functions finds it, and not from ``os``."""

    read, write, close, dup = system.read, system.write, system.close, system.dup
    fstat, pipe, mkdir, stat, lstat = system.fstat, system.pipe, system.mkdir, system.stat, system.lstat


CHUNK_BYTES = 65536
#: Between SIGTERM and SIGKILL, in seconds.
KILL_GRACE_S = 1.0
#: How long connecting may take, in seconds.
CONNECT_S = 30.0
#: How much of the last output is kept, and how long its end is waited for when the program has ended.
TAIL_BYTES = 16384
TAIL_LINES = 10
TAIL_S = 0.5
#: What no worker finds in its environment.
SECRETS = ("XNET_SECRET", "XNET_SECRET_FILE")
#: What stands in a command line for the interpreter that this runs in.
THIS_PYTHON = "<this python>"


def main(channel):
    """Start or connect, answer with the process id (0 for none), and relay until the end.

    Receives a dict with ``argv``, ``env``, ``cwd``, ``inherits`` (whether our error output is its own)
    and ``stdio`` (``pipes``, the default: the connection is stdin and stdout; ``socket``: it is stdin
    alone), or with ``address`` and ``ours`` (whether what listens at a path has to be of our user, or
    root's); then the data channel and the control channel. The latter takes ``"kill"`` and ``"kill-now"``, and gives
    ``(exit status, sentence)`` when the process has ended.
    """
    route, data, control = channel.receive()
    patches = patched_by()
    if patches:
        raise RuntimeError(
            "%s has replaced the threads of this interpreter, and its greenlets cannot relay a connection: "
            "go through a gateway in which no code patches the standard library" % patches
        )
    process = None
    words = LastWords()
    if "address" in route:
        reading, writing = two_of(connect(route["address"], route.get("ours")))
    else:
        process, reading, writing, output = run(route)
        if output is None:
            words.over.set()
        else:
            begin(words.relay, output)
    # Each thread closes its own: neither knows when the other has ended.
    begin(copy_up, reading, data)
    begin(copy_down, data, writing)
    if process is not None:
        ended = threading.Event()
        begin(wait, process, words, control, ended)
        begin(obey, process, control, ended)
    channel.send(0 if process is None else process.pid)


def patched_by():
    """Return what has replaced the threads of this process, or None."""
    monkey, patcher = sys.modules.get("gevent.monkey"), sys.modules.get("eventlet.patcher")
    if monkey is not None and monkey.is_module_patched("threading"):
        return "gevent"
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return "eventlet"
    return None


def begin(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, name="xnet-relay")
    thread.daemon = True
    thread.start()


def connect(address, ours):
    """Connect to an address; at a path, to our user or root only if it has to be ours (SO-035)."""
    if address.startswith("/"):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.settimeout(CONNECT_S)
        end.connect(address)
        end.settimeout(None)
        if ours:
            check_ours(end, address)
        return end
    host, _, port = address.rpartition(":")
    with IMPORTS:
        host.encode("idna")  # as `socket` will, with a module that it loads for it
    end = socket.create_connection((host.strip("[]"), int(port)), CONNECT_S)
    end.settimeout(None)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


def check_ours(end, path):
    """Say nothing to somebody else who listens at a path: by its credentials, or else by owners of the path."""
    trusted = (os.geteuid(), 0)
    folder = OS.stat(os.path.dirname(path))
    option = peer_option()
    if option is not None:
        user = struct.unpack("iII", end.getsockopt(socket.SOL_SOCKET, option, 12))[1]
        problem = None if user in trusted else "user %d listens there" % user
    elif folder.st_uid not in trusted:
        problem = "its directory belongs to user %d" % folder.st_uid
    elif folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not folder.st_mode & stat.S_ISVTX:
        problem = "others can write to its directory"
    else:
        owner = OS.lstat(path).st_uid
        problem = None if owner in trusted else "it belongs to user %d" % owner
    if problem is not None:
        end.close()
        raise EnvironmentError(
            "cannot reach %s: authentication failed: %s; without a secret it has to be the user of the gateway"
            " in between, or root; secret_file= gives one" % (path, problem)
        )


def peer_option():
    """Return how this Linux is asked for the user at the other end of a unix socket, or None elsewhere."""
    if not sys.platform.startswith("linux"):
        return None
    if hasattr(socket, "SO_PEERCRED"):
        return socket.SO_PEERCRED
    # Python 2 and PyPy have no name for it; not all processors have this number.
    return 17 if os.uname()[4].startswith(("x86", "i", "aarch", "arm", "riscv")) else None


def two_of(end):
    """Return two descriptors for a socket."""
    both = OS.dup(end.fileno()), OS.dup(end.fileno())
    end.close()
    return both


def make_pipe():
    """Return a pipe whose ends no other program inherits. ``subprocess`` would wrap them in files of ``io.open``."""
    ends = OS.pipe()
    if sys.version_info[0] == 2:
        for fd in ends:
            fcntl.fcntl(fd, fcntl.F_SETFD, fcntl.fcntl(fd, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)
    return ends


def run(route):
    """Start the program; return it, and descriptors to read from, to write to, and for what it prints, if any."""
    argv = [sys.executable if word == THIS_PYTHON else word for word in route["argv"]]
    environment = dict(os.environ)
    environment.update(route.get("env") or {})
    for name in SECRETS:
        environment.pop(name, None)
    cwd = route.get("cwd")
    if cwd is not None and not os.path.isdir(cwd):
        OS.mkdir(cwd)
    options = {"env": environment, "cwd": cwd, "close_fds": True, "bufsize": 0}
    output, printing, given, ours = None, 2, [], []
    if not route.get("inherits"):
        output, printing = make_pipe()
        given, ours = [printing], [output]
    try:
        if route.get("stdio") == "socket":
            end, other = socket.socketpair()
            try:
                process = subprocess.Popen(argv, stdin=other.fileno(), stdout=printing, stderr=printing, **options)
            finally:
                other.close()
            reading, writing = two_of(end)
        else:
            stdin, writing = make_pipe()
            reading, stdout = make_pipe()
            given += [stdin, stdout]
            ours += [reading, writing]
            process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=printing, **options)
    except BaseException:
        for fd in ours:
            OS.close(fd)
        raise
    finally:
        for fd in given:
            OS.close(fd)
    return process, reading, writing, output


class LastWords(object):
    """What the program prints: passed on to our error output, the end of it kept."""

    def __init__(self):
        self.tail = b""
        self.over = threading.Event()

    def relay(self, fd):
        try:
            while True:
                chunk = OS.read(fd, CHUNK_BYTES)
                if not chunk:
                    break
                self.tail = (self.tail + chunk)[-TAIL_BYTES:]
                OS.write(2, chunk)
        except (OSError, IOError):
            pass  # our error output is closed; the pipe's end ends the program's writing
        finally:
            self.over.set()
            OS.close(fd)

    def get(self):
        """Return the last lines; a child of the program may hold the pipe open, so not for long."""
        self.over.wait(TAIL_S)
        return "\n".join(telling_lines(self.tail.decode("utf-8", "replace").splitlines()))


def telling_lines(lines):
    """Return the last lines; of a report of faulthandler, what happened and where, without the other threads."""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("Fatal Python error: "):
            report = lines[index + 1 :]
            where = [number for number, line in enumerate(report) if line.startswith("Current thread ")]
            return [lines[index]] + report[where[0] if where else 0 :][: TAIL_LINES - 1]
    return lines[-TAIL_LINES:]


def copy_up(fd, data):
    try:
        while True:
            chunk = OS.read(fd, CHUNK_BYTES)
            if not chunk:
                break
            data.send(bytearray(chunk))  # Python 2 would send its str as text
        data.close()
    except (OSError, IOError, EOFError):
        pass  # one of the two ends has gone; the other one hears of it by its own means
    finally:
        OS.close(fd)


def copy_down(data, fd):
    try:
        for chunk in data:
            view = memoryview(chunk)
            while len(view):
                view = view[OS.write(fd, view) :]
    except (OSError, IOError, EOFError):
        pass
    finally:
        # The other end sees the end of its connection, and ends.
        if stat.S_ISSOCK(OS.fstat(fd).st_mode):  # for a pipe, `fromfd` would leave its copy open
            try:
                socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM).shutdown(socket.SHUT_WR)
            except (OSError, IOError):
                pass  # it has gone already
        OS.close(fd)


def wait(process, words, control, ended):
    status = process.wait()
    ended.set()
    if status < 0:
        sentence = "its process (pid %d) was killed by signal %d" % (process.pid, -status)
        for name in dir(signal):
            if name.startswith("SIG") and not name.startswith("SIG_") and getattr(signal, name) == -status:
                sentence += " (%s)" % name
                break
    else:
        sentence = "its process (pid %d) exited with status %d" % (process.pid, status)
    tail = words.get() if status else ""
    if tail:
        sentence += "; its last output was:\n" + tail
    try:
        control.send((status, sentence))
        control.close()
    except (OSError, IOError):
        pass  # the initiator has gone


def obey(process, control, ended):
    try:
        for order in control:
            if order != "kill-now":
                send_signal(process, signal.SIGTERM)
                send_signal(process, signal.SIGCONT)  # a stopped one does not see SIGTERM before
                ended.wait(KILL_GRACE_S)
            send_signal(process, signal.SIGKILL)
    except EOFError:
        pass  # the initiator has gone; so this worker ends, and with it the connection


def send_signal(process, number):
    try:
        process.send_signal(number)
    except (OSError, AttributeError):
        pass  # it has ended at this moment


def serve(channel):
    """Be the service."""
    global IMPORTS
    IMPORTS = getattr(channel.gateway, "_own_imports", IMPORTS)  # imported, it was not known
    main(channel)


if __name__ == "__channelexec__":
    main(channel)  # noqa: F821
