"""What changes when code uses gevent or eventlet."""

from .interpreter import MODULES, OS, deque, sys
from .interrupts import GREEN, RUNS_CODE
from .sleeping import drain, make_pipe, poke


def find_patches():
    """Return the Greenlets of the library that has replaced the threads of this process, or None."""
    monkey, patcher = MODULES.get("gevent.monkey"), MODULES.get("eventlet.patcher")
    if monkey is not None and monkey.is_module_patched("threading"):
        return Greenlets("gevent")
    if patcher is not None and patcher.is_monkey_patched("thread"):
        return Greenlets("eventlet")
    return None


class Greenlets(object):
    """What is needed of gevent or eventlet, in the main thread.

    Other threads wake greenlets through a pipe, for which one greenlet waits.

    has_model      executions are greenlets, that is
    executing      the greenlets that execute something
    interrupted    they have been interrupted because the worker is to end
    """

    def __init__(self, name):
        import warnings

        try:
            from greenlet import getcurrent

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that eventlet is not developed any more
                self.library = __import__(name)
            if name == "gevent":
                from gevent.event import Event
                from gevent.socket import wait_read
            else:
                # Whoever imports this first counts as the main thread when the interpreter ends.
                import eventlet.green.threading  # noqa: F401
                from eventlet.event import Event
                from eventlet.hubs import trampoline

                def wait_read(fd):
                    trampoline(fd, read=True)

        except ImportError as error:
            text = "%s cannot be imported by %s: %s; install it there (python -m pip install %s)"
            raise ImportError(text % (name, sys.executable, error, name))
        self.name = name
        self.current = getcurrent
        self.event = Event
        self.wait_read = wait_read
        self.has_model = False
        self.executing = {}  # greenlets, and what each executes
        self.interrupted = False
        self.rung = deque()
        self.reader, self.writer = make_pipe()
        self.library.spawn(self.listen, OS.getpid())
        GREEN.append(self)

    def listen(self, pid):
        try:
            while True:
                self.wait_read(self.reader)
                if OS.getpid() != pid:
                    return  # what comes is for the parent
                drain(self.reader)
                while self.rung:
                    act, subject = self.rung.popleft()
                    act(subject)
        except KeyboardInterrupt:
            self.library.spawn(self.listen, pid)  # it was meant for another one
            raise

    def ring(self, event):
        """Have the greenlet that waits for an event go on. From any thread."""
        self.rung.append((self.set, event))
        poke(self.writer)

    def ring_interrupt(self, execution):
        """Interrupt what executes something, or with None all that execute. From any thread."""
        self.rung.append((self.interrupt, execution))
        poke(self.writer)

    def set(self, event):
        if self.name == "gevent":
            event.set()
        else:
            event.send()

    def interrupt(self, execution):
        for greenlet, its in list(self.executing.items()):
            if execution not in (None, its):
                continue
            if self.name == "gevent":
                greenlet.kill(KeyboardInterrupt, block=False)
            else:
                self.library.kill(greenlet, KeyboardInterrupt)
        self.interrupted = self.interrupted or execution is None

    def take_sigint(self, frame):
        """Interrupt what executes, and return True; or return False if KeyboardInterrupt is to be raised here."""
        while frame is not None:
            if frame.f_code in RUNS_CODE:
                return False  # it came to executed code
            if frame.f_globals.get("__package__") == __package__:
                break
            frame = frame.f_back
        if self.executing:
            self.ring_interrupt(None)
        return self.has_model or bool(self.executing)

    def run(self, function, argument):
        """Run an execution in a new greenlet."""

        def execute():
            current = self.current()
            self.executing[current] = argument
            try:
                function(argument)
            finally:
                self.executing.pop(current, None)

        self.library.spawn(execute)


class GreenSleeper(object):
    """One sleep of one greenlet."""

    def __init__(self, greenlets):
        self.greenlets = greenlets
        self.event = greenlets.event()

    def sleep(self, timeout):
        self.event.wait(timeout)

    def wake(self):
        self.greenlets.ring(self.event)

    def end(self):
        pass


def be_main_thread():
    """Let the interpreter end: the greenlet that has had the threads replaced counts as the main thread, for whose end
    it would wait."""
    threading = MODULES.get("threading")
    if GREEN and hasattr(threading, "main_thread") and threading.main_thread().ident != threading.get_ident():
        threading.main_thread()._ident = threading.get_ident()
