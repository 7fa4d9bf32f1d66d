"""Steps of the layer rsync about lists of chunks that the runner sends, and what is wanted of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_cuts import cut
from xnet_conformance.rsync_index import MOST_BYTES
from xnet_conformance.rsync_messages import content_of, data_of, list_of
from xnet_conformance.scenario import run_steps, step
from xnet_conformance.steps_rsync import heard, numbers_of, say_message, send_content
from xnet_conformance.values import NULL, Value

if TYPE_CHECKING:
    from xnet_conformance.scenario import Scenario


@step("rsync_chunks")
def chunks(scenario: Scenario, raw: Any) -> None:
    """Send a list of chunks of a content and what is wanted of it: ``{ch: r, entry: 1, level: 0, noise: n}``.

    ``at_most`` is how many bytes may be wanted. ``first`` is a step that is run when it is known what is
    wanted. With ``wrong_digest: true``, or how it is wrong, the list has another digest, and the file has to
    be wanted whole in the end. A receiver that needs the whole file is sent all of it. ``split`` is how many
    records a message has, ``hole: [start, end]`` where there are none, and with ``only: list`` nothing more
    is sent. With ``empty: n`` the last piece has no bytes, and begins ``n`` bytes after the previous one.
    """
    data = content_of(raw)
    if scenario.bindings.get(f"in full {raw['ch']} {raw['entry']}"):
        if raw.get("only") != "list":
            _send_all(scenario, raw, data)
        return
    level = raw.get("level", 0)
    start, end = raw.get("hole", [len(data), len(data)])
    pieces: list[bytes | int] = [*cut(data[:start], level)]
    pieces += [end - start, *cut(data[end:], level)] if end > start else []
    step_size = raw.get("split", len(pieces))
    for first in range(0, len(pieces), step_size):
        table, _ = list_of(pieces[first : first + step_size])
        _, digest = list_of(pieces)
        numbers = (raw["entry"], level, first, 0, len(table))
        last = Value("bytes", _wrong_digest(raw["wrong_digest"], pieces) if "wrong_digest" in raw else digest)
        say_message(
            scenario,
            raw["ch"],
            Value("str", "chunks"),
            *(Value("int", number) for number in numbers),
            Value("bytes", table),
            last if first + step_size >= len(pieces) else NULL,
        )
    wanted = _wanted(scenario, raw, pieces)
    if raw.get("only") == "list":
        return
    if "first" in raw:
        run_steps(scenario, [raw["first"]])
    offsets = [sum(map(_size, pieces[:number])) for number in wanted]
    ends = [at + _size(pieces[number]) for at, number in zip(offsets, wanted, strict=True)]
    _send_pieces(scenario, raw, [(at, data[at:end]) for at, end in zip(offsets, ends, strict=True)])
    if raw.get("wrong_digest") and heard(scenario, raw["ch"], "whole", "int")[0].content != raw["entry"]:
        raise CheckFailed("a different file is wanted whole", expected=str(raw["entry"]), req="RS-054")
    if raw.get("wrong_digest"):
        _send_all(scenario, raw, data)


@step("rsync_records")
def records(scenario: Scenario, raw: Any) -> None:
    """Send one message of a list of chunks: ``{ch: r, entry: 1, from: 0, to: 3, noise: n}``, all by default.

    The last one has the digest, or what ``digest`` is. ``times`` repeats each record, and ``holes`` says
    how many holes of which length come before it.
    """
    data = content_of(raw)
    many, length = raw.get("holes", (0, 0))
    pieces: list[bytes | int] = [length] * many
    pieces += [*cut(data, raw.get("level", 0))] * raw.get("times", 1)
    first, end = raw.get("from", 0), raw.get("to", len(pieces))
    table, _ = list_of(pieces[first:end])
    said = bytes.fromhex(raw["digest"]) if "digest" in raw else list_of(pieces)[1]
    numbers = (raw["entry"], raw.get("level", 0), first, 0, len(table))
    say_message(
        scenario,
        raw["ch"],
        Value("str", "chunks"),
        *(Value("int", number) for number in numbers),
        Value("bytes", table),
        Value("bytes", said) if end == len(pieces) else NULL,
    )


@step("rsync_want")
def want(scenario: Scenario, raw: Any) -> None:
    """Expect what is wanted of a list, whatever it is: ``{ch: r, entry: 1}``; or ``is: [[first, count]]``."""
    entry, ranges = heard(scenario, raw["ch"], "want", "int", "bytes")
    flat = numbers_of(ranges)
    pairs = [list(pair) for pair in zip(flat[::2], flat[1::2], strict=False)]
    if entry.content != raw["entry"] or pairs != raw.get("is", pairs):
        raise CheckFailed("something else is wanted", expected=str(raw), actual=f"{entry.content}: {pairs}")


@step("if_by_chunks")
def if_by_chunks(scenario: Scenario, raw: Any) -> None:
    """Run steps unless the receiver needs all of a file (RS-055): ``{ch: r, entry: 1, steps: [...]}``."""
    if not scenario.bindings.get(f"in full {raw['ch']} {raw['entry']}"):
        run_steps(scenario, raw["steps"])


def _wrong_digest(how: object, pieces: list[bytes | int]) -> bytes:
    """Return a digest that is not that of a list of chunks."""
    data = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    table, right = list_of(pieces)
    wrong = {
        "content": hashlib.sha256(data).digest(),
        "marks": hashlib.sha256(table[4 + 4 * len(pieces) :]).digest(),
        "first bit": bytes([right[0] ^ 128]) + right[1:],
        "last bit": right[:-1] + bytes([right[-1] ^ 1]),
    }
    return wrong.get(str(how), bytes(32))


def _size(piece: bytes | int) -> int:
    return piece if isinstance(piece, int) else len(piece)


def _send_all(scenario: Scenario, raw: Any, data: bytes) -> None:
    _send_pieces(scenario, raw, [(at, data[at : at + MOST_BYTES]) for at in range(0, len(data), MOST_BYTES)])


def _send_pieces(scenario: Scenario, raw: Any, pieces: list[tuple[int, bytes]]) -> None:
    if "empty" in raw and pieces:
        at, last = pieces[-1]
        pieces = [*pieces, (at + len(last) + raw["empty"], b"")]
    for place, (at, piece) in enumerate(pieces):
        flags = (1 if place == 0 else 0) | (2 if place == len(pieces) - 1 else 0)
        send_content(scenario, raw["ch"], data_of(raw["entry"], at, flags, piece, 0))


def _wanted(scenario: Scenario, raw: Any, pieces: list[bytes | int]) -> list[int]:
    """Return the numbers of the chunks that are wanted of a list."""
    entry, ranges = heard(scenario, raw["ch"], "want", "int", "bytes")
    flat = numbers_of(ranges)
    pairs = list(zip(flat[::2], flat[1::2], strict=False))
    ends = [at for start, count in pairs for at in (start, start + count)]
    if entry.content != raw["entry"] or ends != sorted(ends) or (ends and ends[-1] > len(pieces)):
        raise CheckFailed("want has different ranges", expected=f"chunks of {len(pieces)}", actual=str(pairs))
    lacking = [number for start, count in pairs for number in range(start, start + count)]
    if any(isinstance(pieces[number], int) for number in lacking):
        raise CheckFailed("what is wanted extends across a hole", actual=str(pairs), req="RS-053")
    size = sum(_size(pieces[number]) for number in lacking)
    if size > raw.get("at_most", size):
        raise CheckFailed(
            "more is wanted than the receiver lacks",
            expected=f"at most {raw['at_most']} bytes",
            actual=str(size),
            req="RS-050",
        )
    return lacking
