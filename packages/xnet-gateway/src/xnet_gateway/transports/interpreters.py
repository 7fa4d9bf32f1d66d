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
#: How a shell looks; ``$0`` is the first line for the interpreter, ``$@`` its options.
_SEARCH: Final = (
    'for p in {names}; do if command -v "$p" >/dev/null 2>&1; then exec "$p" -u "$@" -c "$0"; fi; done; '
    'echo "no python found on this machine, tried {names}; say python=PATH in the specification" >&2; '
    "exit 127"
)


def given_interpreter(spec: XSpec) -> list[str] | None:
    """Return the command that ``python=`` names, split as a shell would, or None if it does not.

    Raises:
        ValueError: It cannot be split, or is empty (our caller's fault).
    """
    value = spec.python
    if value is None:
        return None
    expected = "a command, as in python=python3.9 or python=sudo -u user python3"
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"python={value} in the gateway specification {str(spec)!r}: expected {expected}")
    try:
        words = split_words(value)
    except ValueError as error:
        raise ValueError(
            f"python={value} in the gateway specification {str(spec)!r}: {error}; expected {expected}"
        ) from None
    if not words:
        raise ValueError(f"python= in the gateway specification {str(spec)!r} is empty: expected {expected}")
    return words


def given_worker(spec: XSpec) -> list[str] | None:
    """Return the command that ``worker=`` names, or None if it does not.

    It speaks the protocol by itself: nothing is sent to it first.

    Raises:
        ValueError: It means nothing, or comes with a key about Python (our caller's fault).
    """
    if spec.worker is None:
        return None
    words = value_words(spec, "worker", "a command, as in worker=node /path/worker.mjs")
    for key in ("python", "dont_write_bytecode"):
        if getattr(spec, key) is not None:
            raise ValueError(
                f"{key} and worker= in the gateway specification {str(spec)!r}: the command of worker= is"
                f" not a Python that is started here; expected one of the two"
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
    value = getattr(spec, key)
    problem = ""
    words: list[str] = []
    if isinstance(value, str) and "\0" not in value:
        try:
            words = split_words(value)
        except ValueError as error:
            problem = f" ({error})"
    if not words:
        given = f"{key} without a value" if value is True else f"{key}={value}"
        raise ValueError(f"{given} in the gateway specification {str(spec)!r}: expected {expected}{problem}")
    return words


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

    Raises:
        ValueError: ``python=`` or ``worker=`` means nothing.
    """
    return " ".join(map(shlex.quote, worker_arguments(spec)))
