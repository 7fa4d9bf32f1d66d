"""``python tools/matrix``; see ``main``."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As pytest has them (pythonpath in pyproject.toml).
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "packages" / "xnet-gateway" / "tests")]

from matrix.main import main  # noqa: E402 - after the path is set

sys.exit(main(sys.argv[1:]))
