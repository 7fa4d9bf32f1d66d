"""Setuid and setgid bits: they lend rights, and owners do not travel. Spec: RS-028, RS-029."""

from __future__ import annotations

import os
import random
import shutil
import stat
import struct
import subprocess
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S, write
from test_receiver import open_receiver, refusal
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, messages
from xnet_rsync.contents import Contents
from xnet_rsync.entries import DIRECTORY, FILE, Entry
from xnet_rsync.result import TargetResult
from xnet_rsync.walk import Walk

NOBODY = 65534
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can have a file of another user")
NOISE = random.Random(6).randbytes(300_000)
#: Ours: what a receiver of this machine makes belongs to them.
USER, GROUP = os.geteuid(), os.getegid()


def sync(
    source: Path, gateway: Gateway, destination: Path, *, setuid: bool = False, delta: bool = True
) -> TargetResult:
    rsync = RSync(source, verbose=False, delta=delta, setuid=setuid)
    rsync.add_target(gateway, destination)
    result = rsync.send()
    assert result is not None
    return result.targets[0]


def modes(root: Path) -> dict[str, int]:
    found = {str(path.relative_to(root)): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}
    return {".": stat.S_IMODE(root.stat().st_mode), **found}


#: Small and large files, directories, and the root: each has its own way through the receiver.
BITS = {
    ".": 0o2750,
    "small": 0o6755,
    "large": 0o4711,
    "group": 0o2644,
    "folder": 0o2775,
    "folder/inner": 0o4600,
    "sticky": 0o1777,
}


def make_source(source: Path) -> Path:
    (source / "folder").mkdir(parents=True)
    (source / "sticky").mkdir()
    write(source / "large", NOISE)
    for name in ("small", "group", "folder/inner"):
        write(source / name, name)
    for name, mode in BITS.items():
        (source / name).chmod(mode)
    assert modes(source) == BITS
    return source


WITHOUT = {name: mode & ~0o6000 for name, mode in BITS.items()}


def test_rs_028_they_do_not_travel_unless_asked_for(worker: Gateway, tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    for needed in (4, 0):
        assert sync(source, worker, tmp_path / "copy").files_needed == needed
        assert modes(tmp_path / "copy") == WITHOUT


def test_rs_029_they_travel_where_owner_and_group_are_the_same(worker: Gateway, tmp_path: Path) -> None:
    source = make_source(tmp_path / "source")
    for needed in (4, 0):
        assert sync(source, worker, tmp_path / "copy", setuid=True).files_needed == needed
        assert modes(tmp_path / "copy") == BITS


def test_a_single_file(worker: Gateway, tmp_path: Path) -> None:
    source = write(tmp_path / "source", "1", 0o6755)
    sync(source, worker, tmp_path / "without")
    sync(source, worker, tmp_path / "with", setuid=True)
    assert modes(tmp_path / "without") == {".": 0o755}
    assert modes(tmp_path / "with") == {".": 0o6755}


@AS_ROOT
@pytest.mark.parametrize(
    ("user", "group", "kept"), [(NOBODY, NOBODY, 0), (0, NOBODY, 0o4000), (NOBODY, 0, 0o2000)]
)
def test_rs_029_what_belongs_to_others_lends_nobodys_rights(
    gateway: Gateway, tmp_path: Path, user: int, group: int, kept: int
) -> None:
    source = make_source(tmp_path / "source")
    for name, mode in BITS.items():
        os.chown(source / name, user, group)
        (source / name).chmod(mode)  # which chown has taken away
    for needed in (4, 0):
        assert sync(source, gateway, tmp_path / "copy", setuid=True).files_needed == needed
        assert modes(tmp_path / "copy") == {name: mode & ~0o6000 | mode & kept for name, mode in BITS.items()}


def test_what_is_there_loses_them(worker: Gateway, tmp_path: Path) -> None:
    """As every permission that the source does not have; nothing is sent for it."""
    source = make_source(tmp_path / "source")
    sync(source, worker, tmp_path / "copy", setuid=True)
    assert sync(source, worker, tmp_path / "copy").files_needed == 0
    assert modes(tmp_path / "copy") == WITHOUT


@pytest.mark.parametrize("delta", [False, True])
def test_a_file_that_is_there_gets_them_with_its_content_only(
    worker: Gateway, tmp_path: Path, delta: bool
) -> None:
    """Of the same size and time: who may write to it could have written what is going to run."""
    source = make_source(tmp_path / "source")
    copy = tmp_path / "copy"
    sync(source, worker, copy)
    for name in ("small", "large"):
        times = (source / name).stat()
        (copy / name).write_bytes(b"!" * times.st_size)
        os.utime(copy / name, ns=(times.st_mtime_ns, times.st_mtime_ns))
    result = sync(source, worker, copy, setuid=True, delta=delta)
    assert result.files_needed == 4
    assert modes(copy) == BITS
    assert (copy / "large").read_bytes() == NOISE
    assert (copy / "small").read_text() == "small"


def test_a_file_that_is_the_same_is_made_anew_to_get_them(gateway: Gateway, tmp_path: Path) -> None:
    source = write(tmp_path / "source" / "file", NOISE).parent
    sync(source, gateway, tmp_path / "copy")
    before = (tmp_path / "copy" / "file").stat().st_ino
    (source / "file").chmod(0o4755)
    result = sync(source, gateway, tmp_path / "copy", setuid=True)
    assert result.bytes_sent < 20_000  # its content is there already
    assert (tmp_path / "copy" / "file").stat().st_ino != before
    assert modes(tmp_path / "copy")["file"] == 0o4755


def test_a_dry_run_says_so(gateway: Gateway, tmp_path: Path) -> None:
    source = write(tmp_path / "source" / "file", "1").parent
    sync(source, gateway, tmp_path / "copy")
    (source / "file").chmod(0o4755)
    for setuid, expected in (False, "adjust"), (True, "replace"):
        rsync = RSync(source, verbose=False, setuid=setuid)
        rsync.add_target(gateway, tmp_path / "copy")
        (planned,) = [one for one in rsync.dry_run().targets[0].planned if one.path == "file"]
        assert planned.action == expected


def test_the_program_rsync_makes_the_same_when_it_is_asked_for(gateway: Gateway, tmp_path: Path) -> None:
    """It sends them with ``-a``, and leaves them out with ``--chmod=u-s,g-s``."""
    program = shutil.which("rsync")
    if program is None:
        pytest.skip("needs the program rsync, which is not on this machine")
    source = make_source(tmp_path / "source")
    for name, options, setuid in (("with", [], True), ("without", ["--chmod=u-s,g-s"], False)):
        command = [program, "-a", *options, f"{source}/", f"{tmp_path}/theirs-{name}/"]
        subprocess.run(command, check=True, timeout=PATIENCE_S)
        sync(source, gateway, tmp_path / f"ours-{name}", setuid=setuid)
        assert modes(tmp_path / f"ours-{name}") == modes(tmp_path / f"theirs-{name}")


# -- a sender that says what it must not say --------------------------------------------------------


def index(*rows: tuple[bytes, int, int], first: int = 1) -> list[object]:
    """Return a message with entries of the root: name, kind and permissions."""
    entries = [Entry(0, "", name, kind, mode, int(kind == FILE), 0, (0, 0)) for name, kind, mode in rows]
    table = messages.encode_table([(0, len(rows), messages.MORE)], entries)
    return ["index", first, 0, len(table), table]


def end(channel: Channel) -> None:
    table = messages.encode_table([(0, 0, 0), (2, 0, 0)], [])
    channel.send(["index", 4, 0, len(table), table])
    channel.send(["listed"])
    channel.send(messages.encode_pack([(1, b"1"), (3, b"3")], 0))
    channel.send(["finish"])
    for message in channel:
        assert message[0] != "problem"


ROWS = (b"a", FILE, 0o6755), (b"d", DIRECTORY, 0o2755), (b"c", FILE, 0o4700)


def test_rs_029_a_sender_that_names_no_owner_gets_none(worker: Gateway, tmp_path: Path) -> None:
    channel = open_receiver(worker, tmp_path / "dest", root=[DIRECTORY, 0o6755, 0, 0])
    channel.send(index(*ROWS))
    end(channel)
    assert modes(tmp_path / "dest") == {".": 0o755, "a": 0o755, "d": 0o755, "c": 0o700}


def test_rs_029_a_sender_that_names_another_owner_gets_none(worker: Gateway, tmp_path: Path) -> None:
    other = [USER + 1, GROUP + 1]
    channel = open_receiver(worker, tmp_path / "dest", root=[DIRECTORY, 0o6755, 0, 0], owner=other)
    channel.send(messages.owners([1, 2, 3], [(USER + 1, GROUP), (USER, GROUP + 1), (USER, GROUP)]))
    channel.send(index(*ROWS))
    end(channel)
    assert modes(tmp_path / "dest") == {".": 0o755, "a": 0o2755, "d": 0o755, "c": 0o4700}


def numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (["owners", numbers(0), numbers(0), numbers(0)], "the owner of 0, which came before"),
        (["owners", numbers(4), numbers(0), numbers(0)], "the owner of 4, which is not in the table"),
        (["owners", numbers(1), numbers(0), b""], "the owners ''"),
        (["owners", b"123", b"123", b"123"], "the owners '123'"),
        (["owners", "1", "1", "1"], "the owners"),
        (["owners", bytes(1_048_580), bytes(1_048_580), bytes(1_048_580)], "owners of 262145 entries"),
    ],
)
def test_rs_029_owners_that_are_none(
    worker: Gateway, tmp_path: Path, message: list[object], words: str
) -> None:
    channel = open_receiver(worker, tmp_path / "dest")
    channel.send(message)
    channel.send(index(*ROWS))
    assert words in refusal(channel).replace("b'", "'")
    assert modes(tmp_path / "dest").get("a", 0) & 0o6000 == 0


@pytest.mark.parametrize("owner", [0, [0], [0, "0"], [0, -1], [0, 2**32]])
def test_rs_029_an_owner_of_the_root_that_is_none(gateway: Gateway, tmp_path: Path, owner: object) -> None:
    channel = open_receiver(gateway, tmp_path / "dest", owner=owner)
    assert "refused what the sender said" in refusal(channel)
    assert not (tmp_path / "dest").exists()


# -- the sender -------------------------------------------------------------------------------------


def test_rs_028_a_file_that_gets_them_meanwhile_is_sent_without(tmp_path: Path) -> None:
    """Nobody has been told whose it is."""
    write(tmp_path / "a", "1", 0o4755)
    write(tmp_path / "b", "1", 0o755)
    walk = Walk(str(tmp_path), lambda path: True, setuid=True)
    (listing,) = walk.listings()
    assert walk.owners == {1: (USER, GROUP)}
    assert [entry.mode for entry in listing.entries] == [0o4755, 0o755]
    contents = Contents(str(tmp_path), owners=walk.owners)
    (tmp_path / "b").chmod(0o4755)
    assert [contents.renew(entry).mode for entry in listing.entries] == [0o4755, 0o755]


@AS_ROOT
def test_rs_028_a_file_that_gets_another_owner_meanwhile_is_sent_without(tmp_path: Path) -> None:
    path = write(tmp_path / "a", "1", 0o6755)
    walk = Walk(str(tmp_path), lambda path: True, setuid=True)
    (listing,) = walk.listings()
    os.chown(path, 0, NOBODY)
    path.chmod(0o6755)
    assert Contents(str(tmp_path), owners=walk.owners).renew(listing.entries[0]).mode == 0o755
