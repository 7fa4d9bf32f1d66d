"""The lines that tracebacks show."""

from .interpreter import native

BUNDLE = []  # that this worker came as; empty if it came in another way


def show_source(linecache, name, source):
    """Let tracebacks and ``inspect`` show the lines of a source (GW-018)."""
    # A file that exists here shows itself: the source may be one function out of it.
    try:
        if name[:1] == "<" or not linecache.getlines(name):
            linecache.cache[name] = (len(source), None, native(source).splitlines(True), name)
    except Exception:
        pass  # it is not what it was
