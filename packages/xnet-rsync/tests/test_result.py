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
    target.removed = ["old"]
    assert str(Plan([target], [], [], 0.0)).splitlines() == [
        "gw0:/a: make a/b",
        "gw0:/a: convert a/b",
        "gw0:/a: remove old",
    ]
