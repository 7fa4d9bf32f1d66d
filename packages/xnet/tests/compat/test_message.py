"""``Message`` reads and writes frames."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet.compat.message import Message
from xnet_wire.errors import FrameError


def test_codes_are_execnets() -> None:
    execnet = pytest.importorskip("execnet.gateway_base", reason="compares with released execnet")
    for name in ("STATUS", "RECONFIGURE", "GATEWAY_TERMINATE", "CHANNEL_EXEC", "CHANNEL_DATA"):
        assert getattr(Message, name) == getattr(execnet.Message, name)
    for name in ("CHANNEL_CLOSE", "CHANNEL_CLOSE_ERROR", "CHANNEL_LAST_MESSAGE"):
        assert getattr(Message, name) == getattr(execnet.Message, name)


def test_bytes_and_words_are_execnets() -> None:
    execnet = pytest.importorskip("execnet.gateway_base", reason="compares with released execnet")
    ours, theirs = io.BytesIO(), io.BytesIO()
    Message(Message.CHANNEL_DATA, 3, b"abc").to_io(ours)
    execnet.Message(4, 3, b"abc").to_io(theirs)
    assert ours.getvalue() == theirs.getvalue()
    assert repr(Message(4, 3, b"abc")) == repr(execnet.Message(4, 3, b"abc"))


@given(st.integers(0, 7), st.integers(0, 2**32 - 1), st.binary(max_size=300))
def test_what_was_written_is_read(code: int, channel: int, data: bytes) -> None:
    stream = io.BytesIO()
    Message(code, channel, data).to_io(stream)
    stream.write(b"next")
    stream.seek(0)
    message = Message.from_io(stream)
    assert (message.msgcode, message.channelid, message.data) == (code, channel, data)
    assert stream.read() == b"next"


def test_the_end_of_the_stream() -> None:
    with pytest.raises(EOFError, match="ended between two messages"):
        Message.from_io(io.BytesIO())
    for cut in (1, 8, 9, 11):
        with pytest.raises(EOFError, match="ended in the middle of a message"):
            Message.from_io(io.BytesIO(b"\x04\0\0\0\1\0\0\0\3abc"[:cut]))


def test_garbage_is_no_message() -> None:
    with pytest.raises(FrameError):
        Message.from_io(io.BytesIO(b"HTTP/1.1 400"))
