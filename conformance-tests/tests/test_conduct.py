"""Each rule of conduct: one frame that keeps it, one that breaks it."""

from __future__ import annotations

import pytest

from xnet_conformance.conduct import Conduct
from xnet_conformance.frames import Frame, frame
from xnet_conformance.hello import PYTHON_STRINGS, Announced
from xnet_conformance.values import Value, parse_value

HELLO = frame("HELLO", 0, b"\xa0")


def running(ours: Announced = Announced(features=(PYTHON_STRINGS,))) -> Conduct:  # noqa: B008  (it is frozen)
    """Return what watches a worker after both HELLOs; channels 1 and 2 are open."""
    conduct = Conduct("worker", ours)
    conduct.sent(HELLO)
    conduct.received(HELLO)
    conduct.sent(frame("CHANNEL_EXEC", 1))
    conduct.received(frame("CHANNEL_OPEN", 2))
    return conduct


def broken(conduct: Conduct) -> list[str]:
    return [violation.req for violation in conduct.violations]


GOAWAY = bytes.fromhex("a364636f64650064746578746161646c61737400")
CASES: list[tuple[list[Frame], str]] = [
    ([HELLO], "HS-006"),
    ([Frame(18, 0)], "FR-010"),
    ([frame("PONG", 3)], "FR-014"),
    ([frame("CHANNEL_CLOSE", 0)], "FR-014"),
    ([frame("STATUS", 1)], "FR-008"),
    ([frame("CHANNEL_CLOSE", 2, b"\xf6")], "FR-009"),
    ([frame("PING", 0, b"x" * 65)], "FR-020"),
    ([frame("PONG", 0, b"unasked")], "FR-020"),
    ([frame("CHANNEL_PART", 2)], "CH-032"),
    ([frame("CHANNEL_CREDIT", 1, b"\x00")], "FC-010"),
    ([frame("CHANNEL_CREDIT", 1, b"\x05")], "FC-011"),
    ([frame("CHANNEL_CLOSE_ERROR", 2, b"\x41a")], "CH-041"),
    ([frame("CHANNEL_CLOSE_ERROR", 2, b"\x7a\0\1\0\0" + b"x" * 65536)], "CH-042"),
    ([frame("GOAWAY", 0, b"\xa0")], "ER-001"),
    ([frame("GOAWAY", 0, GOAWAY), frame("PONG", 0)], "ER-002"),
    ([frame("GOAWAY", 0, b"\xa2" + GOAWAY[1:-6])], "ER-008"),
    ([frame("GOAWAY", 0, GOAWAY[:-1] + b"\xf6")], "ER-008"),
    ([frame("GOAWAY", 0, GOAWAY[:-1] + b"\x02")], "ER-008"),
    ([frame("GOAWAY", 0, GOAWAY[:-1] + b"\x18\x63")], "ER-008"),
    ([frame("CHANNEL_CLOSE", 2), frame("CHANNEL_CLOSE", 2)], "CH-040"),
    ([frame("CHANNEL_CLOSE", 2), frame("CHANNEL_DATA", 2, b"\x01")], "CH-040"),
    ([frame("CHANNEL_LAST_MESSAGE", 2), frame("CHANNEL_LAST_MESSAGE", 2)], "CH-050"),
    ([frame("CHANNEL_LAST_MESSAGE", 2), frame("CHANNEL_DATA", 2, b"\x01")], "CH-050"),
    ([frame("CHANNEL_DATA", 2, b"x" * 600_000)], "FC-020"),
    ([frame("CHANNEL_PART", 2, b"x" * 262_145)], "FC-021"),
    ([frame("CHANNEL_DATA", 2, b"x" * 500_000)] * 3, "FC-003"),
    ([frame("RECONFIGURE", 0, b"\x82\x01\x00")], "VA-040"),
    ([frame("CHANNEL_OPEN", 3)], "CH-001"),
    ([frame("CHANNEL_OPEN", 2)], "CH-008"),
    ([frame("CHANNEL_OPEN", 6), frame("CHANNEL_OPEN", 4)], "CH-008"),
    ([frame("CHANNEL_CLOSE", 2), frame("CHANNEL_OPEN", 2)], "CH-008"),
    ([frame("CHANNEL_OPEN", 4, b"\x00")], "FR-009"),
    ([frame("CHANNEL_DATA", 4, b"\x01")], "CH-008"),
    ([frame("CHANNEL_DATA", 3, b"\x01")], "CH-008"),
    ([frame("CHANNEL_CLOSE", 4)], "CH-008"),
    ([frame("CHANNEL_CREDIT", 3, b"\x01")], "CH-008"),
    ([frame("RECONFIGURE", 4, b"\x82\xf5\xf5")], "CH-008"),
]


@pytest.mark.parametrize(("frames", "req"), CASES, ids=[f"{n}-{row[1]}" for n, row in enumerate(CASES)])
def test_a_rule_that_is_broken_is_named(frames: list[Frame], req: str) -> None:
    conduct = running()
    for one in frames[:-1]:
        conduct.received(one)
        assert broken(conduct) == []
    conduct.received(frames[-1])
    assert req in broken(conduct)


def test_what_a_worker_may_do_breaks_nothing() -> None:
    conduct = running()
    conduct.sent(frame("PING", 0, b"a"))
    conduct.sent(frame("CHANNEL_DATA", 1, b"\x01"))
    for one in (
        frame("PONG", 0, b"a"),
        frame("CHANNEL_OPEN", 6),
        frame("RECONFIGURE", 6, b"\x82\xf5\xf5"),
        frame("CHANNEL_CREDIT", 1, b"\x18\x41"),
        frame("CHANNEL_PART", 2, b"a"),
        frame("CHANNEL_DATA", 2, b"\x01"),
        frame("CHANNEL_LAST_MESSAGE", 2),
        frame("CHANNEL_CLOSE", 2),
        Frame(150, 7, b"anything"),
        frame("GOAWAY", 0, GOAWAY),
    ):
        conduct.received(one)
    assert broken(conduct) == []


def test_pongs_have_the_order_of_their_pings() -> None:
    conduct = running()
    conduct.sent(frame("PING", 0, b"a"))
    conduct.sent(frame("PING", 0, b"b"))
    conduct.received(frame("PONG", 0, b"b"))
    assert broken(conduct) == ["FR-021"]


def test_frames_before_the_hellos_are_seen() -> None:
    conduct = Conduct("worker", Announced())
    conduct.received(frame("PING", 0))
    assert "HS-006" in broken(conduct)


def test_values_are_held_to_what_was_announced() -> None:
    conduct = running()
    conduct.value(parse_value({"t": "nest", "n": 512}))
    assert broken(conduct) == []
    conduct.value(parse_value({"t": "nest", "n": 513}))
    conduct.value(Value("py2str", b"a"))
    assert broken(conduct) == ["VA-008", "VA-030"]


def test_references_are_to_what_was_opened() -> None:
    conduct = running()
    conduct.sent(frame("CHANNEL_OPEN", 7))
    conduct.received(frame("CHANNEL_CLOSE", 2))
    for number in (1, 2, 5, 7):
        conduct.value(Value("channel", number))
    assert broken(conduct) == []
    for number in (0, 4, 9):
        conduct.value(Value("list", (Value("channel", number),)))
    assert broken(conduct) == ["CH-010"] * 3


def test_who_opens_what_was_not_announced_is_told_so() -> None:
    conduct = running(Announced(channels=2))
    conduct.received(frame("CHANNEL_OPEN", 4))
    conduct.sent(frame("CHANNEL_CLOSE", 2))
    conduct.received(frame("CHANNEL_OPEN", 6))
    conduct.received(frame("CHANNEL_CLOSE", 6))
    conduct.received(frame("CHANNEL_OPEN", 8))
    assert broken(conduct) == []
    conduct.received(frame("CHANNEL_OPEN", 10))
    assert broken(conduct) == ["CH-011"]


def test_what_the_runner_opens_wrongly_is_not_open() -> None:
    conduct = running()
    for number in (4, 1):
        conduct.sent(frame("CHANNEL_OPEN", number))
    assert conduct.ours_open == {1}
    assert (conduct.unborn(4), conduct.unborn(3)) == (True, True)


def test_an_initiator_opens_odd_ids_by_requests_too() -> None:
    conduct = Conduct("initiator", Announced())
    conduct.sent(HELLO)
    conduct.received(HELLO)
    for name, number in (("CHANNEL_OPEN", 1), ("STATUS", 3), ("INFO", 5)):
        conduct.received(frame(name, number))
    assert broken(conduct) == []
    conduct.received(frame("STATUS", 5))
    conduct.received(frame("INFO", 8))
    assert broken(conduct) == ["CH-008", "CH-001"]


@pytest.mark.parametrize("name", ["CHANNEL_OPEN", "STATUS"])
def test_an_initiator_that_has_asked_for_the_end_opens_nothing(name: str) -> None:
    conduct = Conduct("initiator", Announced())
    conduct.sent(HELLO)
    conduct.received(HELLO)
    conduct.received(frame("GATEWAY_TERMINATE", 0, b"\xa0"))
    assert broken(conduct) == []
    conduct.received(frame(name, 1))
    assert broken(conduct) == ["GR-002"]


def test_surrogates_come_only_if_they_were_asked_for() -> None:
    odd = parse_value([{"t": "surrogates", "v": "eda080"}])
    conduct = running()
    conduct.value(odd)
    assert broken(conduct) == ["VA-013"]
    asked = Conduct("worker", Announced(features=("surrogates",)))
    asked.value(odd)
    assert broken(asked) == []


def test_what_is_pythons_comes_only_if_it_was_asked_for() -> None:
    old = parse_value([{"t": "py2str", "v": "61"}])
    conduct = Conduct("worker", Announced(), python2=True)
    conduct.value(old)
    conduct.received(frame("RECONFIGURE", 0, b"\x82\xf5\xf5"))
    assert broken(conduct).count("PY-010") == 2
    asked = Conduct("worker", Announced(features=(PYTHON_STRINGS,)), python2=True)
    asked.value(old)
    assert broken(asked) == []


def test_a_flood_of_violations_is_not_kept() -> None:
    conduct = running()
    for _ in range(3000):
        conduct.received(frame("PONG", 0))
    assert len(conduct.violations) == 1000
