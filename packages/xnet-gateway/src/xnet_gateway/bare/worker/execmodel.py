"""Threads, locks and events under execnet's names."""

from . import imports
from .interpreter import PY2, start_new_thread
from .protocol import GREENLET_MODELS


class ExecModel(object):
    """Threads, locks and events, as programs written for execnet expect them at ``channel.gateway.execmodel``."""

    def __init__(self, backend):
        self.backend = backend

    def __repr__(self):
        return "<ExecModel %r>" % self.backend

    def __getattr__(self, name):
        name = "RLock" if name == "Lock" else name
        place = EXECMODELS.get(self.backend, EXECMODELS["thread"]).get(name)
        if place is None:
            raise AttributeError(name)
        module, _, attribute = place.partition(":")
        with imports.own_imports():
            module = __import__(module, None, None, ["*"])
        return getattr(module, attribute) if attribute else module

    def start(self, func, args=()):
        if self.backend in GREENLET_MODELS:
            with imports.own_imports():
                library = __import__(self.backend)
            library.spawn(func, *args)
        else:
            start_new_thread(func, args)

    def get_ident(self):
        return self._get_ident()

    def fdopen(self, fd, mode, bufsize=1, closefd=True):
        options = {"buffering": -1} if "b" in mode else {"buffering": bufsize, "encoding": "utf-8"}
        try:
            return self._fdopen(fd, mode, closefd=closefd, **options)
        except TypeError:  # of Python 2, or an old gevent
            return self._fdopen(fd, mode, bufsize)


#: Where execution models have their things.
EXECMODELS = {
    "thread": {
        "RLock": "threading:RLock", "Event": "threading:Event", "sleep": "time:sleep",
        "queue": "Queue" if PY2 else "queue", "subprocess": "subprocess", "socket": "socket", "_fdopen": "os:fdopen",
        "_get_ident": "thread:get_ident" if PY2 else "_thread:get_ident",
    },
    "gevent": {
        "RLock": "gevent.lock:RLock", "Event": "gevent.event:Event", "sleep": "gevent:sleep",
        "queue": "gevent.queue", "subprocess": "gevent.subprocess", "socket": "gevent.socket",
        "_fdopen": "gevent.fileobject:FileObjectThread", "_get_ident": "gevent.thread:get_ident",
    },
    "eventlet": {
        "RLock": "eventlet.green.threading:RLock",
        "Event": "eventlet.green.threading:Event", "sleep": "eventlet:sleep", "queue": "eventlet.queue",
        "subprocess": "eventlet.green.subprocess", "socket": "eventlet.green.socket",
        "_fdopen": "eventlet.green.os:fdopen", "_get_ident": "eventlet.green.thread:get_ident",
    },
}  # fmt: skip
