"""A dry run says what would be done, and does nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rsync_helpers import Gateways, look, sync, write
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, SyncError


def actions(plan: object) -> list[str]:
    return sorted(line.split(": ", 1)[1] for line in str(plan).splitlines())


def test_rs_080_what_would_be_done(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    for name in ("same", "content", "mode", "d/inner"):
        write(source / name, name)
    (source / "link").symlink_to("same")
    (source / "convert").mkdir()
    (source / "time").mkdir()
    sync(source, worker, copy)
    write(source / "content", "other")
    write(source / "new" / "file", "x")
    (source / "mode").chmod(0o600)
    (source / "link").unlink()
    (source / "link").symlink_to("mode")
    (source / "convert").rmdir()
    write(source / "convert", "now a file")
    os.utime(source / "time", (5, 5))
    write(copy / "extra" / "deep")
    write(copy / "d" / "more")
    before = look(copy)

    rsync = RSync(source, verbose=False, callback=lambda *arguments: pytest.fail("a callback was called"))
    rsync.add_target(worker, copy, delete=True, finishedcallback=lambda: pytest.fail("it did something"))
    plan = rsync.dry_run()
    assert look(copy) == before
    found = actions(plan)
    # Directories in which something was made have another time now; which, the system says.
    for path in (".", "d"):
        if f"adjust {path}" in found:
            found.remove(f"adjust {path}")
    assert found == [
        "adjust mode",
        "adjust time",
        "convert convert",
        "make new",
        "make new/file",
        "remove d/more",
        "remove extra",
        "replace content",
        "replace link",
    ]
    assert plan.targets[0].bytes_needed == len("other") + len("x") + len("now a file")
    assert plan.targets[0].bytes_sent < 1000


def test_of_a_destination_that_is_not_there(worker: Gateway, tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source / "a" / "b" / "c", "1")
    (source / "a" / "link").symlink_to("b")
    rsync = RSync(source, verbose=False)
    rsync.add_target(worker, tmp_path / "not" / "there", delete=True)
    assert actions(rsync.dry_run()) == ["make .", "make a", "make a/b", "make a/b/c", "make a/link"]
    assert not (tmp_path / "not").exists()


def test_what_it_said_is_what_happens(gateways: Gateways, tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source / "a", "1")
    one, other = gateways("popen//id=one"), gateways("popen//id=other")
    sync(source, other, tmp_path / "other")
    rsync = RSync(source, verbose=False)
    rsync.add_target(one, tmp_path / "one")
    rsync.add_target(other, tmp_path / "other")
    plan = rsync.dry_run()
    assert str(plan) == f"one:{tmp_path}/one: make .\none:{tmp_path}/one: make a"
    result = rsync.send()
    assert result is not None
    assert [target.files_done for target in result.targets] == [1, 0]
    assert not result.targets[0].planned
    assert str(RSync(source, verbose=False).dry_run()) == ""


def test_a_target_that_cannot_answer_is_named(gateways: Gateways, tmp_path: Path) -> None:
    write(tmp_path / "source" / "a")
    gateway = gateways("popen//id=gone")
    gateway._io.kill_now()
    rsync = RSync(tmp_path / "source", verbose=False)
    rsync.add_target(gateway, tmp_path / "copy")
    with pytest.raises(SyncError, match="gone:") as caught:
        rsync.dry_run()
    assert isinstance(caught.value, RemoteError)


def test_a_single_file(worker: Gateway, tmp_path: Path) -> None:
    rsync = RSync(write(tmp_path / "file", "1"), verbose=False)
    rsync.add_target(worker, tmp_path / "there" / "copy")
    assert actions(rsync.dry_run()) == ["make ."]
    assert not (tmp_path / "there").exists()
    rsync.send()
    assert actions(rsync.dry_run()) == []
