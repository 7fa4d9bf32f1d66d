"""Messages as bytes: what the receiver's own reading makes of them."""

from __future__ import annotations

import pytest

from xnet_rsync import messages
from xnet_rsync.errors import ProtocolError


def test_numbers() -> None:
    assert messages.decode_numbers(b"\0\0\0\1\xff\xff\xff\xff") == (1, 2**32 - 1)
    assert messages.decode_numbers(b"") == ()
    for wrong in (b"\0", "text", None, 3):
        with pytest.raises(ProtocolError, match="four for each number"):
            messages.decode_numbers(wrong)
