"""Why a channel was closed, as data. Spec: CH-041 to CH-043, CH-047, CH-048."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_wire import channel_errors, codes
from xnet_wire.channel_errors import CODES, ChannelError, decode_channel_error, encode_channel_error
from xnet_wire.errors import WireError
from xnet_wire.limits import CHANNEL_ERROR_BYTES
from xnet_wire.values import encode

REGISTRY = Path(__file__).parents[3] / "protocol-spec" / "schema" / "registry.yaml"
TEXTS = st.text(st.characters(codec="utf-8"))
ERRORS = st.builds(
    ChannelError,
    TEXTS,
    st.sampled_from(CODES) | TEXTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.lists(st.tuples(TEXTS, st.integers(0, 2**64 - 1), TEXTS), max_size=5),
)


def there_and_back(error: ChannelError) -> ChannelError:
    payload = encode_channel_error(error)
    assert len(payload) <= CHANNEL_ERROR_BYTES
    return decode_channel_error(payload)


def test_the_codes_are_those_of_the_registry() -> None:
    if not REGISTRY.exists():
        pytest.skip("protocol-spec/ is not here: the package is tested alone")
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here: the package is tested alone")
    registry = yaml.safe_load(REGISTRY.read_text(encoding="utf-8"))
    assert tuple(row["code"] for row in registry["channel_codes"]) == CODES


@given(ERRORS)
def test_ch_041_an_error_arrives_as_it_was_sent(error: ChannelError) -> None:
    assert there_and_back(error) == error
    assert hash(there_and_back(error)) == hash(error)


def test_only_text_and_code_are_needed_and_what_is_missing_is_none() -> None:
    assert decode_channel_error(encode({"text": "No.", "code": "error"})) == ChannelError(
        "No.",
        "error",
        None,
        None,
        (),
    )


def test_ch_048_codes_and_keys_that_nobody_knows() -> None:
    error = decode_channel_error(encode({"text": "", "code": "tired", "more": [None, {1: 2}]}))
    assert error.code == "tired"


BAD_FRAMES: tuple[Any, ...] = (
    None,
    {},
    "f",
    [None],
    [[]],
    [["f", 1]],
    [["f", 1, "g", 2]],
    [["f", -1, "g"]],
    [["f", True, "g"]],
    [["f", 1.0, "g"]],
    [["f", 2**64, "g"]],
    [[b"f", 1, "g"]],
    [["f", 1, None]],
    [("f", 1, "g")],
    [["f", 1, "g"], 5],
)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"text": b"x"}, "\"text\" in CHANNEL_CLOSE_ERROR is b'x', expected a text."),
        ({"text": None}, '"text" in CHANNEL_CLOSE_ERROR is None, expected a text.'),
        ({"code": 1}, '"code" in CHANNEL_CLOSE_ERROR is 1, expected a text.'),
        ({"type": None}, '"type" in CHANNEL_CLOSE_ERROR is None, expected a text.'),
        ({"message": []}, '"message" in CHANNEL_CLOSE_ERROR is <list>, expected a text.'),
        ({1: 2}, "CHANNEL_CLOSE_ERROR has a key 1, expected texts as keys."),
        *[({"frames": frames}, None) for frames in BAD_FRAMES],
    ],
)
def test_what_does_not_match_is_refused(changes: dict[Any, Any], sentence: str | None) -> None:
    with pytest.raises(WireError) as caught:
        decode_channel_error(encode({"text": "No.", "code": "error", **changes}))
    assert caught.value.code == codes.PAYLOAD_MALFORMED
    expected = '"frames" in CHANNEL_CLOSE_ERROR is not a list of [file, line, function].'
    assert str(caught.value) == (sentence or expected)


@pytest.mark.parametrize("missing", ["text", "code"])
def test_text_and_code_there_must_be(missing: str) -> None:
    content = {"text": "No.", "code": "error"}
    del content[missing]
    with pytest.raises(WireError, match=f'"{missing}" in CHANNEL_CLOSE_ERROR is None, expected a text.'):
        decode_channel_error(encode(content))


def test_ch_043_what_is_too_long_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = CHANNEL_ERROR_BYTES - len(encode({"text": "", "code": "error"})) - 2
    payload = encode({"text": "x" * filled, "code": "error"})
    assert len(payload) == CHANNEL_ERROR_BYTES
    assert len(decode_channel_error(payload).text) == filled
    monkeypatch.setattr(channel_errors, "decode_map", None)
    with pytest.raises(WireError, match="65537 bytes, at most 65536 are allowed") as caught:
        decode_channel_error(encode({"text": "x" * (filled + 1), "code": "error"}))
    assert caught.value.code == codes.PAYLOAD_MALFORMED


def test_ch_042_of_many_frames_those_in_the_middle_are_left_out_and_the_text_is_whole() -> None:
    frames = [("/a/long/path/to/a/file.py", line, "function") for line in range(5000)]
    text = "t" * 40_000
    error = there_and_back(ChannelError(text, frames=frames))
    assert error.text == text
    assert 200 < len(error.frames) < 1000
    half = len(error.frames) // 2
    assert error.frames == tuple(frames[:half] + frames[-(len(error.frames) - half) :])


def test_ch_042_a_long_text_is_cut_with_a_note_and_keeps_both_ends() -> None:
    long = "é" + "\U0001f600" * 100_000 + "ValueError: the end"
    error = there_and_back(ChannelError(long, message=long, type=long, frames=[("f", 1, "g")] * 10))
    assert error.type is not None
    assert error.message is not None
    for text in (error.text, error.type, error.message):
        assert text.startswith("é\U0001f600")
        assert text.endswith("\U0001f600ValueError: the end")
        assert "[... cut here: the whole text has 400021 bytes, " in text
    assert len(error.text.encode()) > 45_000


def test_ch_042_what_utf8_cannot_carry_is_replaced() -> None:
    odd = "a\ud800b"
    error = there_and_back(ChannelError(odd, odd, odd, odd, [(odd, 1, odd)]))
    assert error == ChannelError("a?b", "a?b", "a?b", "a?b", [("a?b", 1, "a?b")])


def test_a_text_of_a_class_of_its_own_is_not_asked() -> None:
    class Odd(str):
        __slots__ = ()

        def encode(self, *arguments: object) -> bytes:
            raise AssertionError

    assert there_and_back(ChannelError("", message=Odd("it says"))).message == "it says"


def test_the_repr_has_what_programs_compare() -> None:
    assert repr(ChannelError("it failed", type="KeyError")) == "<ChannelError error KeyError 'it failed'>"
