"""Messages as bytes: what the receiver's own reading makes of them."""

from __future__ import annotations

import pytest

from xnet_rsync import messages
from xnet_rsync.errors import ProtocolError


def test_numbers() -> None:
    assert messages.decode_numbers(b"\0\0\0\1\xff\xff\xff\xff", 2) == (1, 2**32 - 1)
    assert messages.decode_numbers(b"", 0) == ()
    for wrong in (b"\0", "text", None, 3):
        with pytest.raises(ProtocolError, match="four for each number"):
            messages.decode_numbers(wrong, 10)
    with pytest.raises(ProtocolError, match="3 numbers where at most 2"):
        messages.decode_numbers(bytes(12), 2)


def test_rs_071_paths() -> None:
    assert messages.decode_paths(b"a\0b/c") == [b"a", b"b/c"]
    assert messages.decode_paths(b"x" * 1_048_576) == [b"x" * 1_048_576]
    assert messages.decode_paths(b"x\0" * 32_767 + b"xx") == [b"x"] * 32_767 + [b"xx"]
    for wrong in ("a", None, b"x" * 1_048_577, b"x\0" * 32_768 + b"x"):
        with pytest.raises(ProtocolError, match="the receiver removed"):
            messages.decode_paths(wrong)
    for wrong in (b"", b"a\0", b"a\0\0b"):
        with pytest.raises(ProtocolError, match="without a name"):
            messages.decode_paths(wrong)
