"""What differs between interpreters, and all that is used of the standard library, taken before any code is executed.

No other module imports it for itself: later it may be somebody else's, or fail.
"""
# ruff: noqa: F401

import os
import select
import sys
import time
from _collections import deque  # without what is around it, which takes a while to load
from _struct import Struct
from _struct import error as struct_error
from _weakref import ref
from errno import EAGAIN, EEXIST, EINTR
from itertools import repeat


class OS(object):
    """What reads, writes, waits or ends here has to go on to do so when code has had it replaced (gevent, eventlet,
    freezegun, pyfakefs, tests). Those look for it in modules, by name and by value, and not in classes."""

    read, write, close, pipe, dup, dup2, fstat = os.read, os.write, os.close, os.pipe, os.dup, os.dup2, os.fstat
    open, getpid, kill, _exit = os.open, os.getpid, os.kill, os._exit
    set_blocking, set_inheritable = getattr(os, "set_blocking", None), getattr(os, "set_inheritable", None)
    select, poll = select.select, select.poll


class CLOCK(object):
    monotonic = getattr(time, "monotonic", time.time)
    monotonic_ns = getattr(time, "monotonic_ns", None)
    sleep = time.sleep


try:
    from _functools import partial
except ImportError:

    def partial(function, argument):  # PyPy, where this is the quicker way, too
        return lambda data, at, levels: function(argument, data, at, levels)


PY2 = sys.version_info[0] == 2
compiled = compile  # which code of a sandbox takes away
getframe, getrecursionlimit = sys._getframe, sys.getrecursionlimit
IS_PYPY = hasattr(sys, "pypy_version_info")

if PY2:
    from signal import SIGINT, default_int_handler, getsignal, signal

    from thread import _local, allocate_lock, get_ident, start_new_thread

    Text, Integers = unicode, (int, long)
    RLock, BaseTimeout, OSErrors = None, IOError, (IOError, OSError)

    def execute(code, namespace, names=None):
        exec("exec code in namespace, names")

    def native(text):
        """Return a text as what the interpreter takes for names: file names, variables of the environment."""
        return text.encode("utf-8") if isinstance(text, Text) else text

else:
    from _signal import SIGINT, default_int_handler, getsignal, signal
    from _thread import RLock, _local, allocate_lock, get_ident, start_new_thread

    Text, Integers = str, (int,)
    BaseTimeout, OSErrors = TimeoutError, (OSError,)
    execute = eval  # of a code object: what "exec" does, and the coroutine if it is one

    def native(text):
        return text

MODULES = sys.modules  # which code may replace
