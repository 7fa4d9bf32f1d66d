"""What cannot pass without which case of smoke."""

from __future__ import annotations

import pytest

from xnet_conformance.blocking import advice_for, blocker, is_smoke
from xnet_conformance.case_files import load_cases

CASES = {case.id: case for case in load_cases()}


@pytest.mark.parametrize(
    ("failed", "case", "blocked"),
    [
        ("smoke.hello", "frames.unknown.18", True),
        ("smoke.ping", "channel.close.by-runner", True),
        ("smoke.echo", "frames.unknown.18", False),
        ("smoke.echo", "channel.close.by-runner", True),
        ("smoke.echo", "gateway.model.one-after-another", True),  # its exec is inside of `repeat`
        ("smoke.decode", "frames.stream.one", False),
        ("smoke.decode", "values.float.one", True),
    ],
)
def test_a_case_is_blocked_by_what_it_needs(failed: str, case: str, blocked: bool) -> None:
    assert (blocker(CASES[case], [CASES[failed]]) is CASES[failed]) is blocked


def test_nothing_is_blocked_if_nothing_failed() -> None:
    assert all(blocker(case, []) is None for case in CASES.values())


def test_each_case_of_smoke_says_what_to_do() -> None:
    for case in CASES.values():
        if is_smoke(case):
            assert advice_for(case).count("\n") >= 1
            assert advice_for(case).endswith(f"xnet-conformance explain {case.id}")
