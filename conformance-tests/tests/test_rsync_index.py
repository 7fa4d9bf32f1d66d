"""Tables that a sender sends: those of the runner's own making are right, and each mistake has its rule."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from xnet_conformance.errors import CheckFailed
from xnet_conformance.rsync_index import Entry, Offered, unpack
from xnet_conformance.rsync_messages import table_of


def offered() -> Offered:
    return Offered(Entry(0, b"", 1, 0o755, 0, 0))


def refused(groups: Sequence[dict[str, Any]], *, first: int = 1, append: bytes = b"") -> str:
    found = offered()
    try:
        found.add_table(first, table_of(groups) + append)
        found.end()
    except CheckFailed as error:
        return error.req
    return ""


def test_a_tree_in_two_tables() -> None:
    found = offered()
    found.add_table(1, table_of([{"dir": 0, "flags": 1, "entries": [{"dir": "d"}]}]))
    last = {"dir": 1, "flags": 2, "entries": [{"file": "f", "size": 3}, {"link": "l", "to": "x"}]}
    found.add_table(2, table_of([{"dir": 0, "entries": [{"file": "a"}]}, last]))
    found.end()
    assert [entry.path for entry in found.entries] == [b"", b"d", b"a", b"d/f", b"d/l"]
    assert found.by_path[b"d/l"].text == b"x"
    assert found.incomplete == {b"d"}


@pytest.mark.parametrize(
    ("groups", "req"),
    [
        ([{"dir": 0, "entries": [{"file": ".."}]}], "RS-030"),
        ([{"dir": 0, "entries": [{"file": "a/b"}]}], "RS-030"),
        ([{"dir": 0, "entries": [{"file": ".xnet-rsync-1"}]}], "RS-031"),
        ([{"dir": 0, "entries": [{"file": "a"}, {"file": "a"}]}], "RS-023"),
        ([{"dir": 0, "entries": [{"file": "a", "kind": 9}]}], "RS-020"),
        ([{"dir": 0, "entries": [{"dir": "a", "size": 9}]}], "RS-020"),
        ([{"dir": 0, "entries": [{"file": "a", "mode": 0o10000}]}], "RS-021"),
        ([{"dir": 0, "entries": [{"file": "a", "mode": 0o4755}]}], "RS-028"),
        ([{"dir": 0, "entries": [{"dir": "a"}]}], "RS-022"),
        ([{"dir": 0}, {"dir": 0}], "RS-022"),
        ([{"dir": 5}], "RS-022"),
        ([{"dir": 0, "flags": 4}], "RS-021"),
        ([{"dir": 0, "count": 0, "entries": [{"file": "a"}]}], "RS-022"),
        ([{"dir": 0, "flags": 1, "entries": [{"dir": "a"}]}, {"dir": 1}], "RS-023"),
        ([{"dir": 0, "flags": 1}], "RS-022"),
    ],
)
def test_each_mistake_has_its_rule(groups: Sequence[dict[str, Any]], req: str) -> None:
    assert refused(groups) == req


def test_the_form_of_a_table() -> None:
    assert refused([{"dir": 0}], first=2) == "RS-023"
    assert refused([{"dir": 0, "entries": [{"file": "a"}]}], append=b"x") == "RS-021"
    with pytest.raises(CheckFailed, match="another form"):
        offered().add_table(1, b"\xff" * 8)


def test_owners_are_of_the_next_table() -> None:
    found = offered()
    found.add_owners([1])
    found.add_table(1, table_of([{"dir": 0, "entries": [{"file": "a", "mode": 0o4755}]}]))
    with pytest.raises(CheckFailed, match="the owner of 1, which came before"):
        found.add_owners([1])
    late = offered()
    late.add_owners([2])
    with pytest.raises(CheckFailed, match="not in the next table"):
        late.add_table(1, table_of([{"dir": 0, "entries": [{"file": "a"}]}]))


def test_what_is_compressed_has_the_size_that_was_said() -> None:
    assert unpack(0, b"abc", 3) == unpack(1, zlib.compress(b"abc"), 3) == b"abc"
    for method, data, said, req in (
        (0, b"abc", 4, "RS-011"),
        (1, zlib.compress(bytes(5000)), 3, "RS-011"),
        (1, zlib.compress(b"abc"), 4, "RS-011"),
        (1, b"nothing", 3, "RS-011"),
        (2, b"abc", 3, "RS-010"),
        (0, b"abc", 2_000_000, "RS-011"),
    ):
        with pytest.raises(CheckFailed) as caught:
            unpack(method, data, said)
        assert caught.value.req == req
