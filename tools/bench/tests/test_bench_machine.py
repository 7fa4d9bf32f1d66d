from __future__ import annotations

from pathlib import Path

from bench import machine


def test_the_description_names_what_was_compared_and_no_place_on_disk() -> None:
    text = machine.format_description(machine.describe())
    for word in ("python", "execnet", "cbor2", "processors", "xnet"):
        assert word in text
    assert str(Path.home()) not in text
