from __future__ import annotations

import tarfile
from pathlib import Path

from peers.cache import fetch, prepare, unpack
from peers.suites import Suite


def archive(folder: Path) -> Path:
    (folder / "small-1").mkdir(parents=True)
    (folder / "small-1" / "file.txt").write_text("text")
    path = folder / "small-1.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder / "small-1", arcname="small-1")
    return path


def test_git_never_sees_the_cache(tmp_path: Path) -> None:
    assert (prepare(tmp_path / "cache") / ".gitignore").read_text() == "*\n"


def test_each_run_gets_a_fresh_tree(tmp_path: Path) -> None:
    packed = archive(tmp_path)
    tree = unpack(packed, tmp_path / "tree")
    (tree / "left-behind").touch()
    tree = unpack(packed, tmp_path / "tree")
    assert [path.name for path in tree.iterdir()] == ["file.txt"]


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    packed = archive(tmp_path / "archives" / "small-1")
    assert fetch(Suite("small", "1", (), "tests"), tmp_path) == packed
