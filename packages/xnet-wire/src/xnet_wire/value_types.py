"""What may cross the wire, as types and as CBOR tags."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Registered tags.
POSITIVE_BIGNUM_TAG: Final = 2
NEGATIVE_BIGNUM_TAG: Final = 3
SET_TAG: Final = 258
COMPLEX_TAG: Final = 43000
#: Tags of this protocol, from the range that is free for first-come use.
TUPLE_TAG: Final = 58400
FROZENSET_TAG: Final = 58401
CHANNEL_TAG: Final = 58402
PY2_STRING_TAG: Final = 58403
SURROGATES_TAG: Final = 58404
#: What a peer announces that takes it. Spec: VA-013.
SURROGATES_FEATURE: Final = "surrogates"
#: What a peer announces that takes strings of Python 2, and is told what to make of them. Spec: PY-010.
PYTHON_STRINGS_FEATURE: Final = "python.strings"

#: Name of every tag that may occur, for messages.
TAG_NAMES: Final[dict[int, str]] = {
    POSITIVE_BIGNUM_TAG: "a positive bignum",
    NEGATIVE_BIGNUM_TAG: "a negative bignum",
    SET_TAG: "a set",
    COMPLEX_TAG: "a complex number",
    TUPLE_TAG: "a tuple",
    FROZENSET_TAG: "a frozenset",
    CHANNEL_TAG: "a channel",
    PY2_STRING_TAG: "a Python 2 string",
    SURROGATES_TAG: "a text with surrogates",
}

#: Exact types that hold no other item. Subclasses are not values: what they add would be
#: lost silently (``value_conversion`` has those that are accepted anyway).
#: ``issuperset(map(type, ...))`` asks this of a whole container without bytecode.
SCALARS: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
#: The same as a sender sees it: what is sent as bytes may be mutable.
SENDABLE_SCALARS: Final = SCALARS | {bytearray}
#: Exact types that hold items.
CONTAINERS: Final = frozenset({list, tuple, dict, set, frozenset})

#: ``strings`` of a receiver that was not reconfigured: (py2str_as_py3str, py3str_as_py2str).
DEFAULT_STRINGS: Final = (True, False)
