"""Links that somebody planted in the destination, and what a sync that broke off has left there."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S, look, sync, write
from test_receiver import index, open_receiver
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, messages
from xnet_rsync.entries import DIRECTORY, FILE, Entry
from xnet_rsync.receiver.codes import TEMPORARY
from xnet_rsync.receiver.names import name_mark

NOISE = random.Random(4).randbytes(1_000_000)


def contents(root: Path) -> dict[bytes, tuple[object, ...]]:
    """Return kinds and contents, without times: those of Python 2 are less exact."""
    return {path: (facts[0], facts[-1] if facts[0] == "file" else None) for path, facts in look(root).items()}


def hear(channel: Channel, name: str) -> list[object]:
    """Return the next message of this name."""
    while True:
        message = channel.receive(PATIENCE_S)
        if message[0] == name:
            return message  # type: ignore[no-any-return]


def test_rs_032_nothing_is_written_through_a_link(worker: Gateway, tmp_path: Path) -> None:
    """Neither through one in the place of a file, nor of a directory, nor of the root of a subtree."""
    outside = write(tmp_path / "outside" / "secret", "secret").parent
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "file", NOISE[:20_000])
    write(source / "directory" / "secret", "taken over")
    copy.mkdir()
    (copy / "file").symlink_to(outside / "secret")
    (copy / "directory").symlink_to(outside)
    before = look(outside)
    sync(source, worker, copy, delete=True)
    assert look(outside) == before
    assert contents(copy) == contents(source)


def test_rs_061_a_copy_is_not_taken_through_a_link(worker: Gateway, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "secret")
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"a", FILE), (b"b", FILE)])))
    hear(channel, "needs")
    (tmp_path / "dest" / "b").symlink_to(secret)
    channel.send(["copy", 1, 0, b"b", hashlib.sha256(b"secret").digest()])
    assert hear(channel, "whole") == ["whole", 1]
    channel.close()
    assert not (tmp_path / "dest" / "a").exists()


def test_names_of_unfinished_files_that_are_links_or_directories(worker: Gateway, tmp_path: Path) -> None:
    """They are neither read nor followed; links go at the end."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    outside = write(tmp_path / "outside" / "secret", NOISE)
    write(source / "file", NOISE)
    copy.mkdir()
    planted = os.fsdecode(TEMPORARY + name_mark(b"file") + b"-")
    (copy / f"{planted}link").symlink_to(outside)
    (copy / f"{planted}directory").mkdir()
    result = sync(source, worker, copy)
    assert result.bytes_sent > len(NOISE)
    assert (copy / "file").read_bytes() == NOISE
    assert outside.read_bytes() == NOISE
    assert not (copy / f"{planted}link").is_symlink()


@pytest.mark.parametrize("delta", [False, True])
def test_rs_037_what_came_of_a_large_file_is_not_sent_again(
    delta: bool, worker: Gateway, tmp_path: Path
) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "file", NOISE)
    channel = open_receiver(worker, copy)
    entry = Entry(0, "", b"file", FILE, 0o644, len(NOISE), 0, (0, 0))
    table = messages.encode_table([(0, 1, 0)], [entry])
    channel.send(["index", 1, 0, len(table), table])
    channel.send(["listed"])
    hear(channel, "needs")
    for number in range(3):
        at = number * 250_000
        flags = messages.FIRST if not number else 0
        channel.send(messages.encode_data(1, flags, at, NOISE[at : at + 250_000], 0))
    channel.send(["nonsense"])
    with pytest.raises(channel.RemoteError):
        list(channel)
    (left,) = copy.iterdir()
    assert left.name.startswith(".xnet-rsync-")
    assert left.read_bytes() == NOISE[:750_000]

    rsync = RSync(source, verbose=False, delta=delta)
    rsync.add_target(worker, copy)
    result = rsync.send()
    assert result is not None
    assert result.targets[0].bytes_sent < 300_000
    assert contents(copy) == contents(source)


def test_a_name_is_refused_wherever_it_comes(worker: Gateway, tmp_path: Path) -> None:
    """Deep in a tree, behind good names, and for a directory as for a file."""
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"a", DIRECTORY)]), (1, [(b"good", FILE), (b"../../x", DIRECTORY)])))
    with pytest.raises(channel.RemoteError, match="is not the name of something in a directory"):
        list(channel)
    assert {path for path in look(tmp_path) if b"x" in path} == set()
