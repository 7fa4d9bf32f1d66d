from __future__ import annotations

from xnet_conformance.frames import frame
from xnet_conformance.wire_log import KEPT_BYTES, KEPT_ENTRIES, WireLog, describe_frame


def test_frames_are_shown_decoded() -> None:
    assert describe_frame(frame("CHANNEL_DATA", 3, b"\x82\x01\x61a")) == "CHANNEL_DATA 3 [1, 'a']"
    assert describe_frame(frame("CHANNEL_CLOSE", 3)) == "CHANNEL_CLOSE 3"
    assert describe_frame(frame("PING", 0, b"ab")) == "PING 0 (2 bytes)"
    assert "not a value" in describe_frame(frame("CHANNEL_DATA", 3, b"\xff"))
    goaway = frame("GOAWAY", 0, bytes.fromhex("a264636f64650264746578746161"))
    assert "[FRAME_UNKNOWN_TYPE]" in describe_frame(goaway)


def test_a_log_of_large_frames_stays_small() -> None:
    log = WireLog()
    log.frame("sent", frame("CHANNEL_DATA", 3, b"x" * 100_000))
    (entry,) = log.entries()
    assert entry.bytes == 100_009
    assert len(entry.hex) == 2 * KEPT_BYTES


def test_the_middle_of_a_long_log_is_left_out() -> None:
    log = WireLog()
    for number in range(3 * KEPT_ENTRIES):
        log.remark(str(number))
    shown = [entry.what for entry in log.entries()]
    assert (shown[0], shown[-1]) == ("0", str(3 * KEPT_ENTRIES - 1))
    assert f"... {2 * KEPT_ENTRIES} entries left out ..." in shown
    log.clear()
    assert log.entries() == []
    assert log.left_out == 0
