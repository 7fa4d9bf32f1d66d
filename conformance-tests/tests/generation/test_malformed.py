"""Each encoding that has to be refused is refused by the runner's own reader, too."""

from __future__ import annotations

import pytest

from xnet_conformance.cbor_reading import NotAValue, read_value, read_values
from xnet_conformance.generation.malformed import APPENDIX_F, generate

CASES = generate()
ITEMS = [case for case in CASES if not case.id.startswith("values.refused.batch.")]
BATCHES = [case for case in CASES if case.id.startswith("values.refused.batch.")]


def test_ids_are_unique_and_so_are_the_bytes() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
    data = [case.steps[-1]["codec"]["hex"] for case in ITEMS]
    assert len(set(data)) == len(data)
    assert len(data) > 150


def test_each_reason_of_the_standard_has_cases() -> None:
    for reason in APPENDIX_F:
        named = [case for case in ITEMS if f".{reason}." in case.id]
        assert named or reason == "break-alone", reason  # those may be examples of the specification already


def test_connections_and_adapters_get_the_same_bytes() -> None:
    for case in ITEMS:
        assert case.steps[1]["send"]["CHANNEL_DATA"]["hex"] == case.steps[3]["codec"]["hex"]
        assert set(case.roles) == {"worker", "initiator", "adapter"}
        assert case.control == (
            "values.example.surrogate" if "surrogates" in case.needs else "values.example.zero"
        )


def test_the_runner_refuses_them() -> None:
    for case in ITEMS:
        if ".too-deep." in case.id:
            continue  # how deep a value may be is what a peer has announced
        if case.needs == ("no-python.strings",):
            continue  # the runner has announced that it takes them
        with pytest.raises(NotAValue):
            read_value(bytes.fromhex(case.steps[-1]["codec"]["hex"]))


def test_the_runner_refuses_batches_that_are_none() -> None:
    for case in BATCHES:
        data = bytes.fromhex(case.steps[1]["send"]["CHANNEL_BATCH"]["hex"])
        with pytest.raises(NotAValue):
            read_values(data)
