"""Makes the tools importable, and gives tests a copy of the specification to break."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

SPEC = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SPEC / "tools"))


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """Return a copy of the specification."""
    copy = tmp_path / "protocol-spec"
    shutil.copytree(SPEC, copy, ignore=shutil.ignore_patterns("tools", "tests", "__pycache__"))
    return copy
