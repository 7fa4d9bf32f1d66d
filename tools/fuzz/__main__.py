"""`python tools/fuzz` and `python -m fuzz`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by its folder's name, Python puts this folder on the path; the package is found beside it.
    tools = Path(__file__).resolve().parents[1]
    # What finds the interpreters is with the tests; pytest has both (pythonpath in pyproject.toml).
    tests = tools.parent / "packages" / "xnet-gateway" / "tests"
    sys.path[:] = [str(tools), str(tests), *sys.path]
    from fuzz.main import main

    sys.exit(main(sys.argv[1:]))
