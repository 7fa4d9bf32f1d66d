from __future__ import annotations

from fuzz.mutation import HEADER, PREAMBLE, Mutator, cut

STREAM = PREAMBLE + HEADER.pack(8, 0, 3) + b"abc" + HEADER.pack(4, 1, 1) + b"\x07" + HEADER.pack(5, 1, 0)


def test_a_stream_is_cut_into_frames() -> None:
    before, frames = cut(b"noise" + STREAM)
    assert before == b"noise" + PREAMBLE
    assert b"".join((before, *frames)) == b"noise" + STREAM
    assert len(frames) == 3
    assert cut(STREAM[len(PREAMBLE) :])[0] == b""


def test_a_number_is_always_the_same_conversation_and_another_one_another() -> None:
    first, second = Mutator([STREAM]), Mutator([STREAM])
    made = [first.make(number) for number in range(200)]
    assert made == [second.make(number) for number in range(200)]
    assert len({stream for stream, _ in made}) > 100
    assert STREAM in {stream for stream, _ in made}
    for stream, splits in made:
        assert splits == sorted(splits)
        assert all(0 <= split <= len(stream) for split in splits)
