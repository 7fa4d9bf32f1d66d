"""The measurements of syncs: their trees, what they read of rsync, and a trial of all of it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from bench_rsync.main import main
from bench_rsync.programs import read_bytes
from bench_rsync.table import format_table
from bench_rsync.trees import choose


def contents(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", ["small", "medium", "large"])
def test_trees_are_the_same_each_time_and_change_by_a_percent(name: str, tmp_path: Path) -> None:
    tree = choose(0.005)[name]
    for folder in ("one", "other"):
        tree.make(tmp_path / folder)
    before = contents(tmp_path / "one")
    assert before == contents(tmp_path / "other")
    assert len(before) == tree.files
    for folder in ("one", "other"):
        tree.change(tmp_path / folder)
    after = contents(tmp_path / "one")
    assert after == contents(tmp_path / "other")
    size = sum(len(content) for content, _ in before.values())
    differing = sum(
        sum(a != b for a, b in zip(after[path][0], content, strict=True))
        for path, (content, _) in before.items()
        if after[path][1] != before[path][1]
    )
    assert 0 < differing < size * 0.03
    if name != "small":
        tree.insert(tmp_path / "one")
        inserted = contents(tmp_path / "one")
        assert all(inserted[path][0] == b"!" + content for path, (content, _) in after.items())


def test_what_rsync_says_it_sent() -> None:
    assert read_bytes("Total bytes sent: 1,234\nTotal bytes received: 66\n\nsent 1,234 bytes\n") == 1300
    with pytest.raises(ValueError, match="two totals"):
        read_bytes("Total bytes sent: 1,234\n")


def test_a_table_without_all_figures() -> None:
    figures = {"seconds": 1.0, "cpu_s": 0.5, "sent": 1000, "sender_kb": 2048, "receiver_kb": 1024}
    common = {"tree": "small", "step": "new", "targets": 4, "ssh": True}
    table = format_table(
        [
            {**common, "implementation": "xnet", "figures": figures},
            {**common, "implementation": "rsync", "figures": {"seconds": 2.0, "cpu_s": 3.0}},
        ]
    )
    assert table.splitlines()[-1] == (
        "| small | new | 4 over ssh | 1.00 s | - | 2.00 s | - | 0.50, -, 3.00, - s "
        "| - | 0.50x | - | 1,000 | - | 2, 1 MiB |"
    )


@pytest.mark.slow
def test_a_trial(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("rsync") is None or not os.path.exists("/proc/self/status"):
        pytest.skip("needs the program rsync and /proc, which are not on this machine")
    file = tmp_path / "samples.json"
    command = ["--scale", "0.001", "--targets", "1", "--rounds", "1", "--tree", "medium"]
    assert main([*command, "--folder", str(tmp_path), "--json", str(file)]) == 0
    steps = {(one["implementation"], one["step"]) for one in json.loads(file.read_text())}
    assert len(steps) == 5 * 4
    assert "| medium | byte in front | 1 |" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["samples.json"]
