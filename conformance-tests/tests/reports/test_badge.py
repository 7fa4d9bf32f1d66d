"""The badge: never green without a green run."""

from __future__ import annotations

import json

import pytest

from report_helpers import report
from xnet_conformance.reports.badge import write_badge


@pytest.mark.parametrize(
    ("outcomes", "message", "color"),
    [
        (["pass", "pass", "unsupported"], "2 of 2", "brightgreen"),
        (["pass", "nonstrict"], "1 of 2", "brightgreen"),
        (["pass", "fail"], "1 of 2", "red"),
        (["pass", "untestable"], "1 of 1", "red"),
        (["pass", "not-run"], "1 of 1", "red"),
        (["unsupported"], "not evaluated", "red"),
    ],
)
def test_what_a_badge_says(outcomes: list[str], message: str, color: str) -> None:
    badge = json.loads(write_badge(report(*outcomes)))
    assert badge == {"schemaVersion": 1, "label": "xnet 1.0-worker", "message": message, "color": color}
