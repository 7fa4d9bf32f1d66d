"""import-linter: which module may import which, as layers.toml says layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from check.commands import program, run

if TYPE_CHECKING:
    from pathlib import Path


def find_problems(root: Path) -> list[str]:
    """Return what lint-imports says about the contracts of tools/check/layers.toml that are broken."""
    lines = run([program("lint-imports"), "--config", "tools/check/layers.toml", "--no-cache"], root)
    # Before this come a banner and the contracts that are kept.
    start = lines.index("Broken contracts") + 2 if "Broken contracts" in lines else 0
    return lines[start:]
