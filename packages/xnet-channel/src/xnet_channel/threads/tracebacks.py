"""Errors as the text that travels to the other side."""

from __future__ import annotations

import sys
import threading

from xnet_channel.threads.errors import INTERRUPT_TEXT
from xnet_channel.threads.native import get_ident


def format_error(error: BaseException) -> str:
    """Return the traceback of an error as text.

    KeyboardInterrupt gives the short text that nobody is warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT_TEXT
    import traceback  # only when something failed: it costs 5 ms at first use

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def tell_excepthook(error: BaseException) -> None:
    """Tell ``threading.excepthook`` of an error in code of the program that a thread of ours has called.

    Its ``thread`` is None in a worker, where those threads are hidden from ``threading``.
    """
    if isinstance(error, SystemExit):
        # Which the hook takes for the regular end of a thread and keeps to itself.
        outer = RuntimeError("sys.exit() in a callback: the process goes on, the channel is closed")
        outer.__cause__ = error
        error = outer
    here = get_ident()
    # `current_thread` would make an entry for a hidden one, which stays.
    thread = next((one for one in threading.enumerate() if one.ident == here), None)
    try:
        threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, thread)))
    except BaseException:  # noqa: BLE001 - the program's own hook; as threads do
        sys.excepthook(*sys.exc_info())
