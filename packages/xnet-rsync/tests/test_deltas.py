"""Only what changed travels, and what is there already is copied; on every interpreter."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from rsync_helpers import look, sync, write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync
from xnet_rsync.result import TargetResult

NOISE = random.Random(1).randbytes(3_000_000)
TEXT = b"".join(b"%d: what the line says is %d\n" % (n, n * 7919 % 1000) for n in range(60_000))


def contents(root: Path) -> dict[bytes, object]:
    return {path: facts[-1] for path, facts in look(root).items() if facts[0] == "file"}


def update(source: Path, worker: Gateway, copy: Path) -> TargetResult:
    """Sync, see that the contents are equal, and return how it went."""
    found = sync(source, worker, copy, delete=True)
    assert contents(copy) == contents(source)
    return found


@pytest.mark.parametrize("data", [NOISE, TEXT], ids=["noise", "text"])
def test_rs_053_changes_travel_and_the_rest_does_not(data: bytes, worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", data)
    update(source, worker, copy)
    middle = len(data) // 2
    for changed in (
        b"x" + data,
        data + b"some more",
        data[:middle] + b"inserted" + data[middle:],
        data[:1000] + data[2000:],
        data[middle:] + data[:middle],
    ):
        file.write_bytes(changed)
        found = update(source, worker, copy)
        assert found.bytes_sent < len(data) / 20
        assert found.bytes_saved > len(data) * 0.9
        assert found.files_done == found.files_needed == 1


def test_a_file_that_was_only_touched_is_not_sent(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", NOISE)
    update(source, worker, copy)
    inode = (copy / "file").stat().st_ino
    os.utime(file, (10, 1_234_567_890))
    assert update(source, worker, copy).bytes_sent < len(NOISE) / 50
    assert (copy / "file").stat().st_mtime == 1_234_567_890
    assert (copy / "file").stat().st_ino == inode


def test_rs_055_a_renamed_file_and_directory_are_copied_there(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "old" / "inner" / "file", NOISE)
    write(source / "other", TEXT)
    update(source, worker, copy)
    (source / "old").rename(source / "new")
    (source / "other").rename(source / "new" / "another")
    found = update(source, worker, copy)
    assert found.bytes_sent < len(NOISE) / 20
    assert sorted(found.removed) == ["old", "other"]


def test_a_copy_of_a_file_that_is_there_is_not_sent(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "file", NOISE)
    update(source, worker, copy)
    shutil.copy(source / "file", source / "twin")
    assert update(source, worker, copy).bytes_sent < len(NOISE) / 20


def test_rs_060_what_the_source_has_twice_is_sent_once(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "large", NOISE)
    write(source / "small", NOISE[:3000])
    write(source / "same size", NOISE[1:3001])
    for number in range(3):
        write(source / "more" / f"large{number}", NOISE)
        write(source / "more" / f"small{number}", NOISE[:3000])
    (source / "link").hardlink_to(source / "large")
    found = update(source, worker, copy)
    assert len(NOISE) + 6000 < found.bytes_sent < len(NOISE) + 12_000
    assert found.files_done == 10


def test_what_a_file_has_twice_is_sent_once(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", NOISE[:20_000])
    update(source, worker, copy)
    file.write_bytes(NOISE[:20_000] + NOISE[100_000:200_000] * 8 + bytes(100_000))
    assert update(source, worker, copy).bytes_sent < 160_000


def test_rs_026_the_same_size_and_time_is_the_same_unless_told_otherwise(
    worker: Gateway, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", b"one")
    large = write(source / "large", NOISE[:100_000])
    update(source, worker, copy)
    times = [path.stat() for path in (file, large)]
    file.write_bytes(b"two")
    large.write_bytes(b"x" + NOISE[1:100_000])
    for path, there in zip((file, large), times, strict=True):
        # what Python 2 can set is all it can compare
        os.utime(path, ns=(there.st_mtime_ns, there.st_mtime_ns))
    sync(source, worker, copy)
    assert (copy / "file").read_bytes() == b"one"
    rsync = RSync(source, verbose=False, checksum=True)
    rsync.add_target(worker, copy)
    result = rsync.send()
    assert result is not None
    assert contents(copy) == contents(source)
    assert result.targets[0].bytes_sent < 20_000


def test_rs_010_compressing(worker: Gateway, tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source / "text", TEXT)
    write(source / "noise", NOISE)
    for number in range(50):
        write(source / f"small{number}", TEXT[number * 1000 :][:5000])
    rsync = RSync(source, verbose=False, compress=True, delta=True)
    rsync.add_target(worker, tmp_path / "copy")
    result = rsync.send()
    assert result is not None
    assert contents(tmp_path / "copy") == contents(source)
    assert result.targets[0].bytes_sent < len(NOISE) + len(TEXT) / 2


def test_the_mode_alone_is_set_without_content(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", NOISE)
    (source / "directory").mkdir()
    update(source, worker, copy)
    file.chmod(0o600)
    (source / "directory").chmod(0o700)
    found = update(source, worker, copy)
    assert found.files_needed == 0
    assert (copy / "file").stat().st_mode & 0o7777 == 0o600
    assert (copy / "directory").stat().st_mode & 0o7777 == 0o700


def test_rs_027_what_is_in_the_place_of_another_kind(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "file", "1")
    write(source / "directory" / "x", "2")
    (source / "link").symlink_to("file")
    outside = write(tmp_path / "outside" / "kept", "3").parent
    write(copy / "file" / "deep" / "y", "4")
    write(copy / "link" / "z", "5")
    (copy / "directory").symlink_to(outside)
    sync(source, worker, copy)
    assert contents(copy) == contents(source)
    assert (copy / "link").is_symlink()
    assert (outside / "kept").read_text() == "3"


def test_rs_055_files_go_in_full_where_that_is_quicker(worker: Gateway, tmp_path: Path) -> None:
    """By default to this machine; what has arrived of a sync that broke off is used nevertheless."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    file = write(source / "file", NOISE)
    update(source, worker, copy)
    file.write_bytes(b"x" + NOISE)
    rsync = RSync(source, verbose=False)
    rsync.add_target(worker, copy)
    result = rsync.send()
    assert result is not None
    assert result.targets[0].bytes_sent > len(NOISE)
    assert contents(copy) == contents(source)
