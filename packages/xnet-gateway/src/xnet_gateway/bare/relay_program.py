"""The middle of a ``via`` gateway: runs in the interpreter that another one is reached through.

It starts a program, or connects to an address, and copies bytes between that and a channel,
knowing nothing of what they mean. It is sent as text and runs wherever a worker runs, so Python
2.7 has to read it, and it has the standard library only.

Threads: two copy, one waits for the process, one takes orders to kill it. Flow control needs no
more: a channel that is not read stops the copying thread, and with it the process.
"""

import os
import signal
import socket
import stat
import subprocess
import sys
import threading

CHUNK_BYTES = 65536
#: Between SIGTERM and SIGKILL, in seconds.
KILL_GRACE_S = 1.0
#: How long connecting may take, in seconds.
CONNECT_S = 30.0
#: What stands in a command line for the interpreter that this runs in.
THIS_PYTHON = "<this python>"


def main(channel):
    """Start or connect, answer with the process id (0 for none), and relay until the end.

    Receives a dict with ``argv``, ``env``, ``cwd`` and ``stdio`` (``pipes``: the connection is
    stdin and stdout; ``socket``: it is stdin alone), or with ``address``; then the data channel
    and the control channel. The latter takes ``"kill"`` and ``"kill-now"``, and gives
    ``(exit status, sentence)`` when the process has ended.
    """
    route, data, control = channel.receive()
    process = None
    if "address" in route:
        reading = writing = connect(route["address"])
    else:
        process, reading, writing = run(route)
    # Each thread closes its own: neither knows when the other has ended.
    begin(copy_up, os.dup(reading.fileno()), data)
    begin(copy_down, data, os.dup(writing.fileno()))
    reading.close()
    writing.close()
    if process is not None:
        ended = threading.Event()
        begin(wait, process, control, ended)
        begin(obey, process, control, ended)
    channel.send(0 if process is None else process.pid)


def begin(function, *arguments):
    thread = threading.Thread(target=function, args=arguments, name="xnet-relay")
    thread.daemon = True
    thread.start()


def connect(address):
    if address.startswith("/"):
        end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        end.connect(address)
        return end
    host, _, port = address.rpartition(":")
    end = socket.create_connection((host.strip("[]"), int(port)), CONNECT_S)
    end.settimeout(None)
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


def run(route):
    """Start the program; return it, what to read from and what to write to."""
    argv = [sys.executable if word == THIS_PYTHON else word for word in route["argv"]]
    environment = dict(os.environ)
    environment.update(route["env"])
    cwd = route["cwd"]
    if cwd is not None and not os.path.isdir(cwd):
        os.mkdir(cwd)
    options = {"env": environment, "cwd": cwd, "close_fds": True}
    if route["stdio"] == "socket":
        ours, theirs = socket.socketpair()
        # What it prints goes where what we print goes.
        process = subprocess.Popen(argv, stdin=theirs.fileno(), stdout=2, **options)
        theirs.close()
        return process, ours, ours
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options)
    return process, process.stdout, process.stdin


def copy_up(fd, data):
    try:
        while True:
            chunk = os.read(fd, CHUNK_BYTES)
            if not chunk:
                break
            data.send(bytearray(chunk))  # Python 2 would send its str as text
        data.close()
    except (OSError, IOError, EOFError):
        pass  # one of the two ends has gone; the other one hears of it by its own means
    finally:
        os.close(fd)


def copy_down(data, fd):
    try:
        for chunk in data:
            view = memoryview(chunk)
            while len(view):
                view = view[os.write(fd, view) :]
    except (OSError, IOError, EOFError):
        pass
    finally:
        # The other end sees the end of its connection, and ends.
        if stat.S_ISSOCK(os.fstat(fd).st_mode):  # for a pipe, `fromfd` would leave its copy open
            try:
                socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM).shutdown(socket.SHUT_WR)
            except (OSError, IOError):
                pass  # it has gone already
        os.close(fd)


def wait(process, control, ended):
    status = process.wait()
    ended.set()
    if status < 0:
        words = "its process (pid %d) was killed by signal %d" % (process.pid, -status)
        for name in dir(signal):
            if name.startswith("SIG") and not name.startswith("SIG_") and getattr(signal, name) == -status:
                words += " (%s)" % name
                break
    else:
        words = "its process (pid %d) exited with status %d" % (process.pid, status)
    try:
        control.send((status, words))
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


if __name__ == "__channelexec__":
    main(channel)  # noqa: F821
