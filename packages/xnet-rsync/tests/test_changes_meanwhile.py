"""The source changes while it is sent: no half files, nothing lost, and what cannot be sent is said."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from rsync_helpers import look, write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, SyncError
from xnet_rsync.contents import MOST_VERSIONS, Contents
from xnet_rsync.result import SyncResult

NOISE = random.Random(1).randbytes(1_500_000)


class Interfering(RSync):
    """Does something to the source after all of it was looked at, and before anything of it is read."""

    def __init__(self, source: Path, action: Callable[[], object]) -> None:
        super().__init__(source, verbose=False)
        self._action = action

    def filter(self, path: str) -> bool:
        if os.path.basename(path) == "zzz":
            self._action()
        return True


def interfere(source: Path, gateway: Gateway, copy: Path, action: Callable[[], object]) -> SyncResult:
    write(source / "zzz")  # looked at last
    rsync = Interfering(source, action)
    rsync.add_target(gateway, copy, delete=True)
    result = rsync.send()
    assert result is not None
    return result


@pytest.mark.parametrize("old", [None, NOISE[:1000] + b"x" + NOISE[1000:]], ids=["new", "there before"])
def test_rs_066_a_file_that_changes_arrives_as_it_is_then(
    old: bytes | None, worker: Gateway, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    large = write(source / "large", NOISE)
    small = write(source / "small", "before")
    write(source / "other", "untouched")
    if old is not None:
        write(copy / "large", old)

    def change() -> None:
        large.write_bytes(NOISE * 2)
        write(tmp_path / "new", "afterwards").rename(small)
        small.chmod(0o600)

    result = interfere(source, worker, copy, change)
    assert (copy / "large").read_bytes() == NOISE * 2
    assert (copy / "small").read_text() == "afterwards"
    assert (copy / "small").stat().st_mode & 0o777 == 0o600
    assert (copy / "other").read_text() == "untouched"
    assert not result.errors
    assert sync_again(source, worker, copy).targets[0].files_needed == 0


def sync_again(source: Path, gateway: Gateway, copy: Path) -> SyncResult:
    rsync = RSync(source, verbose=False, delta=True)
    rsync.add_target(gateway, copy, delete=True)
    result = rsync.send()
    assert result is not None
    return result


def test_rs_067_what_vanishes_is_named_and_stays_where_it_was(worker: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    names = ["large", "small"]
    for name in names:
        write(source / name, NOISE if name == "large" else "new")
    write(copy / "small", "old")
    write(copy / "large", NOISE[5:])

    def remove() -> None:
        for name in names:
            (source / name).unlink()

    result = interfere(source, worker, copy, remove)
    assert sorted(result.targets[0].vanished) == sorted(names)
    assert not result.errors
    assert (copy / "small").read_text() == "old"
    assert (copy / "large").read_bytes() == NOISE[5:]
    sync_again(source, worker, copy)
    assert look(copy) == look(source) or worker.id.endswith("2.7")


def test_a_directory_that_vanishes_loses_nothing_at_the_target(gateway: Gateway, tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "gone" / "file", "1")
    write(copy / "gone" / "file", "1")
    write(copy / "gone" / "extra", "2")

    def remove() -> None:
        (source / "gone" / "file").unlink()
        (source / "gone").rmdir()

    interfere(source, gateway, copy, remove)
    assert (copy / "gone" / "extra").exists()


def test_what_cannot_be_listed_is_an_error_and_loses_nothing_at_the_target(
    gateway: Gateway, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "odd" / "file", "1")
    write(source / "fine", "1")
    write(copy / "odd" / "extra", "2")

    def replace() -> None:
        (source / "odd" / "file").unlink()
        (source / "odd").rmdir()
        write(source / "odd")

    with pytest.raises(SyncError, match="the source: odd: Not a directory") as caught:
        interfere(source, gateway, copy, replace)
    assert (copy / "odd" / "extra").exists()
    assert (copy / "fine").exists()
    assert caught.value.result.targets[0].finished


def test_rs_035_a_link_that_takes_the_place_of_a_file_or_directory_is_not_followed(
    gateway: Gateway, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    secret = write(tmp_path / "secret" / "file", "secret, and of another size").parent
    write(source / "directory" / "file", "public")
    write(source / "file", "public")

    def replace() -> None:
        (source / "file").unlink()
        (source / "file").symlink_to(secret / "file")
        (source / "directory" / "file").unlink()
        (source / "directory").rmdir()
        (source / "directory").symlink_to(secret)

    with pytest.raises(SyncError) as caught:
        interfere(source, gateway, copy, replace)
    assert "file: cannot be read" in str(caught.value)
    assert all(b"secret" not in facts[-1] for facts in look(copy).values() if facts[0] == "file")  # type: ignore[operator]


def test_a_file_that_changes_all_the_time_is_left_as_it_was(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    restless = write(source / "restless", NOISE)
    write(source / "other", "1")
    write(copy / "restless", "old")
    versions = []
    renew = Contents.renew

    def renew_and_change(self: Contents, entry: object) -> object:
        found = renew(self, entry)  # type: ignore[arg-type]
        versions.append(found.version)
        restless.write_bytes(NOISE[: 1_000_000 + len(versions)])
        return found

    monkeypatch.setattr(Contents, "renew", renew_and_change)
    with pytest.raises(SyncError, match="restless: kept changing"):
        interfere(source, gateway, copy, lambda: restless.write_bytes(NOISE[:-1]))
    assert versions == list(range(1, MOST_VERSIONS + 1))
    assert (copy / "restless").read_text() == "old"
    assert (copy / "other").read_text() == "1"
