"""Lists of chunks: what is demanded of receivers, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from receiver_helpers import failed, outcomes

#: Like test_testees.py: they need our packages beside the suite.
pytestmark = pytest.mark.slow


def test_a_receiver_that_needs_no_lists_breaks_no_must(tmp_path: Path) -> None:
    """Spec: RS-055."""
    found = outcomes(tmp_path, "codes.WORTH_CUTTING_BYTES = 2**60", "rsync.*")
    assert set(found.values()) == {"pass", "nonstrict"}
    assert found["rsync.chunks"] == found["rsync.chunks.level-3"] == "nonstrict"


def test_a_receiver_that_wants_what_it_has_fails(tmp_path: Path) -> None:
    assert failed(tmp_path, "cuts.WINDOW = 16", "rsync.chunks.level-2") >= {"rsync.chunks.level-2"}
