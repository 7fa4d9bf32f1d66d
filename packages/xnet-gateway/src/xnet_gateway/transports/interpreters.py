"""Which interpreter, or which other worker, a command line starts, and how.

The bare worker needs nothing but an interpreter: Python 2.7, 3.6 or newer, or PyPy. Where the
specification does not say which (``python=``), a shell at the other end looks for one.
"""

from __future__ import annotations

import shlex
import sys

from xnet_gateway.bare.bootstrap import FIRST_LINE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_gateway.xspec import XSpec

#: What is looked for where ``python=`` is not given, in this order.
SEARCHED: Final = ("python3", "python", "python2", "pypy3")
_COMMAND: Final = "a command, as in python=python3.9 or python=sudo -u user python3"
#: How a shell looks; ``$0`` is the first line for the interpreter, ``$@`` its options.
_SEARCH: Final = (
    'for p in {names}; do if command -v "$p" >/dev/null 2>&1; then exec "$p" -u "$@" -c "$0"; fi; done; '
    'echo "no python found on this machine, tried {names}; use python=PATH in the specification" >&2; '
    "exit 127"
)


def given_interpreter(spec: XSpec) -> list[str] | None:
    """Return the command that ``python=`` names, split as a shell would, or None if it does not.

    Raises:
        ValueError: It cannot be split, or is blank (our caller's fault).
    """
    return value_words(spec, "python", _COMMAND) if is_given(spec.python) else None


def is_given(value: object) -> bool:
    """Return whether a key has a value. With nothing after ``=`` it has none, as in execnet."""
    return value is not None and value != ""


def given_worker(spec: XSpec) -> list[str] | None:
    """Return the command that ``worker=`` names, or None if it does not.

    It speaks the protocol by itself: nothing is sent to it first.

    Raises:
        ValueError: It is not valid, or comes with a key about Python (our caller's fault).
    """
    if spec.worker is None:
        return None
    words = value_words(spec, "worker", "a command, as in worker=node /path/worker.mjs")
    for key in ("python", "dont_write_bytecode"):
        if is_given(getattr(spec, key)):
            raise ValueError(
                f"{key} and worker= in the gateway specification {str(spec)!r}: the command of worker= is"
                f" not a Python that xnet starts; expected one of the two"
            )
    return words


def split_words(text: str) -> list[str]:
    """Split text as a shell would; on Windows a backslash is part of a path.

    Raises:
        ValueError: A quotation mark is not closed.
    """
    if sys.platform.startswith("win"):
        text = text.replace("\\", "/")
    return shlex.split(text)


def value_words(spec: XSpec, key: str, expected: str) -> list[str]:
    """Return the words of a value.

    Raises:
        ValueError: There are none, or a quotation mark is not closed.
    """
    text = value_text(spec, key, expected)
    try:
        return split_words(text)
    except ValueError as error:
        raise _mistake(spec, key, f"{expected} ({error})") from None


def value_text(spec: XSpec, key: str, expected: str) -> str:
    """Return a value that says something.

    Raises:
        ValueError: There is none, it is blank, or it cannot be passed to a program.
    """
    value = getattr(spec, key)
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise _mistake(spec, key, expected)
    return value


def _mistake(spec: XSpec, key: str, expected: str) -> ValueError:
    value = getattr(spec, key)
    given = f"{key} without a value" if value is True else f"{key}={value}"
    return ValueError(f"{given} in the gateway specification {str(spec)!r}: expected {expected}")


def worker_arguments(spec: XSpec, default: str | None = None) -> list[str]:
    """Return the command line that starts a worker where it is run: a bare one, or that of ``worker=``.

    Args:
        spec: May name the interpreter, or the worker.
        default: The interpreter if it names neither; None has a shell look for one.

    Raises:
        ValueError: ``python=`` or ``worker=`` means nothing.
    """
    worker = given_worker(spec)
    if worker is not None:
        return worker
    options = ["-B"] if spec.dont_write_bytecode else []
    interpreter = given_interpreter(spec) or ([default] if default else None)
    if interpreter is not None:
        return [*interpreter, "-u", *options, "-c", FIRST_LINE]
    return ["sh", "-c", _SEARCH.format(names=" ".join(SEARCHED)), FIRST_LINE, *options]


def remote_command(spec: XSpec) -> str:
    """Return the same as one text for a shell at the other end, whichever shell that is.

    What ``python=`` or ``worker=`` says is part of it as it is, so the shell there does with it what it does
    with a line that is typed: ``~/venv/bin/python``, ``cd /srv && python3``. So it is with execnet.

    Raises:
        ValueError: ``python=`` or ``worker=`` means nothing.
    """
    if given_worker(spec) is not None:
        return str(spec.worker)
    if not is_given(spec.python):
        return " ".join(map(shlex.quote, worker_arguments(spec)))
    options = " -B" if spec.dont_write_bytecode else ""
    return f"{value_text(spec, 'python', _COMMAND)} -u{options} -c {shlex.quote(FIRST_LINE)}"
