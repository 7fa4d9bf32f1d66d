"""Configuration, executions, answers, the end."""

from . import configuring, describing, execmodel, greenlets, imports, opening, sending, stopping
from .errors import CANCELLED, INTERRUPT, Broken, RemoteError, warn
from .execution import Execution
from .import_state import KEPT, keep_imports
from .interpreter import CLOCK, OS, PY2, get_ident, native, os, start_new_thread, sys
from .interrupts import GREEN, NOTED
from .link import Link, maybe_tracer
from .payloads import Payload, encode_map
from .protocol import (
    CHANNEL_LIMIT,
    CLOSED,
    CONFIG_REFUSED,
    DEPTH_LIMIT,
    FRAME_LIMIT,
    GRACE,
    GREENLET_MODELS,
    HELLO,
    INTERRUPT_GRACE,
    ITEM_LIMIT,
    PREAMBLE,
    PROTOCOL,
    VERSION,
    WINDOW,
    WRITE_GRACE,
    implementation,
)
from .strings import as_text, path_text


class Worker(object):
    """What executed code sees as ``channel.gateway``.

    running, waiting  executions that have begun, and that were accepted and have not
    main_busy         the main thread runs one, or is about to; task: which it is to run next
    over              it is time to exit
    """

    def __init__(self, fd_in, fd_out):
        self.id = "worker"
        self._execmodel = "thread"
        self._running = self._waiting = 0
        self._main_busy = self._over = self._forced = False
        self._task = None
        self._end_by = None
        self.times = GRACE / 1000.0, INTERRUPT_GRACE / 1000.0
        self._sleepers = []
        self._patient = []  # executions that wait for the main thread
        self._tasks = {}  # executions that have not ended, by the id of their channel
        self.cancelled = set()  # channels of those that were cancelled
        self._for_greenlets = []  # executions that are to begin in greenlets
        self._link = Link(fd_in, fd_out, self)
        self._trace("started, pid %d, %s" % (OS.getpid(), sys.executable))

    def __repr__(self):
        return "<WorkerGateway %s>" % native(self.id)

    # -- for executed code

    @property
    def execmodel(self):
        return execmodel.ExecModel(self._execmodel)

    @property
    def _own_imports(self):
        return imports.own_imports()  # for programs of ours that are executed here

    def newchannel(self):
        """Open a channel; send it in an item to give the initiator the other end."""
        return opening.new_channel(self._link)

    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """Set how strings arrive on both sides, for channels without their own setting."""
        sending.reconfigure(self._link, None, py2str_as_py3str, py3str_as_py2str)

    def join(self, timeout=None):
        """Wait until the connection has ended, at most ``timeout`` seconds."""
        link = self._link
        with link.guard:
            link.wait_locked(lambda: link.deaf, None if timeout is None else CLOCK.monotonic() + timeout, self._sleepers)

    # -- the main thread

    def serve(self):
        """Serve the initiator until it is time to exit."""
        link = self._link
        hello = encode_map([
            ("version", list(PROTOCOL)), ("implementation", implementation()),
            ("features", ["exec.python", "python.strings", "surrogates"]),
            ("limits", Payload(encode_map([
                ("frame", FRAME_LIMIT), ("item", ITEM_LIMIT), ("depth", DEPTH_LIMIT), ("channels", CHANNEL_LIMIT),
            ]))),
            ("credit", WINDOW),
        ])  # fmt: skip
        with link.guard:
            link.out.append(PREAMBLE)
            link.queued += len(PREAMBLE)
            link.queue(HELLO, 0, hello)
            link.flush_soon_locked()
        while not self._over:
            try:
                self._serve_one()
            except KeyboardInterrupt:
                with link.guard:
                    self.end_locked("the worker was interrupted")
        left = max(0.0, self._end_by - CLOCK.monotonic()) + 0.5
        start_new_thread(exit_later, (left, CLOCK.sleep, OS._exit))
        self._trace("ends")
        with link.guard:
            self._write_rest_locked()
            link.deaf = link.sealed = True
            link.shut_locked()
            link.wake_keeper()
            # A thread that runs while the interpreter takes itself apart fails with noise in Python 2.
            if GREEN:
                greenlets.be_main_thread()
            until = CLOCK.monotonic() + WRITE_GRACE
            link.wait_locked(lambda: not link.keeper_runs, until, link.keeper_end_sleepers)
        while PY2 and link.callbacks.busy and CLOCK.monotonic() < until:
            CLOCK.sleep(0.002)
            with link.guard:
                pass  # it is not between two of its steps
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                pass  # there is none, or it is closed

    def _serve_one(self):
        link = self._link
        with link.guard:
            link.wait_locked(lambda: self._task or self._for_greenlets or self._over, None, self._sleepers)
            task, self._task = self._task, None
            tasks, self._for_greenlets = self._for_greenlets, []
        if tasks and not KEPT:
            keep_imports()
        for one in tasks:
            GREEN[0].run(self._run, one)
        if task is not None:
            if not KEPT:
                # Imported by another thread first, it would take that for the main thread.
                import threading  # noqa: F401

                keep_imports()
            self._run(task, True)

    def _run(self, task, in_main=False):
        link = self._link
        channel = task.channel
        with link.guard:
            self._waiting -= 1
            self._running += 1
            task.thread = get_ident()
            begins = not task.cancelled
        self._trace("executing on channel %d" % channel.id)
        try:
            error = task.run() if begins else CANCELLED
            self._trace("executed on channel %d" % channel.id)
        except BaseException as failure:  # of a trace function that the code left: go on
            error = self._error_of(failure, sys.exc_info()[2])
        with link.guard:
            del self._tasks[channel.id]  # from here on nothing interrupts it
            if task.cancelled:
                link.asked.discard(task.thread)
                self.cancelled.discard(channel.id)
                if error is INTERRUPT:
                    error = CANCELLED
            self._running -= 1
            if in_main and self._patient:
                self._task = self._patient.pop(0)
            elif in_main:
                self._main_busy = False  # before the close can be seen (GW-015)
            channel._executing = False
            late = error is not None and channel._state.sending is CLOSED and not link.sealed
            link.close_locked(channel._state, error)
            link.notify_locked(self._sleepers)
        if task.cancelled and in_main:
            del NOTED[:]  # an interrupt that came when the code had ended is not for the next one
        if late and not task.follows and error is not INTERRUPT and error is not CANCELLED:
            # On a channel that the initiator has closed nobody would hear of it.
            warn("Warning: a remote error that nobody received: %r" % error)

    def _error_of(self, failure, trace):
        if isinstance(failure, KeyboardInterrupt):
            return INTERRUPT
        try:
            return describing.tell_of(failure, trace)
        except BaseException:  # an audit hook may refuse what a traceback is made of
            text = "Traceback (most recent call last):\n%s: %s\n" % (type(failure).__name__, failure)
            return RemoteError(as_text(text))

    def execute_locked(self, channel, request):
        """Have a request run: on the main thread if that is idle (GW-013, GW-014)."""
        task = self._tasks[channel.id] = Execution(channel, request)
        self._waiting += 1
        if self._execmodel in GREENLET_MODELS:
            self._for_greenlets.append(task)
            self._link.notify_locked(self._sleepers)
        elif not self._main_busy:
            self._main_busy = True
            self._task = task
            self._link.notify_locked(self._sleepers)
        elif self._execmodel == "main_thread_only":
            self._patient.append(task)
            start_new_thread(stopping.refuse_later, (self, task))
        else:
            start_new_thread(self._run, (task, False))

    def cancel_locked(self, number):
        """End the execution of a channel, if there is one that was not cancelled yet (GW-033 to GW-036)."""
        stopping.cancel_locked(self, number)

    # -- questions and configuration, asked by the thread that reads

    def status_locked(self):
        return encode_map([
            ("numchannels", len(self._link.open)), ("numexecuting", self._running), ("numqueued", self._waiting),
            ("execmodel", self._execmodel),
        ])  # fmt: skip

    def information(self):
        try:
            cwd = os.getcwd()
        except OSError:
            cwd = None  # it was removed
        return encode_map([
            ("executable", path_text(sys.executable)), ("version_info", tuple(sys.version_info)),
            ("platform", sys.platform), ("cwd", path_text(cwd)), ("pid", OS.getpid()),
            ("implementation", implementation()), ("version", VERSION),
        ])  # fmt: skip

    def configure(self, config, hello_size):
        """Apply what the initiator asks for, in the order of HS-020."""
        link = self._link
        for key in ("env", "chdir", "nice", "id", "execmodel", "dont_write_bytecode", "alias", "stdout", "keepalive"):
            if key in config:
                try:
                    if key in ("id", "execmodel"):
                        getattr(self, "_apply_" + key)(config[key])
                    else:
                        getattr(configuring, "apply_" + key)(self, config[key])
                except Exception as error:
                    value = config[key] if type(config[key]) is not dict else sorted(config[key])
                    text = "the worker cannot apply config %s = %s: %s" % (key, native(as_text(value)), error)
                    raise Broken(CONFIG_REFUSED, as_text(text))
        if link.tracer is None and config.get("env"):  # (TR-004)
            link.tracer = maybe_tracer()
            if link.tracer is not None:
                link.tracer.name = self.id
                link.tracer.frame("sent", HELLO, 0, link.queued - len(PREAMBLE) - 9)
                link.tracer.frame("received", HELLO, 0, hello_size)

    def _apply_id(self, name):
        self.id = name + "-worker"
        if self._link.tracer is not None:
            self._link.tracer.name = self.id

    def _apply_execmodel(self, name):
        if name in GREENLET_MODELS:
            greenlets.Greenlets(native(name)).has_model = True
        elif name not in ("thread", "main_thread_only"):
            raise ValueError("there is only thread, main_thread_only, gevent and eventlet")
        self._execmodel = native(name)

    # -- the end

    def end_locked(self, text):
        """Begin to end (GR-003 to GR-005)."""
        link = self._link
        link.end_receiving_locked(text)
        if self._end_by is None:
            self._trace("ending: " + native(text))
            self._end_by = CLOCK.monotonic() + sum(self.times)
            if self._running or self._waiting:
                start_new_thread(stopping.end, (self,))
            else:
                self._over = True
        link.notify_locked(self._sleepers)

    def _write_rest_locked(self):
        link = self._link
        link.goaway_locked(0, link.end_text)
        link.flush_soon_locked()
        link.wait_written_locked(lambda: not link.out and not link.writing, CLOCK.monotonic() + WRITE_GRACE)

    def _trace(self, text):
        if self._link.tracer is not None:
            self._link.tracer.event(text)


def exit_later(seconds, sleep, leave):
    """End the process if its threads and exit handlers do not let it end. The names it needs are arguments:
    Python 2 takes the others away meanwhile."""
    sleep(seconds)
    leave(1)
