"""What ``xnet exec`` runs in an interpreter, around the code that it is given.

A text that every Python from 2.7 on reads, which has nothing of ours: it is sent, never imported. The code
runs as a program does, as module ``__main__`` in the main thread; what it and the programs that it starts
write comes back as items, in order.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Kinds of programs.
CODE: Final = "code"
FILE: Final = "file"
MODULE: Final = "module"
#: First of each item that comes back: the descriptor that was written to, or this one for the end.
STDOUT: Final = 1
STDERR: Final = 2
ENDED: Final = 0
#: Nothing that comes back in one item is longer, in bytes.
LARGEST_PIECE_BYTES: Final = 65536

#: Receives (kind, text, name, arguments, descriptors); sends (descriptor, bytes) any number of times, then
#: (0, exit status). The descriptors are those of which it sends what is written to them.
SOURCE: Final = r'''
import errno, fcntl, io, os, select, sys, threading, traceback, types

PIECE = 65536


class Outputs(object):
    """Descriptors 1 and maybe 2 are pipes from now on, and what arrives in them is sent.

    Python's own streams send by themselves, after what is in the pipes already: so nothing that was printed
    is lost when the process ends at once, and the output of programs in between is at its place. A stream
    whose descriptor stays as it is writes there, for the same reason.
    """

    def __init__(self, numbers):
        self.pid = os.getpid()
        self.numbers = numbers
        self.lock = threading.RLock()
        self.ends = {}
        self.saved = {}
        self.over = False
        self.lost = False  # what is printed is no longer taken
        sys.stdout.flush()
        sys.stderr.flush()
        # Traces go to descriptor 2: sending them would make more of them, without end.
        for number in numbers:
            if number == 2 and os.environ.get("EXECNET_DEBUG") == "2":
                continue
            self.saved[number] = os.dup(number)
            reading, writing = os.pipe()
            fcntl.fcntl(reading, fcntl.F_SETFL, fcntl.fcntl(reading, fcntl.F_GETFL) | os.O_NONBLOCK)
            os.dup2(writing, number)
            os.close(writing)
            self.ends[number] = reading
        self.wake_reading, self.wake_writing = os.pipe()
        ends = list(self.ends.values()) + list(self.saved.values())
        for end in ends + [self.wake_reading, self.wake_writing]:
            fcntl.fcntl(end, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        self.thread = threading.Thread(target=self.pump)
        self.thread.daemon = True
        self.thread.start()

    def write(self, number, data):
        # What a forked child writes arrives in our pipe.
        if self.over or number not in self.numbers or os.getpid() != self.pid:
            while data:
                data = data[os.write(number, data):]
            return
        with self.lock:
            if number in self.ends:
                self.drain(number)
            for start in range(0, len(data), PIECE):
                self.send(number, data[start:start + PIECE])

    def send(self, number, data):
        try:
            channel.send((number, data))
        except (IOError, OSError):
            self.lost = True
            raise

    def drain(self, number):
        """Send what is in a pipe; return whether there may be more to come."""
        while True:
            try:
                data = os.read(self.ends[number], PIECE)
            except (IOError, OSError) as error:
                if error.errno == errno.EINTR:
                    continue
                return error.errno in (errno.EAGAIN, errno.EWOULDBLOCK)
            if not data:
                return False
            self.send(number, data)

    def pump(self):
        open_ones = list(self.ends)
        try:
            while open_ones:
                try:
                    ends = [self.ends[one] for one in open_ones]
                    ready = select.select(ends + [self.wake_reading], [], [])[0]
                except (OSError, select.error) as error:
                    if error.args[0] == errno.EINTR:
                        continue
                    raise
                with self.lock:
                    for one in list(open_ones):
                        if self.ends[one] in ready and not self.drain(one):
                            open_ones.remove(one)
                    if self.wake_reading in ready:
                        for one in open_ones:
                            self.drain(one)
                        return
        except (EOFError, IOError, OSError):
            pass  # the other side is gone

    def end(self):
        """Take the descriptors back, and send what is left in the pipes."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # closed by the code
        for number in self.saved:
            os.dup2(self.saved[number], number)
        os.write(self.wake_writing, b"x")
        self.thread.join()
        self.over = True


def status_of(value):
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 255
    sys.stderr.write("%s\n" % (value,))
    return 1


def go(kind, text, name, arguments, numbers):
    outputs = Outputs(numbers)
    if sys.version_info[0] == 2:
        class Stream(object):
            encoding = "utf-8"
            errors = "replace"
            softspace = 0
            closed = False

            def __init__(self, number):
                self.number = number

            def write(self, data):
                if not isinstance(data, str):
                    data = data.encode("utf-8", "replace") if isinstance(data, type(u"")) else str(data)
                outputs.write(self.number, data)

            def writelines(self, lines):
                for line in lines:
                    self.write(line)

            def flush(self):
                pass

            def isatty(self):
                return False

            def fileno(self):
                return self.number

        sys.stdout, sys.stderr = Stream(1), Stream(2)
        arguments = [one.encode("utf-8") for one in arguments]
        name = name.encode("utf-8")
    else:
        class Raw(io.RawIOBase):
            def __init__(self, number):
                self.number = number

            def writable(self):
                return True

            def fileno(self):
                return self.number

            def write(self, data):
                data = bytes(data)
                outputs.write(self.number, data)
                return len(data)

        sys.stdout, sys.stderr = (
            io.TextIOWrapper(Raw(number), "utf-8", "backslashreplace", line_buffering=True)
            for number in (1, 2)
        )
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = module
    sys.argv = ["-c" if kind == "code" else name] + list(arguments)
    before = set(threading.enumerate())
    try:
        if kind == "module":
            import runpy
            try:
                runpy.run_module(name, run_name="__main__", alter_sys=True)
            except ImportError as error:
                last = sys.exc_info()[2]
                while last.tb_next is not None:
                    last = last.tb_next
                if "runpy" not in last.tb_frame.f_code.co_filename:
                    raise
                sys.stderr.write("%s: %s\n" % (sys.executable, error))  # as python -m says it
                return 1, outputs
        else:
            import linecache
            shown = text.decode("utf-8", "replace").lstrip(u"\ufeff")
            if sys.version_info[0] == 2:
                shown = shown.encode("utf-8")
            linecache.cache[name] = (len(shown), None, shown.splitlines(True), name)
            if kind == "file":
                module.__file__ = name
            run(compile(text, name, "exec", 0, True), module.__dict__)
        for thread in threading.enumerate():
            # As the interpreter does at its end.
            if thread not in before and not thread.daemon and thread is not threading.current_thread():
                thread.join()
        return 0, outputs
    except SystemExit as error:
        return status_of(error.code), outputs
    except BaseException:
        if outputs.lost:
            raise  # whoever read it has gone, and with him who would read of it
        kind, error, trace = sys.exc_info()
        here = sys._getframe().f_code.co_filename
        while trace is not None and trace.tb_frame.f_code.co_filename in (here, RUN_FILE):
            trace = trace.tb_next
        traceback.print_exception(kind, error, trace)
        return 130 if kind is KeyboardInterrupt else 1, outputs


RUN_FILE = "<xnet exec>"
# In a statement of its own: the syntax is that of Python 2 or that of Python 3.
exec(compile("def run(code, names):\n    exec(code, names)\n", RUN_FILE, "exec"), globals())

channel.reconfigure(py2str_as_py3str=False)
status, outputs = go(*channel.receive())
outputs.end()
channel.send((0, status))
'''
