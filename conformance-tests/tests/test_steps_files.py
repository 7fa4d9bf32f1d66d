"""What cases make on disk, and what they find there."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner_peer import Peer
from xnet_conformance.errors import CheckFailed
from xnet_conformance.steps_files import as_path, folder


@pytest.fixture
def here(peer: Peer) -> Path:
    return folder(
        peer.run({"make": {"a": {"text": "hello", "mode": 0o640, "time": 1_500_000_000_000_000_000}}})
    )


def test_files_links_and_directories(peer: Peer, here: Path) -> None:
    made = {"d": {"dir": True, "mode": 0o700}, "l": {"link": "$here/x"}, "e/n<FF>": {"text": ""}}
    peer.run({"make": made}, {"tree": {**made, "a": {"text": "hello", "mode": 0o640}}})
    assert (here / "l").readlink() == here / "x"
    assert (here / "e" / as_path("n<FF>")).exists()


def test_what_is_there_makes_way(peer: Peer, here: Path) -> None:
    peer.run({"make": {"d/inner": {"text": "x"}}}, {"make": {"d": {"link": "a"}, "a": {"fifo": True}}})
    assert (here / "d").is_symlink()
    assert (here / "a").is_fifo()
    peer.run({"make": {"d": {"gone": True}}}, {"tree": {"d": None}})


def test_many_files(peer: Peer, here: Path) -> None:
    peer.run({"repeat": {"times": 3, "steps": [{"make": {"f$i": {"text": "x"}}}]}})
    assert sorted(path.name for path in here.glob("f*")) == ["f0", "f1", "f2"]


@pytest.mark.parametrize(
    "what",
    [
        None,
        {"text": "other"},
        {"mode": 0o600},
        {"time": 5},
        {"dir": True},
        {"link": "x"},
        {"blocks_at_most": -1},
    ],
)
def test_what_is_another_is_found(what: object, peer: Peer, here: Path) -> None:
    with pytest.raises(CheckFailed):
        peer.run({"tree": {"a": what}})


def test_only_what_is_large_may_be_left(peer: Peer, here: Path) -> None:
    here.mkdir(exist_ok=True)
    (here / ".xnet-rsync-1").write_bytes(bytes(8192))
    peer.run({"tree": {"unfinished": "maybe"}})
    (here / ".xnet-rsync-1").write_bytes(bytes(8191))
    with pytest.raises(CheckFailed, match="unfinished"):
        peer.run({"tree": {"unfinished": "maybe"}})


def test_an_unfinished_file_is_where_it_belongs(peer: Peer, here: Path) -> None:
    (here / "d").mkdir(parents=True)
    (here / "d" / ".xnet-rsync-1").touch()
    peer.run({"tree": {"unfinished": {"in": "d"}}})
    with pytest.raises(CheckFailed, match="wrong directory"):
        peer.run({"tree": {"unfinished": {"in": "e"}}})


def test_nothing_unfinished_is_left(peer: Peer, here: Path) -> None:
    (here / ".xnet-rsync-1").touch()
    with pytest.raises(CheckFailed, match="unfinished files were left"):
        peer.run({"tree": {}})
