"""Where downloads and environments are kept: `.cache/peers/` of the checkout, which git ignores."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from peers.suites import Suite

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cache" / "peers"


class FetchError(Exception):
    """A source distribution could not be had; the text says what pip said."""


def prepare(cache: Path = CACHE) -> Path:
    """Make the folder, with a file in it that keeps git from seeing anything there."""
    cache.mkdir(parents=True, exist_ok=True)
    (cache / ".gitignore").write_text("*\n", encoding="utf-8")
    return cache


def fetch(suite: Suite, cache: Path) -> Path:
    """Download a source distribution unless it is there already, and return the archive.

    Raises:
        FetchError: pip found none, or could not reach its index.
    """
    folder = cache / "archives" / f"{suite.name}-{suite.version}"
    found = sorted(folder.glob("*.tar.gz"))
    if found:
        return found[0]
    folder.mkdir(parents=True, exist_ok=True)
    words = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    result = subprocess.run(
        [sys.executable, "-m", "pip", *words, f"{suite.name}=={suite.version}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    found = sorted(folder.glob("*.tar.gz"))
    if result.returncode != 0 or not found:
        raise FetchError(
            f"pip could not download the source distribution of {suite.name} {suite.version} (exit status "
            f"{result.returncode}):\n{result.stdout.decode(errors='replace').strip()}"
        )
    return found[0]


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive into an emptied folder and return the tree: no run sees leftovers of another."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):
            tar.extractall(folder, filter="data")
        else:
            tar.extractall(folder)
    (tree,) = folder.iterdir()
    return tree
