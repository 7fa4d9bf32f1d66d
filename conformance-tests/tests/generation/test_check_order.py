"""Cases about the order of checks: one code each, and the frames of all steps of the table."""

from __future__ import annotations

from xnet_conformance.generation.check_order import generate

CASES = generate()


def test_ids_are_unique() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


def test_each_expects_one_code_or_that_nothing_happens() -> None:
    """Spec: ER-020."""
    codes = {case.steps[-1]["goaway"] for case in CASES if "goaway" in case.steps[-1]}
    assert codes == {
        "FRAME_UNKNOWN_TYPE",
        "FRAME_TOO_LARGE",
        "STATE_VIOLATION",
        "ROLE_VIOLATION",
        "PAYLOAD_MALFORMED",
        "VALUE_MALFORMED",
        "CREDIT_OVERDRAWN",
    }
    for case in CASES:
        assert (case.control is None) == ("barrier" in case.steps[-1])
