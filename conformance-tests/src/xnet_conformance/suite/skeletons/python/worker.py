"""A worker to begin with: it shakes hands, answers PING, refuses what it does not know, and ends when asked to.

What is next: values (30-values.md), channels (40-channels.md), CHANNEL_EXEC (60-gateway.md), credit (50-flow-control.md).
"""

import os
import struct
import sys

PREAMBLE = b"\x89XNET\r\n\x1a\n"
HEADER = struct.Struct(">BII")  # type, channel, length (FR-001)
MOST_PAYLOAD = 1_048_576  # what a HELLO without limits announces (85-limits.md)

GATEWAY_TERMINATE, HELLO, PING, PONG, GOAWAY = 2, 8, 11, 12, 14
KNOWN = {0, *range(2, 18)}  # 1 is of a feature that is not announced here (FR-010)
IGNORABLE = range(128, 192)  # (FR-011)
# Codes of 80-errors.md; {"version": [1, 0]} and {"code": ..., "last": 0, "text": ""} in CBOR, by hand.
FRAME_UNKNOWN_TYPE, FRAME_TOO_LARGE = 2, 3
OUR_HELLO = b"\xa1\x67version\x82\x01\x00"


def send(frame_type, channel, payload):
    os.write(1, HEADER.pack(frame_type, channel, len(payload)) + payload)


def end(code):
    """Say why, and nothing after it (ER-002)."""
    send(GOAWAY, 0, b"\xa3\x64code" + bytes([code]) + b"\x64last\x00\x64text\x60")  # no channel is known (ER-008)
    sys.exit(0)


def read(size):
    """Return so many bytes, however they arrive (FR-002). The end of the input is the end (GR-004)."""
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


os.write(1, PREAMBLE)
send(HELLO, 0, OUR_HELLO)
while True:
    frame_type, channel, length = HEADER.unpack(read(HEADER.size))
    if frame_type not in KNOWN and frame_type not in IGNORABLE:
        end(FRAME_UNKNOWN_TYPE)  # (FR-010)
    if length > MOST_PAYLOAD:
        end(FRAME_TOO_LARGE)  # before the payload is read (FR-005)
    payload = read(length)
    if frame_type == PING:
        send(PONG, 0, payload)  # (FR-020)
    elif frame_type in (GATEWAY_TERMINATE, GOAWAY):
        sys.exit(0)
