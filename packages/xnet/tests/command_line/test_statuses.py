from __future__ import annotations

from xnet.command_line import statuses


def test_they_are_different_and_what_shells_expect() -> None:
    values = [value for name, value in vars(statuses).items() if name.startswith("EXIT_")]
    assert len(set(values)) == len(values)
    assert (statuses.EXIT_INTERRUPTED, statuses.EXIT_BROKEN_PIPE, statuses.EXIT_TIMEOUT) == (130, 141, 124)
