"""Errors as text, with a traceback."""

from . import imports
from .errors import RemoteError
from .interpreter import deque
from .sources import BUNDLE, show_source
from .strings import as_text


def describe(error, trace, name="<none>", source=""):
    """Return an error as text, with its traceback; name and source are what was executed."""
    try:
        with imports.own_imports():
            import linecache
            import traceback

            for bundle in BUNDLE:
                for own in bundle.names:
                    if bundle.file(own) not in linecache.cache:
                        show_source(linecache, bundle.file(own), bundle.source(own))
            show_source(linecache, name, source)
            return "".join(map(as_text, traceback.format_exception(type(error), error, trace)))
    except BaseException as failure:  # a __str__ of the user's may raise whatever, or the code has made it impossible
        text = "(a plain traceback: %s while a full one was made)\n" % type(failure).__name__
        return plain(error, trace, name, source) + text


def tell_of(error, trace, text=None):
    """Return an error as what closes a channel (GW-032), whatever the code has made of its class."""
    if text is None:
        text = describe(error, trace)
    first, last = [], deque(maxlen=50)
    while trace is not None:  # of very many calls the first and the last
        code = trace.tb_frame.f_code
        (first if len(first) < 50 else last).append((code.co_filename, trace.tb_lineno or 0, code.co_name))
        trace = trace.tb_next
    try:
        return RemoteError(text, "error", name_of(type(error)), as_text(error), first + list(last))
    except BaseException:
        return RemoteError(text, "error", None, None, first + list(last))


def name_of(kind):
    module = "" if kind.__module__ in ("builtins", "exceptions") else as_text(kind.__module__) + "."
    return module + as_text(getattr(kind, "__qualname__", kind.__name__))


def plain(error, trace, name, source):
    """Return the same with nothing but what is here."""
    lines = source.split("\n")
    text = ""
    for _ in range(10):  # errors that led to each other
        parts = ["Traceback (most recent call last):\n"]
        while trace is not None and len(parts) <= 100:
            code, at = trace.tb_frame.f_code, trace.tb_lineno
            parts.append('  File "%s", line %d, in %s\n' % (as_text(code.co_filename), at, as_text(code.co_name)))
            if code.co_filename == name and at <= len(lines):
                parts[-1] += "    %s\n" % as_text(lines[at - 1]).strip()
            trace = trace.tb_next
        text = "".join(parts) + "%s: %s\n" % (name_of(type(error)), as_text(error)) + text
        before = None if getattr(error, "__suppress_context__", True) else error.__context__
        error = getattr(error, "__cause__", None) or before
        if error is None:
            break
        trace = error.__traceback__
        text = "\nBecause of this error there was another one:\n\n" + text
    return text
