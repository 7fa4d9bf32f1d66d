from __future__ import annotations

import re

import pytest

from soak.main import main
from soak.traffic import Disturbed, receive


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_nothing_is_found(capfd: pytest.CaptureFixture[str]) -> None:
    """The handler of SIGINT is set by the run itself, and needs the main thread."""
    assert main(["--minutes", "0.15", "--cycles", "5", "--workers", "4"]) == 0
    out = capfd.readouterr().out
    assert "nothing found" in out
    for what in ("items", "stream", "echo", "call_back", "interrupts"):
        assert re.search(rf"[1-9]\d* {what}\b", out), what


class Channel:
    """Gives items that the test chose, in place of a worker that cannot be made to do wrong."""

    def __init__(self, *items: object) -> None:
        self._items = list(items)

    def receive(self, timeout: float) -> object:
        if not self._items:
            raise EOFError("the end")
        return self._items.pop(0)

    def waitclose(self, timeout: float) -> None:
        pass


def test_a_lost_item_is_found_and_an_early_end_is_none() -> None:
    import random

    class Never(random.Random):
        def choice(self, seq: object) -> None:  # type: ignore[override]
            return None

    sizes = random.Random(1)
    items = []
    for number in range(3):
        size = sizes.choice((0, 10, 1000, 70_000, 400_000 if number % 50 == 0 else 5))
        items.append((number, b"x" * size))
    assert receive(Channel(*items), 1, 3, Never()) == 3  # type: ignore[arg-type]
    with pytest.raises(Disturbed, match="after 2 of 3: the end"):
        receive(Channel(*items[:2]), 1, 3, Never())  # type: ignore[arg-type]
    for wrong in (items[1:], [items[0], items[0]], [items[0], items[2]]):
        with pytest.raises(AssertionError):
            receive(Channel(*wrong), 1, 3, Never())  # type: ignore[arg-type]
