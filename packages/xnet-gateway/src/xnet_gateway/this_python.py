"""The interpreter that runs this, to start it again; or a sentence where it is not a separate program.

In a frozen program (PyInstaller, cx_Freeze, Nuitka) and where Python is a part of another program,
``sys.executable`` is nothing, or that program: started as an interpreter it would begin anew, come to
the same place, and start itself again, and so on.
"""

from __future__ import annotations

import sys

from xnet_channel.platform.native import OS, Hiding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Part of the code that such an interpreter is given to execute. The start of a worker.
WORKER_CODE: Final = "from xnet_gateway.worker.main import main;"


def this_python() -> str:
    """Return the path of the interpreter.

    Raises:
        OSError: There is none to start. The text says what to do.

    Threads: any.
    """
    path = sys.executable
    problem = None
    if not path:
        problem = "this program has no interpreter to start (sys.executable is empty)"
    elif getattr(sys, "frozen", False) or "__compiled__" in globals():
        problem = f"this program is frozen, and {path} would start it again, not an interpreter"
    elif _is_this_program(path):
        problem = f"sys.executable is {path}, which would start this program again, not an interpreter"
    elif not Hiding.hides and _started_as_worker():
        problem = f"{path}, started as a worker, has started this program again: it is not an interpreter"
    if problem is not None:
        raise OSError(f"{problem}; name one with python=, as in popen//python=python3")
    return path


def _started_as_worker() -> bool:
    """Return whether the command line is that of a worker."""
    # A program that Python is a part of may have left `argv` out, or put anything there.
    words = [*sys.orig_argv, *getattr(sys, "argv", ())]
    return any(isinstance(word, str) and WORKER_CODE in word for word in words)


def _is_this_program(path: str) -> bool:
    """Return whether a file is what the program was started as."""
    try:
        ours, theirs = OS.stat(sys.argv[0]), OS.stat(path)
    except (AttributeError, IndexError, OSError, TypeError, ValueError):
        return False
    return (ours.st_dev, ours.st_ino) == (theirs.st_dev, theirs.st_ino)
