"""Trees arrive over every way to an interpreter; the second time only changes are sent."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from bare_helpers import INTERPRETERS
from matrix.ways import WAYS, Places, Way, reached
from xnet import RSync
from xnet_rsync.result import TargetResult

NOISE = random.Random(3).randbytes(1_500_000)


def contents(root: Path) -> dict[str, tuple[bytes | str, int]]:
    return {
        str(path.relative_to(root)): (
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "",
            path.lstat().st_mode,
        )
        for path in root.rglob("*")
    }


def sync(rsync: RSync) -> TargetResult:
    result = rsync.send()
    assert result is not None
    return result.targets[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("way", "version"),
    [(way, "here") for way in WAYS] + [(way, "2.7") for way in WAYS if way.any_python],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_tree_arrives_and_then_what_changed(way: Way, version: str, places: Places, tmp_path: Path) -> None:
    python = sys.executable if version == "here" else INTERPRETERS[version]
    if python is None:
        pytest.skip(f"needs the interpreter {version}, see tools/dev.py interpreters")
    source, copy = tmp_path / "source", tmp_path / "copy"
    (source / "empty").mkdir(parents=True)
    (source / "large").write_bytes(NOISE)
    (source / "small").write_text("small")
    (source / "link").symlink_to("small")
    (source / "small").chmod(0o640)
    with reached(way, places, python, "thread") as gateway:
        rsync = RSync(source, verbose=False, delta=True)
        rsync.add_target(gateway, copy, delete=True)
        sync(rsync)
        assert contents(copy) == contents(source)
        (source / "large").write_bytes(NOISE[:500_000] + b"inserted" + NOISE[500_000:])
        (source / "link").unlink()
        rsync.add_target(gateway, copy, delete=True)
        target = sync(rsync)
        assert contents(copy) == contents(source)
        assert target.files_done == 1
        assert target.bytes_sent < 100_000
        assert target.removed == ["link"]
