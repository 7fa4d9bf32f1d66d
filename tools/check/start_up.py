"""What a worker imports before its first frame, and a program to start one: nothing slow.

See docs/decisions/0001.

Start-up is paid once per interpreter started, and most of it is imports. The modules named here cost between
a tenth and a hundred milliseconds each; this check imports in a fresh interpreter what a start imports, and
looks which of them came along, and how many modules it were in all.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

TOO_SLOW: Final = (
    "asyncio",
    "attr",
    "attrs",
    "cbor2",  # its Python half imports typing; xnet_wire.engine loads the compiled half alone
    "contextlib",
    "dataclasses",
    "enum",
    "hashlib",
    "heapq",
    "importlib.util",
    "inspect",
    "json",
    "logging",
    "queue",
    "re",
    "selectors",
    "signal",
    "socket",
    "subprocess",
    "tempfile",
    "traceback",
    "typing",
    "warnings",
)
# What a worker started by popen has imported when its first frame arrives.
WORKER_MODULES: Final = ("xnet_gateway.worker.main",)
#: How many modules that is at most, those of the standard library and packages counted. Each takes a tenth
#: of a millisecond and 5 KB.
MOST_WORKER_MODULES: Final = 125
# What a program imports itself; and what it has imported when its first worker has answered.
PROGRAM_MODULES: Final = ("xnet",)
MOST_PROGRAM_MODULES: Final = 67
START_MODULES: Final = ("xnet", "xnet_gateway.gateway", "xnet_gateway.remote_source")

_PROGRAM: Final = """
import sys
before = set(sys.modules)
for name in sys.argv[2].split(","):
    __import__(name)
found = set(sys.modules) - before
print(len(found), " ".join(name for name in sys.argv[1].split(",") if name in found))
"""


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each slow module that a start imports, and if it imports too many."""
    return [
        *imported_slow_modules(root, WORKER_MODULES, MOST_WORKER_MODULES),
        *imported_slow_modules(root, PROGRAM_MODULES, MOST_PROGRAM_MODULES),
        *imported_slow_modules(root, START_MODULES),
    ]


def imported_slow_modules(folder: Path, modules: Iterable[str], most: int | None = None) -> list[str]:
    """Import `modules` in a fresh interpreter started in `folder`, and return a sentence per slow module.

    Args:
        folder: Where to start it.
        modules: What to import, in this order.
        most: How many modules may be imported in all, on CPython; None for any number.
    """
    names = ",".join(modules)
    result = subprocess.run(
        [sys.executable, "-c", _PROGRAM, ",".join(TOO_SLOW), names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        return [f"importing {names} failed", *result.stderr.splitlines()]
    count, *slow_modules = result.stdout.split()
    problems = [
        f"importing {names} imports {slow!r}, which every start would wait for (-X importtime shows who)"
        for slow in slow_modules
    ]
    if most is not None and int(count) > most and sys.implementation.name == "cpython":
        problems.append(
            f"importing {names} imports {count} modules: expected at most {most}, load one later or raise"
            " the number in tools/check/start_up.py"
        )
    return problems
