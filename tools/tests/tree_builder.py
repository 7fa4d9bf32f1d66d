"""A small repository in a temporary folder, for checks to find violations in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write_tree(root: Path, texts: Mapping[str, str]) -> Path:
    """Write files below `root` and return it; keys are paths, values their texts."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def one_package(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the files of a package `packages/a-b` that holds `texts`, whose paths start at its folder."""
    return {
        "packages/a-b/pyproject.toml": "",
        **{f"packages/a-b/{name}": text for name, text in texts.items()},
    }
