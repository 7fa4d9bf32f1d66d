from __future__ import annotations

from typing import Any

import pytest

from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CheckFailed
from xnet_conformance.hello import Announced, as_value, read_hello, write_hello


def hello(**fields: Any) -> bytes:
    return write_value(as_value({"version": [1, 0], **fields}))


def test_what_the_runner_says_can_be_read() -> None:
    announced = read_hello(write_hello({"limits": {"frame": 70_000}, "credit": 65_536}))
    assert (announced.frame, announced.credit) == (70_000, 65_536)
    assert announced.features == ("surrogates", "python.strings")
    assert read_hello(write_hello({"features": []})).features == ()


def test_what_is_left_out_has_its_default() -> None:
    announced = read_hello(hello())
    assert (announced.frame, announced.credit, announced.depth) == (1_048_576, 1_048_576, 512)


@pytest.mark.parametrize(
    ("payload", "req"),
    [
        (b"", "HS-010"),
        (b"\x80", "HS-010"),
        (b"\xa0", "HS-014"),
        (hello(version=[2, 0]), "HS-014"),
        (hello(version=[1]), "HS-014"),
        (hello(features=[1]), "HS-010"),
        (hello(implementation=5), "HS-010"),
        (hello(limits=[1]), "HS-010"),
        (hello(limits={"frame": 100}), "LI-001"),
        (hello(credit=1), "LI-001"),
        (hello() + b"\x00", "HS-010"),
        (hello(padding="x" * 70_000), "HS-011"),
    ],
)
def test_a_hello_against_its_rules_is_refused(payload: bytes, req: str) -> None:
    with pytest.raises(CheckFailed) as caught:
        read_hello(payload)
    assert caught.value.req == req


def test_what_was_announced_is_told_in_the_words_of_the_specification() -> None:
    said = str(Announced(implementation="mine", features=("exec.c",), item=5, memory=70_000))
    assert said.startswith("version 1.0, implementation 'mine', features: exec.c, limits: frame")
    assert said.endswith("memory 70,000, credit 1,048,576")
    assert "memory" not in str(Announced())
