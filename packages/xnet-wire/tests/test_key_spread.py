"""Tests of `xnet_wire.key_spread`. Spec: SE-003, SE-005."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

import pytest

from xnet_wire.errors import ValueFormatError
from xnet_wire.key_spread import FEW_KEYS, KeyWork, collide, equal_hashes_of_containers
from xnet_wire.value_encoding import encode_exact
from xnet_wire.values import ValueDecoder

MODULUS = 2**61 - 1  # of the hash of numbers in CPython on 64 bits
_RANDOM = random.Random(5)

HONEST: dict[str, list[object]] = {
    "consecutive": list(range(20_000)),
    "negative": [-number for number in range(20_000)],
    "multiples of a power of two": [number << 20 for number in range(20_000)],
    "high bits only": [number << 40 for number in range(20_000)],
    "highest bits only": [number << 44 for number in range(20_000)],
    "random": [_RANDOM.getrandbits(62) for _ in range(20_000)],
    "bignums": [number << 70 for number in range(20_000)],
    "tuples": [(x, y) for x in range(140) for y in range(140)],
    "floats": [number / 7 for number in range(20_000)],
    "powers of two": [2.0**-number for number in range(1_000)],
    "frozensets": [frozenset((number, number + 1)) for number in range(20_000)],
    "tuples with -1 and -2, which have one hash": list(itertools.product(range(-2, 3), repeat=5)),
    "ways in a grid": [frozenset(((x, y), (x + 1, y))) for x in range(-70, 70) for y in range(-70, 70)],
    "text": [str(number) for number in range(20_000)],
    "NaN": [float("nan") for _ in range(20_000)],
}


@pytest.mark.parametrize("name", HONEST)
def test_keys_that_programs_use_do_not_collide(name: str) -> None:
    assert not collide(HONEST[name])
    if equal_hashes_of_containers(HONEST[name]):
        assert not KeyWork().too_much(HONEST[name])


def equal_hashes(count: int) -> list[object]:
    return [number * MODULUS for number in range(1, count + 1)]


def complex_numbers(count: int) -> list[object]:
    """Numbers whose two parts cancel out in the hash."""
    return [complex(-1000003 * number, number) for number in range(1, count + 1)]


def one_chain(count: int) -> list[object]:
    """Small numbers: most lie on the way that a search takes last, the others have to go along it."""
    size = 1 << (count * 3 // 2).bit_length()
    mask = size - 1
    place = 77
    keys: list[int] = []
    for _ in range(count * 6 // 10):
        keys.append(place)
        place = (place * 5 + 1) & mask
    taken = set(keys)
    number = size
    while len(keys) < count:
        number += 1
        places = 0
        perturb, place = number, number & mask
        while place in taken:
            places += 1
            perturb >>= 5
            place = (place * 5 + perturb + 1) & mask
        if places > count // 4:
            keys.append(number)
            taken.add(place)
    return list(keys)


CHOSEN: dict[str, Callable[[int], list[object]]] = {
    "equal hashes": equal_hashes,
    "complex numbers": complex_numbers,
    "one chain": one_chain,
}


@pytest.mark.parametrize("name", CHOSEN)
def test_keys_that_were_chosen_to_collide_do(name: str) -> None:
    keys = CHOSEN[name](600)
    assert collide(keys)
    assert collide([*"text", *keys])


def test_few_keys_are_not_looked_at() -> None:
    assert not collide(equal_hashes(FEW_KEYS))
    assert collide(equal_hashes(FEW_KEYS + 1))


def test_what_cannot_be_hashed_is_said() -> None:
    with pytest.raises(TypeError):
        collide([[]] * (FEW_KEYS + 1))


@pytest.mark.parametrize("plain_before", [False, True])
@pytest.mark.parametrize("kind", [set, frozenset, dict.fromkeys])
@pytest.mark.parametrize("name", CHOSEN)
def test_se_005_a_decoder_refuses_them_before_it_compares_any(
    name: str, kind: Callable[[list[object]], object], plain_before: bool
) -> None:
    """Forty thousand of them took tens of seconds."""
    keys = equal_hashes(40_000) if name == "equal hashes" else CHOSEN[name](600)
    good = {1: 2} if plain_before else {"a": 2}
    decoder = ValueDecoder()
    assert decoder.decode(encode_exact(good, None, None, 64)) == good
    small = encode_exact([kind(keys[:20])], None, None, 64)
    assert decoder.decode(small) == [kind(keys[:20])]
    members = b"".join(
        encode_exact(key, None, None, 64) + (b"\xf6" if kind == dict.fromkeys else b"") for key in keys
    )
    heads = {set: b"\xd9\x01\x02\x9a", frozenset: b"\xd9\xe4\x21\x9a"}
    payload = b"\x81" + heads.get(kind, b"\xba") + len(keys).to_bytes(4, "big") + members  # type: ignore[call-overload]
    with pytest.raises(ValueFormatError, match=f"most of the {len(keys)} collide"):
        decoder.decode(payload)


def test_many_honest_keys_are_taken() -> None:
    decoder = ValueDecoder()
    for name, keys in HONEST.items():
        for item in ({"k": dict.fromkeys(keys[:2000])}, [set(keys[:2000])]):
            payload = encode_exact(item, None, None, 64)
            decoded = decoder.decode(payload)
            if name != "NaN":
                assert decoded == item


def test_three_hundred_thousand_nans_are_keys_like_others() -> None:
    """Each is a key of its own, and from Python 3.10 on they do not collide."""
    payload = b"\xba" + (300_000).to_bytes(4, "big") + b"\xf9\x7e\x00\xf6" * 300_000
    assert len(ValueDecoder().decode(payload)) == 300_000


def frozenset_of(members: list[bytes]) -> bytes:
    return b"\xd9\xe4\x21\x99" + len(members).to_bytes(2, "big") + b"".join(members)


def frozensets(count: int) -> list[bytes]:
    """As many sets of as many numbers of one hash, which have all but one in common."""
    numbers = [encode_exact(number, None, None, 64) for number in equal_hashes(2 * count)]
    return [
        frozenset_of([*numbers[: count // 2], own, *numbers[count // 2 : count - 1]])
        for own in numbers[count:]
    ]


def tree(width: int, depth: int) -> list[bytes]:
    """Frozensets in frozensets, of the same hash on each level, which differ in their depths."""
    level = [encode_exact(number, None, None, 64) for number in equal_hashes(width + 1)]
    for _ in range(depth):
        level = [frozenset_of(level[:left] + level[left + 1 :]) for left in range(width + 1)]
    return level


def tuples_of(keys: list[bytes]) -> list[bytes]:
    return [b"\xd9\xe4\x20\x82\xd9\xe4\x20\x81" + key + b"\x01" for key in keys]


CONTAINERS: dict[str, Callable[[], list[bytes]]] = {
    "frozensets": lambda: frozensets(250),
    "in tuples": lambda: tuples_of(frozensets(250)),
    "tree of four": lambda: tree(4, 7),
    "tree of sixteen": lambda: tree(16, 3),
    "tree of tuples": lambda: tuples_of(tree(4, 7)),
}


@pytest.mark.parametrize("kind", [set, frozenset, dict])
@pytest.mark.parametrize("name", CONTAINERS)
def test_se_005_few_containers_that_take_many_comparisons_are_refused_before_any(
    name: str, kind: type
) -> None:
    """Less than 256 keys of 0.7 MB took 19 seconds."""
    keys = CONTAINERS[name]()
    heads: dict[type, bytes] = {set: b"\xd9\x01\x02\x99", frozenset: b"\xd9\xe4\x21\x99"}
    head = heads.get(kind, b"\xb9")
    payload = head + len(keys).to_bytes(2, "big") + b"".join(key + b"\xf6" * (kind is dict) for key in keys)
    with pytest.raises(ValueFormatError, match="too many comparisons"):
        ValueDecoder().decode(payload)


def test_se_005_containers_of_one_hash_that_take_few_comparisons_are_taken() -> None:
    corners = list(itertools.product((-1, -2), repeat=4))
    ways = {frozenset(pair) for pair in itertools.combinations(corners, 2)}
    for item in (
        {"k": ways},
        {"k": dict.fromkeys(ways)},
        {"k": {(way, 1) for way in ways}},
        {"k": frozenset(ways)},
    ):
        assert ValueDecoder().decode(encode_exact(item, None, None, 64)) == item
