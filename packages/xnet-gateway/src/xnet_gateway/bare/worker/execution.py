"""CHANNEL_EXEC."""

from . import awaiting, failures
from .errors import INTERRUPT, Broken, RemoteError, WorkerEnding
from .interpreter import OS, PY2, compiled, execute, get_ident, native, sys
from .interrupts import MAIN, NOTED, QUIET, RUNS_CODE
from .protocol import NO_FILE
from .sources import show_source
from .strings import as_text


class Execution(object):
    """The code of one CHANNEL_EXEC and the channel it talks on."""

    def __init__(self, channel, request):
        channel._executing = True
        self.channel = channel
        self.follows = False  # its error came of the end of its channel
        self.thread = None  # where it runs, once it does
        self.cancelled = False
        self.request = request  # None: it is the first item
        self.source, self.file = "", NO_FILE

    def run(self):
        """Run the code; return the error to close the channel with, or None after a good end (GW-010)."""
        pid = OS.getpid()
        error = self._run(pid)
        if OS.getpid() != pid:  # forked by the code, which has come to its end there, too
            failures.end_child(0 if error is None else 1, "" if error is None else error.formatted)
        return error

    def _run(self, pid):
        namespace = {"channel": self.channel, "__name__": "__channelexec__"}
        quiet = QUIET[0]
        in_main = get_ident() == MAIN[0]
        try:
            if in_main:
                if not self.cancelled:
                    del NOTED[:]
                QUIET[0] = 0
            try:
                if in_main and NOTED:
                    del NOTED[:]
                    raise KeyboardInterrupt
                if self.request is None:
                    failures.receive_request(self)
                self.source, name, call, kwargs, language, kind = self.request
                if kind == "service":  # it is sent whatever it is to run, for it has to be small
                    return RemoteError(as_text("this worker has no service ") + self.source, "refused")
                if language not in (None, "python"):
                    return RemoteError(as_text("this worker executes python, not ") + language, "refused")
                self.file = native(name) if name else NO_FILE
                linecache = sys.modules.get("linecache")
                if linecache is not None:  # for `inspect` in the code; importing it for that costs too much
                    show_source(linecache, self.file, self.source)
                # With the flag, code that awaits outside of functions becomes a coroutine (GW-026).
                flags = 0x2000 if sys.version_info >= (3, 8) else 0
                code = compiled(parseable(self.source) + "\n", self.file, "exec", flags, True)
                left = execute(code, namespace)
                if call is not None:
                    call = native(call)
                    if call not in namespace:
                        raise NameError("the source defines no function %r that could be called" % call)
                    kwargs = dict((native(key), value) for key, value in kwargs.items())
                    left = namespace[call](self.channel, **kwargs)
                if hasattr(left, "cr_await"):
                    awaiting.asynchronous("run")(left)
            finally:
                if in_main:
                    QUIET[0] = quiet
        except (KeyboardInterrupt, WorkerEnding):
            return INTERRUPT
        except EOFError:
            return None  # code that still waited for items when there were no more
        except Broken as error:
            return RemoteError(error.text)
        except BaseException as error:
            return failures.failure_of(self, error, sys.exc_info()[2], pid)
        return None


def parseable(source):
    """Return a source as ``compile`` takes it: Python 2 wants no declaration of its encoding in a text."""
    if PY2:
        lines = source.split("\n", 2)
        for number, line in enumerate(lines[:2]):
            if line.lstrip()[:1] == "#":
                lines[number] = line.replace("coding", "c0ding")
        source = "\n".join(lines)
    return source


RUNS_CODE.append(Execution._run.__code__)
