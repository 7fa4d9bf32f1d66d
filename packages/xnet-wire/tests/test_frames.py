"""The stream and its frames. Spec: FR-001, FR-002, FR-005, FR-006, FR-010, FR-011, FR-013, FR-016, HS-011."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire_strategies import deliveries, registry
from xnet_wire import codes, frames
from xnet_wire.errors import FrameError
from xnet_wire.frames import FrameDecoder, encode_header

Frame = tuple[int, int, bytes]

TYPES = sorted([*frames.NAMES, 129, 191])
one_frame = st.tuples(
    st.sampled_from(TYPES), st.integers(0, 2**32 - 1), st.one_of(st.binary(max_size=60), st.just(b"x" * 5000))
)


def encoded(*sent: Frame) -> bytes:
    return b"".join(encode_header(t, c, len(p)) + p for t, c, p in sent)


def received(decoder: FrameDecoder, pieces: list[bytes]) -> list[Frame]:
    return [(t, c, bytes(p)) for piece in pieces for t, c, p in decoder.feed(piece)]


SAMPLES: list[list[Frame]] = [
    [],
    [(frames.CHANNEL_CLOSE, 1, b"")],
    [(frames.CHANNEL_DATA, 2**32 - 1, b"\x05"), (frames.CHANNEL_DATA, 3, b"\x06")],
    [(frames.CHANNEL_DATA, 1, b"a" * 4096), (frames.CHANNEL_LAST_MESSAGE, 1, b"")],
    [(frames.CHANNEL_DATA, 1, b"b" * 4097), (frames.PING, 0, b"12345678"), (frames.CHANNEL_DATA, 1, b"c")],
    [(191, 7, b"later"), (frames.INFO, 5, b"")],
]


@pytest.mark.parametrize("sent", SAMPLES)
def test_fr002_the_split_does_not_matter(sent: list[Frame]) -> None:
    for pieces in deliveries(encoded(*sent)):
        decoder = FrameDecoder()
        assert received(decoder, pieces) == sent
        decoder.eof()


@pytest.mark.parametrize("sent", SAMPLES)
def test_trailing_bytes_wait_for_the_rest_of_their_frame(sent: list[Frame]) -> None:
    last = (frames.CHANNEL_DATA, 9, b"the last one")
    data = encoded(*sent, last)
    for missing in range(1, len(encoded(last))):
        decoder = FrameDecoder()
        assert received(decoder, [data[:-missing]]) == sent
        with pytest.raises(FrameError, match="ended inside a frame"):
            decoder.eof()
        assert received(decoder, [data[-missing:]]) == [last]
        decoder.eof()


@given(st.lists(one_frame, max_size=8), st.data())
def test_random_splits_give_the_same_frames(sent: list[Frame], data: st.DataObject) -> None:
    stream = encoded(*sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert received(FrameDecoder(), pieces) == sent


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_any_bytes_give_frames_or_a_frame_error(pieces: list[bytes]) -> None:
    whole = outcome([b"".join(pieces)])
    assert outcome(pieces) == whole


@given(st.lists(one_frame, min_size=1, max_size=4), st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_stream_gives_frames_or_a_frame_error(sent: list[Frame], at: int, value: int) -> None:
    stream = bytearray(encoded(*sent))
    stream[at % len(stream)] = value
    assert outcome([bytes(stream)]) == outcome([bytes(stream[i : i + 7]) for i in range(0, len(stream), 7)])


def outcome(pieces: list[bytes]) -> tuple[list[Frame], int | None]:
    """Return the frames, and the code of the error that ended them."""
    decoder = FrameDecoder(65_536)
    got: list[Frame] = []
    try:
        for piece in pieces:
            got += received(decoder, [piece])
    except FrameError as error:
        return got + [(t, c, bytes(p)) for t, c, p in error.frames], error.code
    return got, None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_is_taken_and_payloads_are_bytes(kind: type) -> None:
    data = bytearray(encoded((frames.CHANNEL_DATA, 1, b"abc"), (frames.CHANNEL_DATA, 1, b"de")))
    decoder = FrameDecoder()
    first = decoder.feed(kind(data[:15]))
    second = decoder.feed(kind(data[15:]))
    data[:] = bytes(len(data))
    assert first + second == [(4, 1, b"abc"), (4, 1, b"de")]
    assert {type(payload) for _, _, payload in first + second} == {bytes}


def test_a_large_payload_is_received_into_its_own_buffer() -> None:
    decoder = FrameDecoder()
    payload = bytes(range(256)) * 40
    assert decoder.pending_view() is None
    assert decoder.feed(encode_header(frames.CHANNEL_PART, 3, len(payload)) + payload[:100]) == []
    view = decoder.pending_view()
    assert view is not None
    assert len(view) == len(payload) - 100
    view[:50] = payload[100:150]
    assert decoder.pending_filled(50) is None
    assert decoder.feed(payload[150:200]) == []  # both ways may be mixed
    rest = decoder.pending_view()
    assert rest is not None
    rest[:] = payload[200:]
    frame = decoder.pending_filled(len(rest))
    assert frame == (frames.CHANNEL_PART, 3, payload)
    assert decoder.pending_view() is None
    assert decoder.feed(encoded((frames.CHANNEL_CLOSE, 3, b""))) == [(frames.CHANNEL_CLOSE, 3, b"")]


def test_a_small_payload_has_no_pending_view() -> None:
    decoder = FrameDecoder()
    decoder.feed(encode_header(frames.CHANNEL_DATA, 1, 4096) + b"x")
    assert decoder.pending_view() is None


def test_filling_what_is_not_pending_is_our_own_mistake() -> None:
    decoder = FrameDecoder()
    with pytest.raises(ValueError, match="1 bytes were reported as filled, but 0 bytes are pending"):
        decoder.pending_filled(1)
    decoder.feed(encode_header(frames.CHANNEL_DATA, 1, 5000))
    with pytest.raises(ValueError, match="5001 bytes were reported as filled, but 5000 bytes are pending"):
        decoder.pending_filled(5001)


def test_fr005_a_claim_is_refused_before_its_payload_comes() -> None:
    decoder = FrameDecoder(65_536)
    with pytest.raises(FrameError) as caught:
        decoder.feed(encode_header(frames.CHANNEL_DATA, 7, 65_537))
    assert caught.value.code == codes.FRAME_TOO_LARGE
    assert str(caught.value) == (
        "A CHANNEL_DATA frame on channel 7 claims 65537 bytes of payload; at most 65536 are accepted here."
    )
    FrameDecoder(65_536).feed(encode_header(frames.CHANNEL_DATA, 7, 65_536))


@pytest.mark.parametrize("frame_type", [18, 127, 192, 255])
def test_fr010_an_unknown_type_is_refused(frame_type: int) -> None:
    with pytest.raises(FrameError) as caught:
        FrameDecoder().feed(encode_header(frame_type, 1, 0))
    assert caught.value.code == codes.FRAME_UNKNOWN_TYPE
    assert str(caught.value) == (
        f"Frame type {frame_type} (channel 1, 0 bytes) is not known here "
        "and is not one of the ignorable types 128 to 191."
    )


@pytest.mark.parametrize("frame_type", [128, 150, 191])
def test_fr011_an_ignorable_type_is_bounded_like_any_other(frame_type: int) -> None:
    assert FrameDecoder().feed(encoded((frame_type, 1, b"x"))) == [(frame_type, 1, b"x")]
    with pytest.raises(FrameError, match=r"at most 65536 are accepted"):
        FrameDecoder(65_536).feed(encode_header(frame_type, 1, 65_537))


def test_fr013_frames_before_the_fault_are_handed_over() -> None:
    decoder = FrameDecoder()
    good = (frames.CHANNEL_DATA, 1, b"ok")
    with pytest.raises(FrameError) as caught:
        decoder.feed(encoded(good, good) + encode_header(77, 0, 0) + encoded(good))
    assert caught.value.frames == [good, good]
    with pytest.raises(FrameError, match="Frame type 77"):
        decoder.feed(encoded(good))
    with pytest.raises(FrameError, match="Frame type 77"):
        decoder.eof()


HELLO = (frames.HELLO, 0, b"h" * 65_536)
LARGE = (frames.CHANNEL_DATA, 1, b"d" * 70_000)
SMALL = (191, 7, b"later")
FULL = (128, 3, b"o" * 65_536)


def before_hello() -> FrameDecoder:
    return FrameDecoder(1_000_000, 65_536)


@pytest.mark.parametrize("before", [[], [SMALL], [FULL], [SMALL, FULL, SMALL]])
def test_hs011_the_announced_limit_holds_behind_the_hello(before: list[Frame]) -> None:
    stream = encoded(*before, HELLO, LARGE)
    cuts = [0, 4, 9, 20, len(encoded(*before)) + 5, len(encoded(*before, HELLO)) + 4, len(stream) - 1]
    for cut in cuts:
        decoder = before_hello()
        assert received(decoder, [stream[:cut], stream[cut:]]) == [*before, HELLO, LARGE]
    decoder = before_hello()
    pieces = [stream[start : start + 1000] for start in range(0, len(stream), 1000)]
    assert received(decoder, pieces) == [*before, HELLO, LARGE]
    assert received(decoder, [encoded(HELLO, LARGE)]) == [HELLO, LARGE]


@pytest.mark.parametrize("before", [[], [SMALL], [FULL, SMALL], [(frames.GOAWAY, 0, b"")]])
@pytest.mark.parametrize("frame_type", [frames.HELLO, frames.CHANNEL_DATA, frames.GOAWAY, 128, 191])
def test_hs011_until_the_hello_every_frame_has_its_limit(before: list[Frame], frame_type: int) -> None:
    stream = encoded(*before) + encode_header(frame_type, 0, 65_537)
    for pieces in ([stream], [encoded(*before), stream[-9:]], [stream[:-3], stream[-3:]]):
        decoder = before_hello()
        with pytest.raises(FrameError, match="claims 65537 bytes of payload; at most 65536 are") as caught:
            received(decoder, pieces)
        assert caught.value.code == codes.FRAME_TOO_LARGE
        assert caught.value.frames == (before if pieces == [stream] else [])


def test_hs011_fr010_an_unknown_type_is_that_first() -> None:
    with pytest.raises(FrameError) as caught:
        before_hello().feed(encoded(SMALL) + encode_header(99, 0, 2**32 - 1))
    assert caught.value.code == codes.FRAME_UNKNOWN_TYPE
    assert caught.value.frames == [SMALL]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"\x04\x00", "The stream ended inside a frame of which 2 bytes had arrived."),
        (
            encode_header(4, 3, 5000) + b"abc",
            "The stream ended inside a CHANNEL_DATA frame on channel 3, 4997 bytes of its payload missing.",
        ),
    ],
)
def test_fr016_the_end_inside_a_frame_is_abnormal(data: bytes, sentence: str) -> None:
    decoder = FrameDecoder()
    decoder.feed(data)
    with pytest.raises(FrameError) as caught:
        decoder.eof()
    assert str(caught.value) == sentence


def test_the_header_is_nine_bytes_big_endian() -> None:
    assert encode_header(4, 0x01020304, 0x05060708) == bytes.fromhex("04 01020304 05060708")
    assert len(encode_header(0, 0, 0)) == frames.HEADER_BYTES


def test_type_names() -> None:
    assert frames.type_name(frames.CHANNEL_EXEC) == "CHANNEL_EXEC"
    assert frames.type_name(200) == "TYPE_200"


def test_types_are_those_of_the_registry() -> None:
    assert {int(row["code"]): row["name"] for row in registry("frame_types")} == frames.NAMES
    for code, name in frames.NAMES.items():
        assert getattr(frames, name) == code
