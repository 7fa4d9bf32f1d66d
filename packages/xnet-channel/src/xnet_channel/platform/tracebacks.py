"""Errors as text, whatever the code has done to the interpreter, and where they are reported."""

from __future__ import annotations

import sys
import threading

from xnet_channel.platform.native import OS, get_ident
from xnet_channel.platform.own_imports import OWN_IMPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Final

#: How the text begins.
HEADER: Final = "Traceback (most recent call last):\n"
#: Of what a plain traceback shows most, errors that led to each other and calls.
MOST_ERRORS: Final = 10
MOST_CALLS: Final = 100


def format_traceback(
    error: BaseException, trace: TracebackType | None, source: tuple[str, str] = ("", "")
) -> str:
    """Return an error with these calls as text, whatever the code has done to the interpreter.

    Args:
        error: The error.
        trace: Its calls, from the one to begin with.
        source: A file and its text, to be shown where that file does not exist.
    """
    try:
        with OWN_IMPORTS:
            import linecache
            import traceback  # only when something failed: it costs 5 ms at first use

            show_source(linecache, *source)
            return "".join(traceback.format_exception(type(error), error, trace))
    except BaseException as failure:  # noqa: BLE001 - a __str__ of the user's, or what the code has put in its place
        why = f"(a plain traceback: {type(failure).__name__} while a full one was made)\n"
        return _plain(error, trace, source) + why


def show_source(linecache: Any, file: str, text: str) -> None:
    """Let tracebacks and ``inspect`` show the lines of a source. Spec: GW-018.

    Args:
        linecache: The module, or what the code has put in its place.
        file: Its name, or nothing for none.
        text: The source.
    """
    # A file that exists here shows itself: the text may be one function out of it. Sources without
    # a file share names, which stand for the one that was looked at last.
    try:
        if file and (file[:1] == "<" or not linecache.getlines(file)):
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    except Exception:  # noqa: BLE001 - see above
        pass


def _plain(error: BaseException, trace: TracebackType | None, source: tuple[str, str]) -> str:
    """Return the same with nothing but what is here."""
    parts: list[str] = []
    seen: list[BaseException] = []
    link = ""
    following: BaseException | None = error
    while following is not None and following not in seen and len(seen) < MOST_ERRORS:
        seen.append(following)
        parts.insert(0, _plain_calls(trace, source) + _plain_words(following) + link)
        if following.__cause__ is not None:
            link = "\nThe above exception was the direct cause of the following exception:\n\n"
            following = following.__cause__
        elif following.__context__ is not None and not following.__suppress_context__:
            link = "\nDuring handling of the above exception, another exception occurred:\n\n"
            following = following.__context__
        else:
            break
        trace = following.__traceback__
    return "".join(parts)


def _plain_calls(trace: TracebackType | None, source: tuple[str, str]) -> str:
    file, text = source
    lines = text.split("\n")
    parts = [HEADER]
    while trace is not None and len(parts) <= MOST_CALLS:
        code = trace.tb_frame.f_code
        parts.append(f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}\n')
        if code.co_filename == file and trace.tb_lineno <= len(lines):
            parts[-1] += f"    {lines[trace.tb_lineno - 1].strip()}\n"
        trace = trace.tb_next
    if trace is not None:
        parts.append("  ... (more calls)\n")
    return "".join(parts)


def _plain_words(error: BaseException) -> str:
    name = name_of(type(error))
    try:
        words = str(error)
    except BaseException:  # noqa: BLE001 - the user's
        words = "<exception str() failed>"
    return f"{name}: {words}\n" if words else f"{name}\n"


def describe_bug(error: BaseException) -> str:
    """Return a bug of ours in one sentence, with its place."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    return f"{_plain_words(error).strip()}{place}"


def tell_program(error: BaseException) -> None:
    """Pass an error to ``sys.excepthook``, or write it to standard error if the hook fails."""
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:  # noqa: BLE001 - the program's own hook, and a thread of ours that has to go on
        try:
            OS.write(2, format_traceback(error, error.__traceback__).encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # no place is left to report it


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
    except BaseException as failure:  # noqa: BLE001 - the program's own hook; as threads do
        tell_program(failure)


def name_of(kind: type[BaseException]) -> str:
    """Return a class as tracebacks name it: with its module, unless that is builtin."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
