"""The receiving side: what a hostile sender may try, on every interpreter."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import pytest

from rsync_helpers import PATIENCE_S, look, write
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_rsync import messages
from xnet_rsync.entries import DIRECTORY, FILE, LINK, Entry
from xnet_rsync.receiver.names import name_mark, temporary_name
from xnet_rsync.receiver.refusals import Refused
from xnet_rsync.receiver.table import read_table
from xnet_rsync.receiver_source import receiver_source

SOURCE = receiver_source()


def open_receiver(worker: Gateway, destination: Path, **options: object) -> Channel:
    channel = worker.remote_exec(SOURCE)
    begin = {"version": 1, "dest": bytes(destination), "root": [DIRECTORY, 0o755, 0, 0], **options}
    channel.send(["begin", begin])
    return channel


def index(*groups: tuple[int, list[tuple[Any, ...]]], first: int = 1) -> list[object]:
    """Return a message with these groups; an entry is a name, a kind and perhaps a text."""
    entries = []
    for _, rows in groups:
        for name, kind, *text in rows:
            size = 1 if kind == FILE else 0
            entries.append(Entry(0, "", name, kind, 0o644, size, 0, (0, 0), *text))
    table = messages.encode_table([(folder, len(rows), 0) for folder, rows in groups], entries)
    return ["index", first, 0, len(table), table]


def refusal(channel: Channel) -> str:
    """Return why the receiver ended."""
    with pytest.raises(RemoteError) as caught:
        list(channel)
    return str(caught.value)


@pytest.mark.parametrize(
    "name", [b"..", b".", b"", b"../x", b"/etc/x", b"a/b", b"a/../../x", b".xnet-rsync-x"], ids=repr
)
def test_names_that_are_no_names(name: bytes, worker: Gateway, tmp_path: Path) -> None:
    channel = open_receiver(worker, tmp_path / "inner" / "dest", delete=True)
    channel.send(index((0, [(name, FILE)])))
    assert "refused what the sender said" in refusal(channel)
    assert set(look(tmp_path)) == {b"", b"inner", b"inner/dest"}


def test_a_link_that_the_sender_made_is_not_entered(worker: Gateway, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"trap", LINK, bytes(outside))])))
    channel.send(index((1, [(b"x", FILE)]), first=2))
    assert "1, which is not a directory" in refusal(channel)
    assert not list(outside.iterdir())


def test_a_name_that_comes_twice(worker: Gateway, tmp_path: Path) -> None:
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"a", LINK, b"/tmp"), (b"a", DIRECTORY)])))
    assert "comes twice" in refusal(channel)


def test_a_folder_that_becomes_a_link_meanwhile(worker: Gateway, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    channel = open_receiver(worker, tmp_path / "dest")
    # More folders than are kept open, so that the first is opened anew.
    names = [(b"d%d" % number, DIRECTORY) for number in range(40)]
    channel.send(index((0, names)))
    inner = [(number, [(b"e", DIRECTORY)]) for number in range(2, 41)]
    channel.send(index((1, [(b"x", FILE)]), *inner, first=41))
    channel.send(index(*[(number, []) for number in range(42, 81)], first=81))
    channel.send(["listed"])
    assert [channel.receive(PATIENCE_S)[0] for _ in range(5)] == ["ready", *["needs"] * 4]
    (tmp_path / "dest" / "d0").rmdir()
    (tmp_path / "dest" / "d0").symlink_to(outside)
    channel.send(messages.encode_pack([(41, b"!")], 0))
    assert channel.receive(PATIENCE_S)[:2] == ["problem", 41]
    channel.send(["finish"])
    while channel.receive(PATIENCE_S)[0] != "done":
        pass
    channel.waitclose(PATIENCE_S)
    assert not list(outside.iterdir())


def test_nothing_is_removed_behind_a_link(worker: Gateway, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "kept").parent
    dest = tmp_path / "dest"
    (dest / "deep").mkdir(parents=True)
    (dest / "link").symlink_to(outside)
    (dest / "deep" / "link").symlink_to(outside)
    channel = open_receiver(worker, dest, delete=True)
    channel.send(index((0, [])))
    channel.send(["listed"])
    channel.send(["finish"])
    channel.waitclose(PATIENCE_S)
    assert (outside / "kept").exists()
    assert list(look(dest)) == [b""]


def test_a_receiver_that_is_at_work_says_so(worker: Gateway, tmp_path: Path) -> None:
    """Spec: RS-005. Here it says so each time that it looks at the clock."""
    impatient = SOURCE.replace(r"\nBUSY_S = 2.0\n", r"\nBUSY_S = -1.0\n")
    assert impatient != SOURCE
    channel = worker.remote_exec(impatient)
    channel.send(
        ["begin", {"version": 1, "dest": bytes(tmp_path / "dest"), "root": [DIRECTORY, 0o755, 0, 0]}]
    )
    channel.send(index((0, [])))
    assert [channel.receive(PATIENCE_S)[0] for _ in range(3)] == ["ready", "busy", "needs"]


def pack(number: int, data: bytes) -> bytes:
    return messages.encode_pack([(number, data)], 0)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "content of the form 0"),
        (b"\x01", "a pack of 1 bytes"),
        (b"\x09" * 30, "content of the form 9"),
        (pack(1, b"toolong"), "7 bytes for a file of 1"),
        (pack(2, b"!"), "2, which is not wanted"),
        (struct.pack(">BBII", 1, 0, 8, 2) + b"12345678", "a pack of 2 files in 8 bytes"),
        (struct.pack(">BBII", 1, 0, 2**31, 0), "2147483648 is not a number from 0 to 1048576"),
        (struct.pack(">BBII", 1, 1, 9, 1) + __import__("zlib").compress(b"0" * 10_000_000), "others sent"),
        (messages.encode_data(1, 0, 0, b"!", 0), "without a beginning"),
        (messages.encode_data(1, 3, 2**63, b"!", 0), "beyond the end"),
        (["meta", 9, 0, 0, 0], "9, which is not wanted"),
        (["nonsense"], "the unknown message"),
        ({}, "is not a message"),
        (["index", 7, 0, 0, b""], "expected 2"),
    ],
)
def test_messages_that_must_not_be(message: Any, words: str, worker: Gateway, tmp_path: Path) -> None:
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"a", FILE)])))
    channel.send(message)
    assert words in refusal(channel)
    assert set(look(tmp_path / "dest")) <= {b"", b"a"}
    assert not (tmp_path / "dest" / "a").exists()


def test_a_table_is_read_within_its_bounds() -> None:
    table = messages.encode_table(
        [(0, 2, 0)],
        [Entry(0, "", b"a", FILE, 0o644, 1, 0, (0, 0)), Entry(0, "", b"b", LINK, 0o777, 0, 0, (0, 0), b"t")],
    )
    assert [rows for _, _, rows in read_table(table)] == [
        [(b"a", FILE, 0o644, 1, 0, None), (b"b", LINK, 0o777, 0, 0, b"t")]
    ]
    for cut in range(len(table)):
        with pytest.raises(Refused):
            list(read_table(table[:cut]))
    for position in range(8):
        changed = bytearray(table)
        changed[position] ^= 0xFF
        with pytest.raises(Refused):
            list(read_table(bytes(changed)))


def test_a_name_leaves_a_mark_of_its_own() -> None:
    one, other = temporary_name(b"a"), temporary_name(b"a")
    assert one != other
    assert one.rpartition(b"-")[0] == other.rpartition(b"-")[0]
    assert name_mark(b"a") != name_mark(b"b")
    assert len(one) == len(os.path.basename(one))


def test_rs_008_the_text_of_a_problem_is_not_as_long_as_a_path(worker: Gateway, tmp_path: Path) -> None:
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(index((0, [(b"x" * 5000, DIRECTORY)])))
    assert channel.receive(PATIENCE_S)[0] == "ready"
    name, number, text = channel.receive(PATIENCE_S)
    assert (name, number, len(text)) == ("problem", 1, 4096)
    assert text.startswith("...xxx")
    assert text.endswith(": File name too long")
    channel.close()


def test_rs_071_a_long_path_has_a_message_of_its_own(gateway: Gateway, tmp_path: Path) -> None:
    """Of 50,000 bytes, behind others of 25,000 together."""
    dest = tmp_path / "dest"
    dest.mkdir()
    for number in range(100):
        write(dest / f"{number:03}{'n' * 247}")
    fd = os.open(dest, os.O_RDONLY)
    folder = b"d" * 250
    for _ in range(200):
        os.mkdir(folder, dir_fd=fd)
        deeper = os.open(folder, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(os.open("extra", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)
    channel = open_receiver(gateway, dest, delete=True)
    channel.send(index(*[(number, [(folder, DIRECTORY)]) for number in range(200)], (200, [])))
    channel.send(["listed"])
    channel.send(["finish"])
    said = [message[1] for message in channel if message[0] == "removed"]
    assert [paths.count(b"\0") + 1 for paths in said] == [100, 1]
    assert max(map(len, said)) == 200 * 251 + len("extra")
