from __future__ import annotations

import pytest

from xnet_conformance.frames import Frame, FrameCutter, TooLong, frame


def test_a_frame_is_nine_bytes_and_its_payload() -> None:
    assert frame("PING", 0, b"ab").encode().hex() == "0b0000000000000002" + "6162"
    assert frame("CHANNEL_DATA", 258, b"").encode().hex() == "04" + "00000102" + "00000000"


def test_types_have_names() -> None:
    assert Frame(11, 0).name == "PING"
    assert Frame(200, 0).name == "TYPE_200"
    with pytest.raises(KeyError):
        frame("NO_SUCH_FRAME")


def test_a_stream_is_cut_wherever_it_was_split() -> None:
    sent = [frame("PING", 0, b"ab"), frame("CHANNEL_CLOSE", 3), frame("CHANNEL_DATA", 3, b"\x01" * 300)]
    data = b"".join(one.encode() for one in sent)
    for size in (1, 2, 8, 9, 10, 11, len(data)):
        cutter = FrameCutter(1000)
        found = [one for at in range(0, len(data), size) for one in cutter.feed(data[at : at + size])]
        assert found == sent
        assert cutter.pending_bytes == 0


def test_a_header_above_the_limit_is_refused_before_its_payload_comes() -> None:
    cutter = FrameCutter(10)
    assert len(cutter.feed(frame("PING", 0, b"x" * 10).encode())) == 1
    with pytest.raises(TooLong, match="with 11 bytes; 10 were announced"):
        cutter.feed(frame("PING", 0, b"x" * 11).encode()[:9])


def test_what_is_not_complete_waits() -> None:
    cutter = FrameCutter(10)
    assert cutter.feed(frame("PING", 0, b"ab").encode()[:-1]) == []
    assert cutter.pending_bytes == 10
