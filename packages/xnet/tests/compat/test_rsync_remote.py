"""The receiving side of RSync comes later, and says so."""

from __future__ import annotations

import pytest

from xnet.compat.rsync_remote import serve_rsync


def test_it_says_that_it_comes_later() -> None:
    with pytest.raises(NotImplementedError, match="not part of this version of xnet"):
        serve_rsync(None)  # type: ignore[arg-type]
