from __future__ import annotations

import pytest

from devtool.project import ROOT, development_tools, members, pins, read_string_array

TEXT = """\
one = ["a", "b>=1"] # why
[section]
many = [
    "c",    # a comment with a ] in it
    "d[e]",
]
numbers = [1, 2]
"""


def test_an_array_on_one_line_and_one_over_many() -> None:
    assert read_string_array(TEXT, "one") == ["a", "b>=1"]
    assert read_string_array(TEXT, "many") == ["c", "d[e]"]


def test_a_missing_array_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match="no array of strings named 'missing'"):
        read_string_array(TEXT, "missing")


def test_an_array_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'numbers' of pyproject\.toml holds something else"):
        read_string_array(TEXT, "numbers")


def test_every_member_of_the_workspace_is_there() -> None:
    assert [folder for folder in members() if not (folder / "pyproject.toml").exists()] == []
    assert members()[0] == ROOT / "packages/xnet-wire"


def test_every_development_tool_is_held_to_one_release() -> None:
    pinned = {pin.partition("==")[0] for pin in pins()}
    assert [name for name in development_tools() if name not in pinned] == []
