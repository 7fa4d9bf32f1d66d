"""A worker that does no more than shake hands, answer PING and refuse unknown types; ``worker.py HABIT``.

Each habit but ``good`` is a way to be broken. What the suite has to say about each is in zoo.yaml beside this.
"""

import os
import struct
import sys
import time

PREAMBLE = b"\x89XNET\r\n\x1a\n"
HELLO, PING, PONG, GOAWAY, DATA = 8, 11, 12, 14, 4
FOREVER = 10**6
LARGEST_WRITE = [65536]


def frame(kind, channel, payload):
    return struct.pack(">BII", kind, channel, len(payload)) + payload


def text(word):
    return bytes([0x60 + len(word)]) + word.encode()


def hello(*features):
    listed = bytes([0x80 + len(features)]) + b"".join(map(text, features))
    return frame(HELLO, 0, b"\xa2" + text("version") + b"\x82\x01\x00" + text("features") + listed)


def goaway(code):
    return frame(
        GOAWAY, 0, b"\xa3" + text("code") + bytes([code]) + text("last") + b"\x00" + text("text") + text("no")
    )


def write(data):
    while data:
        data = data[os.write(1, data[: LARGEST_WRITE[0]]) :]


def read(size):
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            sys.exit(0)
        data += more
    return data


def frames():
    while True:
        kind, channel, size = struct.unpack(">BII", read(9))
        yield kind, channel, read(size)


def begin(habit):
    """Do what a habit does before and instead of the handshake."""
    if habit == "silent":
        time.sleep(FOREVER)
    elif habit == "other-protocol":
        write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        time.sleep(FOREVER)
    elif habit == "endless-noise":
        while True:
            write(b"noise" * 1000)
    elif habit == "dies-at-start":
        sys.exit("it cannot work like this")
    elif habit == "half-a-hello":
        write(PREAMBLE + hello()[:12])
        time.sleep(FOREVER)
    elif habit == "no-preamble":
        write(hello())
        time.sleep(FOREVER)
    elif habit == "bad-hello":
        write(PREAMBLE + frame(HELLO, 0, b"\xff"))
        time.sleep(FOREVER)
    elif habit == "noisy-stderr":
        sys.stderr.write("noise " * 200000)
    elif habit == "drips":
        LARGEST_WRITE[0] = 1


def main(habit):
    begin(habit)
    write(PREAMBLE + hello(*(["exec.python"] if habit == "lies" else [])))
    if habit == "hello-only":
        sys.exit(0)
    if habit == "floods":
        while True:
            write(frame(PONG, 0, b"flood") * 1000)
    for number, (kind, _, payload) in enumerate(frames()):
        if habit == "hangs":
            time.sleep(FOREVER)
        if habit == "dies-on-second" and number == 1:
            sys.exit("it cannot work like this")
        if habit == "refuses-everything" and kind != HELLO:
            write(goaway(2))
            sys.exit(0)
        if kind == HELLO:
            continue
        if habit == "says-ok-to-everything":
            write(frame(PONG, 0, b"ok"))
        elif kind == PING:
            write(frame(PONG, 4 if habit == "wrong-ids" else 0, payload))
        elif kind > 16 and not 128 <= kind < 192:
            write(goaway(12 if habit == "wrong-code" else 2))
            if habit == "never-closes":
                time.sleep(FOREVER)
            if habit == "ignores-errors":
                continue
            sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
