"""What a testee in Python 2 makes of values. Spec: VA-031."""

from __future__ import annotations

from typing import Any

import pytest

from xnet_conformance.python2 import as_python2, with_text
from xnet_conformance.values import parse_value

BYTES = {"t": "bytes", "v": "6162"}
STR = {"t": "py2str", "v": "6162"}


@pytest.mark.parametrize(
    ("sent", "back"),
    [
        (BYTES, STR),
        ([1, BYTES, "text"], [1, STR, "text"]),
        (
            {"t": "dict", "v": [[BYTES, {"t": "tuple", "v": [BYTES]}]]},
            {"t": "dict", "v": [[STR, {"t": "tuple", "v": [STR]}]]},
        ),
        ({"t": "frozenset", "v": [BYTES]}, {"t": "frozenset", "v": [STR]}),
        (STR, STR),
        (None, None),
    ],
)
def test_bytes_come_back_as_str(sent: Any, back: Any) -> None:
    assert as_python2(parse_value(sent)) == parse_value(back)


def test_its_str_is_text_where_it_can_be() -> None:
    assert with_text(parse_value([STR, {"t": "dict", "v": [[STR, 1]]}])) == parse_value(
        ["ab", {"t": "dict", "v": [["ab", 1]]}]
    )
    no_text = parse_value({"t": "py2str", "v": "ff"})
    assert with_text(no_text) == no_text
    assert with_text(parse_value(BYTES)) == parse_value(BYTES)
