"""`python tools/soak` and `python -m soak`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started by its folder's name, Python puts this folder on the path; the package is found beside it.
    sys.path[:] = [str(Path(__file__).resolve().parents[1]), *sys.path]
    from soak.main import main

    sys.exit(main(sys.argv[1:]))
