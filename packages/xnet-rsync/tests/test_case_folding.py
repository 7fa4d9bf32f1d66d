"""Names that a file system may take for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_rsync.receiver.case_folding import CaseFolding, fold, folded_names

NAMES = st.one_of(
    st.binary(min_size=1).filter(lambda name: b"\0" not in name),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1).map(str.encode),
)


@pytest.mark.parametrize(
    ("one", "other"),
    [("README", "ReadMe"), ("\xc9t\xe9", "e\u0301te\u0301"), ("\xc4", "a\u0308"), ("x\xe9", "X\xc9")],
)
def test_case_and_how_accents_are_put_make_no_difference(one: str, other: str) -> None:
    assert fold(one.encode()) == fold(other.encode())


@pytest.mark.parametrize(("one", "other"), [(b"a", b"b"), (b"e", "\xe9".encode()), (b"a", b"a ")])
def test_anything_else_does(one: bytes, other: bytes) -> None:
    assert fold(one) != fold(other)


@given(st.lists(NAMES))
def test_many_names_are_folded_as_each_of_them(names: list[bytes]) -> None:
    assert folded_names(names) == [fold(name) for name in names]


def known(folds: bool) -> CaseFolding:
    """Return what has found out already what the file system does; so no file system is asked."""
    folding = CaseFolding(None)
    folding.is_folding = folds
    return folding


class TestFindFolded:
    """What is there under another case; whether a file system does so is known here: few do on Linux."""

    def test_what_is_there_gets_the_names_that_are_wanted(self) -> None:
        there = {b"readme": 1, b"same": 2, "E\u0301".encode(): 3, b"extra": 4}
        known(True).find_folded(0, [b"README", b"same", "\xe9".encode(), b"new"], there)
        assert there == {b"README": 1, b"same": 2, "\xe9".encode(): 3, b"extra": 4}

    def test_nothing_if_the_file_system_tells_them_apart(self) -> None:
        there = {b"readme": 1, b"extra": 4}
        known(False).find_folded(0, [b"README"], there)
        assert there == {b"readme": 1, b"extra": 4}

    def test_what_is_wanted_itself_is_not_taken_for_another(self) -> None:
        there = {b"a": 1, b"x": 2}
        known(True).find_folded(0, [b"a", b"A"], there)
        assert there == {b"a": 1, b"x": 2}

    def test_the_file_system_is_not_asked_in_vain(self) -> None:
        folding = CaseFolding(None)  # which could not ask
        there = {b"a": 1, b"extra": 2}
        folding.find_folded(0, [b"a", b"new"], there)
        folding.find_folded(0, [b"a", b"b"], {b"a": 1})
        folding.find_folded(0, [], there)
        assert there == {b"a": 1, b"extra": 2}
        assert folding.is_folding is None
