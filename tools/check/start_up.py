"""What a worker imports before its first frame: nothing slow (docs/decisions/0001).

Start-up is paid once per interpreter started, and most of it is imports. The modules named here cost between
one and a hundred milliseconds each; this check imports what the worker imports, in a fresh interpreter, and
looks which of them came along.
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
    "dataclasses",
    "hashlib",
    "inspect",
    "json",
    "logging",
    "re",
    "socket",
    "subprocess",
    "tempfile",
    "typing",
)
# What a worker started by popen has imported when its first frame arrives.
WORKER_MODULES: Final = ("xnet_wire.values", "xnet_channel.threads.session", "xnet_gateway.worker")

_PROGRAM: Final = """
import sys
before = set(sys.modules)
for name in sys.argv[2].split(","):
    __import__(name)
found = set(sys.modules) - before
print(" ".join(name for name in sys.argv[1].split(",") if name in found))
"""


def find_problems(root: Path) -> list[str]:
    """Return a sentence for each slow module that the worker's modules import."""
    return imported_slow_modules(root, WORKER_MODULES)


def imported_slow_modules(folder: Path, modules: Iterable[str]) -> list[str]:
    """Import `modules` in a fresh interpreter started in `folder`, and return a sentence per slow module."""
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
    return [
        f"importing {names} imports {slow!r}, which every worker would wait for (-X importtime shows who)"
        for slow in result.stdout.split()
    ]
