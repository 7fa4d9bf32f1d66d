"""What is kept of the errors that a peer tells is bounded. Spec: LI-013."""

from __future__ import annotations

from xnet_channel.threads.errors import RemoteError
from xnet_channel.threads.kept_errors import KEPT_BYTES, LOOK_AGAIN, SHORT_CHARACTERS, KeptErrors
from xnet_wire.channel_errors import ChannelError

LONG = "x" * 60_000


def characters(errors: list[RemoteError]) -> int:
    return sum(len(str(error)) for error in errors)


def test_li_013_further_ones_are_shortened_to_their_end() -> None:
    kept = KeptErrors()
    errors = [kept.remember(ChannelError(f"{LONG} the reason {number}")) for number in range(5000)]
    assert characters(errors) < KEPT_BYTES + 60_100 + 5000 * SHORT_CHARACTERS
    assert str(errors[0]) == f"{LONG} the reason 0"
    assert str(errors[-1]).startswith("...xxx")
    assert str(errors[-1]).endswith("xxx the reason 4999")
    assert len(str(errors[-1])) == SHORT_CHARACTERS


def test_wide_characters_count_as_what_they_take() -> None:
    kept = KeptErrors()
    errors = [kept.remember(ChannelError("\N{GRINNING FACE}" + LONG)) for _ in range(100)]
    assert sum(len(str(error)) > SHORT_CHARACTERS for error in errors) == KEPT_BYTES // 240_000 + 1


def test_short_ones_are_as_they_are() -> None:
    kept = KeptErrors()
    long = [kept.remember(ChannelError(LONG)) for _ in range(100)]
    short = "y" * SHORT_CHARACTERS
    assert str(kept.remember(ChannelError(short))) == short
    assert characters(long) < KEPT_BYTES + 60_000 + 100 * SHORT_CHARACTERS


def test_those_that_somebody_has_seen_and_let_go_make_room() -> None:
    kept = KeptErrors()
    assert all(str(kept.remember(ChannelError(LONG))) == LONG for _ in range(1000))
    errors = [kept.remember(ChannelError(LONG)) for _ in range(200)]
    assert str(errors[-1]) != LONG
    errors.clear()
    errors = [kept.remember(ChannelError(LONG)) for _ in range(LOOK_AGAIN + 1)]
    assert str(errors[-1]) == LONG
