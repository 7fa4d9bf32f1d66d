"""What ``remote_exec`` was given, as source text the other interpreter can run.

Four forms: text, a ``Source`` (text with its language, and a function in it to call), a module (its file
is read again), or a pure function. Text is a string, or an object whose type has a ``__str__`` of its own, as
with execnet. A function travels as the text of its ``def`` statement, so it may use what it gets, what it
imports and builtins, and nothing of the module or function around it; that is checked here, where the mistake
was made, and not by a NameError far away.

The text of a function is not dedented but put under ``if 1:``, behind as many empty lines as stand before it
in its file: tracebacks have the right file, line and column, and a string literal over several lines keeps
its content.

``inspect``, ``symtable`` and ``textwrap`` are imported where they are needed: together they cost more time
than starting the first gateway's process.
"""

from __future__ import annotations

import builtins
import sys
from os import PathLike
from types import CodeType, FunctionType, MethodType, ModuleType

from xnet_channel.platform.native import OS
from xnet_gateway.source import PYTHON, Source, shorten
from xnet_wire.messages import ExecRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    import symtable
    from typing import Final

#: Name that the first parameter of a function must have.
CHANNEL: Final = "channel"
#: Globals that every execution has in addition to the builtins.
GIVEN_GLOBALS: Final = frozenset({CHANNEL, "__name__", "__builtins__"})
#: How much of a file is read at once.
PIECE_BYTES: Final = 65_536
#: Code flag of a module with ``from __future__ import annotations``.
FUTURE_ANNOTATIONS: Final = 0x1000000
#: Code flags of functions whose call only makes an object that would not be run.
NOT_RUN_BY_CALLING: Final = {0x20: "a generator", 0x200: "an asynchronous generator"}


def make_request(source: object, kwargs: dict[str, object]) -> ExecRequest:
    """Return what a CHANNEL_EXEC frame must say.

    Args:
        source: Source text, ``Source``, function or module.
        kwargs: Arguments for the function in addition to the channel. Whether it takes them is found where it
            runs, and whether they can be sent when they are encoded.

    Raises:
        TypeError: ``source`` is something else, or there are arguments without a function to take them, or
            the module is built into the interpreter (our caller's fault).
        ValueError: The function is not one that can be sent; the text says which rule it breaks and by
            which name (our caller's fault).
        OSError: There is no source file, or it no longer has what was asked for.
    """
    if isinstance(source, FunctionType):
        return _function_request(source, kwargs)
    if isinstance(source, Source) and (source.call is not None or not kwargs):
        return ExecRequest(source.text, source.file, source.call, kwargs, source.language)
    if kwargs:
        names = ", ".join(kwargs)
        raise TypeError(
            f"remote_exec() got the arguments {names} but no function to pass them to:"
            f" {shorten(repr(source))}"
        )
    if isinstance(source, ModuleType):
        return _module_request(source)
    if isinstance(source, str) or (type(source).__str__ is not object.__str__ and not _is_mistake(source)):
        # The text alone, of a type that every encoder takes.
        return ExecRequest(_dedent("".join([str(source)])))
    hint = ""
    if isinstance(source, MethodType):
        hint = "; a bound method needs its object, which cannot be sent"
    elif callable(source):
        hint = "; the only callables that can be sent are plain functions"
    elif isinstance(source, PathLike):
        hint = "; to send a file, read it: Path(...).read_text()"
    raise TypeError(
        "remote_exec() takes a source string, a Source, a function or a module,"
        f" not {type(source).__name__}: {shorten(repr(source))}{hint}"
    )


def _is_mistake(source: object) -> bool:
    """Return whether an object has a text, but surely not one to execute."""
    return isinstance(source, (bytes, bytearray, PathLike, BaseException))


def _dedent(text: str) -> str:
    """Take away what all lines are indented by."""
    if not text[:1].isspace():
        return text  # dedent() also empties lines of blanks, which a literal may contain
    from textwrap import dedent

    return dedent(text)


def _module_request(module: ModuleType) -> ExecRequest:
    """Read the source of a module again, so that what runs is what the file says now.

    Raises:
        TypeError: It is built into the interpreter or an extension: there is no source.
        OSError: The source cannot be found or read.
    """
    from importlib.util import decode_source

    spec = module.__spec__
    if spec is not None and spec.has_location and str(spec.origin).endswith(".py"):
        path = spec.origin
    else:
        path = _source_file(module)
    if path is not None:
        try:
            # decode_source() obeys an encoding line and is not asked about the locale's encoding.
            return ExecRequest(decode_source(_read(path)), _sendable(path), language=PYTHON)
        except (FileNotFoundError, NotADirectoryError):
            pass  # it is inside an archive, or has been removed
    get_source = getattr(module.__spec__ and module.__spec__.loader, "get_source", None)
    text = get_source(module.__name__) if get_source is not None else None
    if text is None:
        where = getattr(module, "__file__", None)
        raise OSError(
            f"remote_exec() cannot send {module!r}: its source cannot be found (its file is {where!r})"
        )
    file = _sendable(path or getattr(module, "__file__", None) or module.__name__)
    return ExecRequest(text, file, language=PYTHON)


def _source_file(module: ModuleType) -> str | None:
    """Return where the source of a module is that was not loaded from there, if it has any.

    Raises:
        TypeError: It is built into the interpreter or an extension.
    """
    import inspect

    try:
        return inspect.getsourcefile(module)
    except TypeError:
        raise TypeError(
            f"remote_exec() cannot send {module!r}: it is built into the interpreter and has no source"
        ) from None


def _read(path: str) -> bytes:
    """Return what is in a file of the real file system."""
    fd = OS.open(path, OS.O_RDONLY | OS.O_CLOEXEC)
    try:
        pieces = [OS.read(fd, PIECE_BYTES)]
        while pieces[-1]:
            pieces.append(OS.read(fd, PIECE_BYTES))
    finally:
        OS.close(fd)
    return b"".join(pieces)


def _function_request(function: FunctionType, kwargs: dict[str, object]) -> ExecRequest:
    """Take the text of a function out of its file.

    Raises:
        ValueError: The function is not one that can be sent, or never came from a file.
        OSError: Its file no longer has it.
    """
    _check_signature(function)
    text, path = _placed_text(function)
    name = function.__code__.co_name
    try:
        used = globals_used(text, path)
    except SyntaxError as error:
        raise OSError(
            f"remote_exec() cannot send {_where(function)}: what {path} now has there is not a function:"
            f" {error}"
        ) from None
    if name not in used.defined:
        raise OSError(
            f"remote_exec() cannot send {_where(function)}: {path} has changed"
            f" and now defines {', '.join(sorted(used.defined)) or 'nothing'} there"
        )
    names = sorted(used.wanted - GIVEN_GLOBALS - {name} - vars(builtins).keys())
    if names:
        raise ValueError(
            f"remote_exec() cannot send {_where(function)}: the use of non-builtin globals is not supported,"
            f" and it uses {', '.join(names)}; import or define them inside the function,"
            " or give them as arguments"
        )
    return ExecRequest(text, _sendable(path), name, kwargs, PYTHON)


def _check_signature(function: FunctionType) -> None:
    """Check what can be seen without the source.

    Raises:
        ValueError: See ``make_request``.
    """
    code = function.__code__
    if code.co_name == "<lambda>":
        raise ValueError(
            f"remote_exec() cannot send {_where(function)}: a lambda is part of another statement;"
            " write it as a def, or send source text"
        )
    if function.__closure__:
        raise ValueError(
            f"remote_exec() cannot send {_where(function)}: functions with closures cannot be passed,"
            f" and it uses {', '.join(code.co_freevars)} of the function around it"
        )
    positional = code.co_varnames[: code.co_argcount]
    if not positional or positional[0] != CHANNEL:
        found = f"it is {positional[0]!r}" if positional else "it has none"
        raise ValueError(
            f"remote_exec() cannot send {_where(function)}:"
            f" expected the first parameter of the function to be {CHANNEL!r}, {found}"
        )
    for flag, kind in NOT_RUN_BY_CALLING.items():
        if code.co_flags & flag:
            raise ValueError(
                f"remote_exec() cannot send {_where(function)}: it is {kind}, and calling it runs nothing"
            )


def _placed_text(function: FunctionType) -> tuple[str, str]:
    """Return the text of a function, at the line and column it has in its file, and the file.

    Raises:
        ValueError: The function never came from a file, and its source was not kept (exec, an old
            interactive prompt).
        OSError: The file is gone.
    """
    import inspect

    code = function.__code__
    # Of the code and not of the function: inspect would follow __wrapped__ to another function.
    path = inspect.getsourcefile(code)
    nowhere = (
        f"remote_exec() cannot send {_where(function)}: its source file cannot be found,"
        f" it was made from {code.co_filename!r}"
    )
    # Python 3.13 keeps the text of `python -c` under the name that all texts of `exec` have.
    if code.co_filename == "<string>" and function.__globals__ is not vars(sys.modules["__main__"]):
        raise ValueError(nowhere)
    try:
        # Without a file too: doctest and interactive programs tell `linecache` what they execute.
        lines, first_line = inspect.getsourcelines(code)
    except OSError as error:
        if path is not None:
            raise OSError(f"remote_exec() cannot send {_where(function)}: {error}") from None
        raise ValueError(nowhere) from None
    before = ["\n"] * (first_line - 1)
    # An indented statement is never in the first line, nor in one with an import of the future.
    if lines[0][:1].isspace() and before:
        before[-1] = "if 1:\n"
    annotated = function.__annotations__ or any(isinstance(one, CodeType) for one in code.co_consts)
    # Only where it makes a difference: Python before 3.7 does not know it.
    if annotated and code.co_flags & FUTURE_ANNOTATIONS:
        # In a file the import stands above the function; in a doctest it is another example.
        above = 1 if before[:1] == ["\n"] else 0
        before[:above] = ["from __future__ import annotations\n"]
    return "".join(before + lines), path or code.co_filename


class GlobalNames:
    """Global names of a piece of source.

    Attributes:
        wanted: Names it reads, or binds by a ``global`` statement.
        defined: Names it defines at its top.
    """

    __slots__ = ("defined", "wanted")

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.defined: set[str] = set()


def globals_used(text: str, path: str) -> GlobalNames:
    """Find the global names that a function uses, in decorators, defaults and annotations too.

    Python's own scope analysis does it: names inside comprehensions, classes and nested functions are judged
    by the rules of the language.

    Raises:
        SyntaxError: The text is not Python.
    """
    import symtable

    names = GlobalNames()
    top = symtable.symtable(text, path, "exec")
    for symbol in top.get_symbols():
        if symbol.is_assigned():
            names.defined.add(symbol.get_name())
        elif symbol.is_referenced():
            names.wanted.add(symbol.get_name())
    pending: list[symtable.SymbolTable] = list(top.get_children())
    while pending:
        table = pending.pop()
        names.wanted.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
        pending += table.get_children()
    return names


def _sendable(path: str) -> str:
    """Return a path as it can be sent: bytes in it that are not UTF-8 become visible escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _where(function: FunctionType) -> str:
    """Name a function with its place."""
    code = function.__code__
    return f"{function.__qualname__}() of {code.co_filename}:{code.co_firstlineno}"
