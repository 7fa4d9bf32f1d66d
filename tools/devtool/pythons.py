"""Other Pythons than the one that runs dev.py: where they are. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path


def find_python(name: str) -> str | None:
    """Return the path of an interpreter, or None if this machine has none.

    Args:
        name: a version such as "3.13", or the path of an interpreter.
    """
    if not re.fullmatch(r"3\.\d+", name):
        return shutil.which(name)
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    for file in pyenv.glob(f"versions/{name}.*/bin/python{name}"):
        return str(file)
    # The shims of pyenv are there for versions that are not.
    path = [folder for folder in os.get_exec_path() if "shims" not in folder]
    return shutil.which(f"python{name}", path=os.pathsep.join(path))
