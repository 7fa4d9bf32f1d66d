"""Results say what was done, in figures and in words."""

from __future__ import annotations

from xnet_rsync.entries import FILE, Entry
from xnet_rsync.result import Plan, PlannedAction, SyncResult, TargetResult

ENTRY = Entry(1, "a/b", b"b", FILE, 0o644, 5, 0, (0, 0))


def test_a_target_says_how_far_it_is() -> None:
    target = TargetResult("gw0", "/copy")
    target.files_needed, target.files_done, target.bytes_done, target.bytes_sent = 3, 2, 1000, 100
    assert target.bytes_saved == 900
    assert repr(target) == "<TargetResult gw0:/copy 0 errors: 2 of 3 files, 100 bytes sent>"
    target.finished = True
    assert "finished" in repr(target)
    target.bytes_sent = 2000
    assert target.bytes_saved == 0


def test_errors_name_their_target() -> None:
    one, other = TargetResult("gw0", "/a"), TargetResult("gw1", "/b")
    other.errors.append("no room")
    result = SyncResult([one, other], [], ["x: permission denied"], 1.0)
    assert result.errors == ["the source: x: permission denied", "gw1:/b: no room"]
    assert repr(result) == "<SyncResult of 2 targets, 2 errors, 1.00 s>"


def test_a_plan_can_be_read() -> None:
    target = TargetResult("gw0", "/a")
    target.planned = [PlannedAction(1, ENTRY), PlannedAction(4, ENTRY)]
    target.add_removed([b"old"])
    lines = ["gw0:/a: make a/b", "gw0:/a: convert a/b", "gw0:/a: remove old"]
    assert str(Plan([target], [], [], 0.0)).splitlines() == lines
    target.removed_count += 7
    assert str(Plan([target], [], [], 0.0)).splitlines() == [*lines, "gw0:/a: remove 7 more"]


def test_rs_009_of_many_errors_some_are_kept_and_all_are_counted() -> None:
    target = TargetResult("gw0", "/a")
    for number in range(1000):
        target.add_error(f"{number} {'x' * 5000} reason {number}")
    assert len(target.errors) == 1000
    assert max(map(len, target.errors)) <= 1010
    assert target.errors[0].startswith("0 xxx")
    assert target.errors[999].endswith("x reason 999")
    for _ in range(5):
        target.add_error("one more")
    assert len(target.errors) == 1001
    assert target.errors[-1] == "5 more errors, which are not listed"


def test_rs_009_of_many_paths_some_are_kept_and_all_are_counted() -> None:
    target = TargetResult("gw0", "/a")
    for _ in range(40):
        target.add_removed([b"x" * 60_000] * 10 + [b"\xff"] * 1000)
    assert target.removed_count == 40 * 1010
    assert sum(len(path) + 64 for path in target.removed) < 33_554_432
    assert target.removed[10] == "\udcff"
