"""A source arrives on targets, with execnet's names, defaults and callbacks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rsync_helpers import Gateways, look, sync, write
from xnet_channel.threads.channel import Channel
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync, SyncError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with one of each kind."""
    root = tmp_path / "source"
    write(root / "a.txt", "hello", 0o640)
    write(root / "sub" / "large", os.urandom(700_000), 0o755)
    write(root / "sub" / "deep" / "empty")
    (root / "nothing").mkdir(mode=0o700)
    (root / "relative").symlink_to("sub/deep")
    (root / "outside").symlink_to("/etc/hosts")
    with open(os.fsencode(root) + b"/not \xff utf-8", "wb") as file:
        file.write(b"x")
    write(root / "read only" / "file", "1", 0o400)
    (root / "read only").chmod(0o555)
    return root


def test_a_tree_arrives_as_it_is(source: Path, gateway: Gateway, tmp_path: Path) -> None:
    sync(source, gateway, tmp_path / "new" / "place")
    assert look(tmp_path / "new" / "place") == look(source)


def test_it_arrives_on_every_interpreter(source: Path, worker: Gateway, tmp_path: Path) -> None:
    sync(source, worker, tmp_path / "copy", delete=True)
    found, wanted = look(tmp_path / "copy"), look(source)
    if worker.id.endswith("2.7"):  # it can set microseconds, and no times of links
        found, wanted = _coarse(found), _coarse(wanted)
    assert found == wanted
    write(tmp_path / "copy" / "sub" / "more" / "x", "x")
    write(source / "sub" / "large", os.urandom(600_000))
    sync(source, worker, tmp_path / "copy", delete=True)
    assert {path: facts[-1] for path, facts in look(tmp_path / "copy").items() if facts[0] == "file"} == {
        path: facts[-1] for path, facts in look(source).items() if facts[0] == "file"
    }


def _coarse(tree: dict[bytes, tuple[Any, ...]]) -> dict[bytes, tuple[Any, ...]]:
    return {
        path: (facts[0], facts[-1])
        if facts[0] == "link"
        else (facts[0], facts[1], facts[2] // 1_000_000, *facts[3:])
        for path, facts in tree.items()
    }


def test_a_link_into_the_tree_leads_into_the_copy(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    write(source / "a", "1")
    (source / "b").symlink_to(source / "a")
    sync(source, gateway, tmp_path / "copy")
    assert os.readlink(tmp_path / "copy" / "b") == str(tmp_path / "copy" / "a")


def test_a_single_file(tmp_path: Path, gateway: Gateway) -> None:
    sync(write(tmp_path / "one", "1"), gateway, tmp_path / "place" / "two")
    assert (tmp_path / "place" / "two").read_text() == "1"


def test_what_is_not_in_the_source_is_removed_only_if_asked_for(tmp_path: Path, gateway: Gateway) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    write(source / "kept" / "a", "1")
    sync(source, gateway, copy)
    write(copy / "kept" / "extra", "1")
    write(copy / "more" / "deep" / "extra", "1")
    (copy / "link").symlink_to(source)
    sync(source, gateway, copy)
    assert (copy / "more" / "deep" / "extra").exists()
    sync(source, gateway, copy, delete=True)
    assert look(copy) == look(source)
    assert (source / "kept" / "a").exists()


class Recording(RSync):
    """Notes what it is told."""

    def __init__(self, source: Path) -> None:
        super().__init__(source, callback=self.called)
        self.events: list[tuple[object, ...]] = []

    def called(self, name: str, size: int, channel: Channel) -> None:
        self.events.append((name, size))

    def filter(self, path: str) -> bool:
        assert type(path) is str
        assert path.startswith(self._sourcedir)
        return not path.endswith("ignored")

    def _report_send_file(self, gateway: Gateway, modified_rel_path: str) -> None:
        self.events.append(("report", modified_rel_path))


def test_callbacks_are_those_of_execnet(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    write(source / "a", "12345")
    write(source / "b" / "c", "123")
    write(source / "ignored" / "d", "1")
    rsync = Recording(source)
    finished: list[int] = []
    rsync.add_target(gateway, tmp_path / "copy", finishedcallback=lambda: finished.append(1))
    rsync.send()
    assert rsync.events[0] == ("list", 8)
    assert sorted(map(str, rsync.events)) == sorted(
        map(str, [("list", 8), ("report", "a"), ("report", "b/c"), ("ack", 5), ("ack", 3)])
    )
    assert finished == [1]
    assert not (tmp_path / "copy" / "ignored").exists()
    rsync = Recording(source)
    rsync.add_target(gateway, tmp_path / "copy")
    rsync.send()
    assert rsync.events == [("list", 0)]


def test_without_targets(tmp_path: Path, gateway: Gateway) -> None:
    rsync = RSync(tmp_path, verbose=False)
    with pytest.raises(OSError, match="there are no targets"):
        rsync.send()
    rsync.send(raises=False)
    write(tmp_path / "source" / "a")
    rsync = RSync(tmp_path / "source", verbose=False)
    rsync.add_target(gateway, tmp_path / "copy")
    rsync.send()
    with pytest.raises(OSError, match="each is served by one send"):
        rsync.send()


def test_files_are_reported_unless_told_otherwise(
    tmp_path: Path, gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "source" / "a")
    rsync = RSync(tmp_path / "source")
    rsync.add_target(gateway, tmp_path / "copy")
    rsync.send()
    assert capsys.readouterr().out.endswith(" <= a\n")
    sync(tmp_path / "source", gateway, tmp_path / "other")
    assert capsys.readouterr().out == ""


def test_a_target_that_fails_is_named_and_the_others_are_served(tmp_path: Path, gateways: Gateways) -> None:
    source = tmp_path / "source"
    write(source / "a", "1")
    write(tmp_path / "file")
    first, dead, last = gateways("popen//id=first"), gateways("popen//id=dead"), gateways("popen//id=last")
    dead._io.kill_now()
    rsync = RSync(source, verbose=False)
    rsync.add_target(first, tmp_path / "file" / "copy")
    rsync.add_target(dead, tmp_path / "nowhere")
    rsync.add_target(last, tmp_path / "copy")
    with pytest.raises(SyncError) as caught:
        rsync.send()
    assert "first:" in str(caught.value)
    assert "dead:" in str(caught.value)
    assert "last:" not in str(caught.value)
    assert look(tmp_path / "copy") == look(source)


def test_patterns_say_what_is_sent(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    for name in ("a.py", "b.txt", "build/c.py", "d/build/e.py", "d/f.py", "d/g.pyc"):
        write(source / name)
    (source / "empty").mkdir()

    def names(**options: Any) -> set[str]:
        rsync = RSync(source, verbose=False, **options)
        rsync.add_target(gateway, tmp_path / "copy", delete=True)
        rsync.send()
        return {os.fsdecode(path) for path in look(tmp_path / "copy")} - {"", "empty", "d"}

    assert names(exclude=["build/", "*.pyc"]) == {"a.py", "b.txt", "d/f.py"}
    assert names(exclude=["/build"]) == {"a.py", "b.txt", "d/build", "d/build/e.py", "d/f.py", "d/g.pyc"}
    assert names(include=["*.py"]) == {"a.py", "build", "build/c.py", "d/build", "d/build/e.py", "d/f.py"}
    assert names(include=["*.py"], exclude=["build", "a*"]) == {"d/f.py"}
    with pytest.raises(ValueError, match="not in the syntax"):
        RSync(source, exclude=["!"])


def test_the_result_has_the_figures(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    write(source / "a", os.urandom(100_000))
    os.mkfifo(source / "pipe")
    write(tmp_path / "copy" / "old")
    rsync = RSync(source, verbose=False, delta=True)
    rsync.add_target(gateway, tmp_path / "copy", delete=True)
    result = rsync.send()
    assert result is not None
    (target,) = result.targets
    assert (target.gateway, target.destdir) == ("shared", str(tmp_path / "copy"))
    assert (target.files_needed, target.files_done) == (1, 1)
    assert target.bytes_needed == target.bytes_done == 100_000
    assert 100_000 < target.bytes_sent < 101_000
    assert target.removed == ["old"]
    assert 0 < target.seconds <= result.seconds
    assert result.skipped == ["pipe"]
    assert not result.errors
    write(source / "a", b"x" + (source / "a").read_bytes())
    rsync.add_target(gateway, tmp_path / "copy")
    result = rsync.send()
    assert result is not None
    assert result.targets[0].bytes_saved > 90_000


def test_the_source_may_be_named_in_many_ways(
    tmp_path: Path, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "source" / "a", "1")
    (tmp_path / "link").symlink_to("source")
    monkeypatch.chdir(tmp_path)
    sources: tuple[str | bytes | Path, ...] = (
        "source",
        "source/",
        "./source",
        b"source",
        Path("source"),
        "link",
        "link/",
        tmp_path / "source" / ".",
    )
    for number, source in enumerate(sources):
        rsync = RSync(source, verbose=False)
        rsync.add_target(gateway, tmp_path / f"copy{number}" / "")
        rsync.send()
        assert look(tmp_path / f"copy{number}") == look(tmp_path / "source")
    with pytest.raises(FileNotFoundError):
        sync(tmp_path / "missing", gateway, tmp_path / "none")


def test_a_destination_that_cannot_be_made_is_a_sentence(worker: Gateway, tmp_path: Path) -> None:
    write(tmp_path / "source" / "file", b"x")
    write(tmp_path / "file", b"x")
    for destination in ("file", "file/ü"):
        rsync = RSync(tmp_path / "source", verbose=False)
        rsync.add_target(worker, str(tmp_path / destination))
        with pytest.raises(SyncError) as caught:
            rsync.send()
        (error,) = caught.value.result.targets[0].errors
        assert error.startswith(f"the destination {tmp_path / destination} cannot be made or opened: ")
        assert "\n" not in str(caught.value).strip()


def test_a_relative_destination_is_below_the_interpreter(tmp_path: Path, gateways: Gateways) -> None:
    write(tmp_path / "source" / "a", "1")
    (tmp_path / "source" / "link").symlink_to(tmp_path / "source" / "a")
    (tmp_path / "there").mkdir()
    rsync = RSync(tmp_path / "source", verbose=False)
    rsync.add_target(gateways(f"popen//chdir={tmp_path / 'there'}"), "some/where")
    rsync.send()
    assert (tmp_path / "there" / "some" / "where" / "link").read_text() == "1"


def test_hard_links_and_times_of_directories(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    write(source / "a" / "file", "1")
    (source / "b").hardlink_to(source / "a" / "file")
    os.utime(source / "a", ns=(5, 1_234_567_890_123_456_789))
    os.utime(source / "b", ns=(5, 987_654_321))
    sync(source, gateway, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)
    write(source / "b", "2")  # changes both names
    sync(source, gateway, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)


def test_odd_times_modes_and_names(tmp_path: Path, gateway: Gateway) -> None:
    source = tmp_path / "source"
    for number, name in enumerate(("new\nline", " ", "-rf", "*", "~", "a" * 255, "\u00e4", "a\u0308", "'\"")):
        write(source / name, name, 0o600 + number)
    write(source / "before 1970")
    os.utime(source / "before 1970", ns=(-1, -1_500_000_001))
    write(source / "sticky", "1").chmod(0o1755)
    write(source / "unreadable", "1").chmod(0)
    deep = source
    for _ in range(60):
        deep = deep / "d"
    write(deep / "file", "deep")
    sync(source, gateway, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)
    for path in ("unreadable", "sticky"):
        (source / path).chmod(0o400)
    sync(source, gateway, tmp_path / "copy")
    assert look(tmp_path / "copy") == look(source)
