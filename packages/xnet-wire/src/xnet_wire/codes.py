"""Error codes: the numbers a GOAWAY frame carries, and their names.

A code says which rule was broken, in a form a program can act upon; the sentence beside it in
the GOAWAY frame says it to a person. The registry is part of the specification; a number is
never given a second meaning.

Spec: 80-errors.md (ER-001).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: The connection ends and neither side is at fault.
NO_ERROR: Final = 0
#: The peers share no major version.
VERSION_UNSUPPORTED: Final = 1
#: A frame type that is neither known nor in the ignorable range.
FRAME_UNKNOWN_TYPE: Final = 2
#: A frame header claims more payload than the receiver announced it would take.
FRAME_TOO_LARGE: Final = 3
#: The CBOR of an item is not well formed, or holds something outside the closed set of values.
VALUE_MALFORMED: Final = 4
#: A frame cost more than the credit its sender had left.
CREDIT_OVERDRAWN: Final = 5
#: The outstanding credit of a channel would pass 2**31 - 1.
CREDIT_OVERFLOW: Final = 6
#: A frame that the state of its channel, or of the connection, does not allow.
STATE_VIOLATION: Final = 7
#: An announced limit other than the frame size was passed: item size, depth, channels.
LIMIT_EXCEEDED: Final = 8
#: The HELLO payload is not what the schema says.
HELLO_MALFORMED: Final = 9
#: The worker cannot apply the configuration in the initiator's HELLO.
CONFIG_REFUSED: Final = 10
#: The noise before the preamble passed its limit, or the stream ended before the preamble came.
PREAMBLE_MISSING: Final = 11
#: The sender's own fault: it ran into a bug of its own.
INTERNAL_ERROR: Final = 12
#: A frame that only the other role may send, or a channel id of the wrong parity.
ROLE_VIOLATION: Final = 13
#: The payload of a control frame is not what its schema says.
PAYLOAD_MALFORMED: Final = 14

#: Name of each code, for messages and traces. An unknown code is shown as its number.
NAMES: Final[dict[int, str]] = {
    NO_ERROR: "NO_ERROR",
    VERSION_UNSUPPORTED: "VERSION_UNSUPPORTED",
    FRAME_UNKNOWN_TYPE: "FRAME_UNKNOWN_TYPE",
    FRAME_TOO_LARGE: "FRAME_TOO_LARGE",
    VALUE_MALFORMED: "VALUE_MALFORMED",
    CREDIT_OVERDRAWN: "CREDIT_OVERDRAWN",
    CREDIT_OVERFLOW: "CREDIT_OVERFLOW",
    STATE_VIOLATION: "STATE_VIOLATION",
    LIMIT_EXCEEDED: "LIMIT_EXCEEDED",
    HELLO_MALFORMED: "HELLO_MALFORMED",
    CONFIG_REFUSED: "CONFIG_REFUSED",
    PREAMBLE_MISSING: "PREAMBLE_MISSING",
    INTERNAL_ERROR: "INTERNAL_ERROR",
    ROLE_VIOLATION: "ROLE_VIOLATION",
    PAYLOAD_MALFORMED: "PAYLOAD_MALFORMED",
}
