"""Errors as what travels to the other side: text for people, and data for programs."""

from __future__ import annotations

import sys
import threading
from collections import deque

from xnet_channel.threads.errors import INTERRUPT, INTERRUPT_TEXT, RemoteError
from xnet_channel.threads.native import OS, get_ident
from xnet_channel.threads.own_imports import OWN_IMPORTS
from xnet_wire.channel_errors import ERROR, ChannelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Final

    from xnet_wire.channel_errors import Frame

#: How the text begins.
HEADER: Final = "Traceback (most recent call last):\n"
#: Of what a plain traceback shows most, errors that led to each other and calls.
MOST_ERRORS: Final = 10
MOST_CALLS: Final = 100
#: Of how many calls it is told where they are, at either end of them.
MOST_FRAMES: Final = 50


def format_error(error: BaseException) -> str:
    """Return the traceback of an error as text.

    KeyboardInterrupt gives the short text that nobody is warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT_TEXT
    return format_traceback(error, error.__traceback__)


def describe_error(error: BaseException) -> ChannelError:
    """Return an error as what closes a channel.

    For KeyboardInterrupt that is what nobody is warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT
    return as_data(error, error.__traceback__, format_error(error))


def describe_reason(reason: object) -> ChannelError:
    """Return what a program gives as the reason why it closes a channel: text, or an error."""
    text = str(reason)
    if isinstance(reason, RemoteError):
        return ChannelError(text, reason.code, reason.type, reason.message, reason.frames)
    if not isinstance(reason, BaseException):
        return ChannelError(text)
    return as_data(reason, reason.__traceback__, text)


def as_data(error: BaseException, trace: TracebackType | None, text: str) -> ChannelError:
    """Return an error as what closes a channel, whatever the code has made of its class.

    Args:
        error: The error.
        trace: Its calls, from the one to begin with.
        text: What people are told.
    """
    try:
        return ChannelError(text, ERROR, _name_of(type(error)), str(error), _frames(trace))
    except BaseException:  # noqa: BLE001 - its __str__, or the class of its class
        return ChannelError(text, ERROR, None, None, _frames(trace))


def _frames(trace: TracebackType | None) -> list[Frame]:
    """Return where the calls are; of very many, the first and the last."""
    first: list[Frame] = []
    last: deque[Frame] = deque(maxlen=MOST_FRAMES)
    while trace is not None:
        code = trace.tb_frame.f_code
        frame = (code.co_filename, trace.tb_lineno or 0, code.co_name)
        if len(first) < MOST_FRAMES:
            first.append(frame)
        else:
            last.append(frame)
        trace = trace.tb_next
    return [*first, *last]


def _name_of(kind: type[BaseException]) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


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
    name = _name_of(type(error))
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
    """Tell ``sys.excepthook`` of an error, and standard error if the hook is no good."""
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except BaseException:  # noqa: BLE001 - the program's own hook, and a thread of ours that has to go on
        try:
            OS.write(2, format_error(error).encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # nobody is left to be told


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
