"""Talk to a worker by hand: ``python raw_client.py COMMAND...``, then a line for each frame: type, channel, payload.

    PING 0 616263                                       the payload in hex,
    CHANNEL_EXEC 1 ={"source": "channel.send(1)"}       or behind = as JSON, which becomes CBOR;
    until CHANNEL_CLOSE 1                               wait until this has come

What comes is printed in the same form. The end of the lines is the end of the worker's input.
"""

import json
import queue
import struct
import subprocess
import sys
import threading

NAMES = []  # of frame types, by their code
came = queue.Queue()
PREAMBLE = b"\x89XNET\r\n\x1a\n"


def cbor(item):
    """Return a value of JSON in CBOR (30-values.md)."""
    if item is None or isinstance(item, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[item]
    if isinstance(item, int):
        return head(0x20, -1 - item) if item < 0 else head(0, item)
    if isinstance(item, float):
        return struct.pack(">Bd", 0xFB, item)
    if isinstance(item, str):
        return head(0x60, len(item.encode())) + item.encode()
    if isinstance(item, list):
        return head(0x80, len(item)) + b"".join(map(cbor, item))
    return head(0xA0, len(item)) + b"".join(cbor(key) + cbor(inner) for key, inner in item.items())


def head(kind, number):
    return bytes([kind + number]) if number < 24 else struct.pack(">BI", kind + 26, number)


def send(name, channel, payload):
    worker.stdin.write(struct.pack(">BII", NAMES.index(name), channel, len(payload)) + payload)
    worker.stdin.flush()


def show():
    while len(header := worker.stdout.read(9)) == 9:
        kind, channel, length = struct.unpack(">BII", header)
        payload = worker.stdout.read(length)
        name = NAMES[kind] if kind < len(NAMES) else str(kind)
        print("<--", name, channel, payload.hex(), ascii(payload)[1:], flush=True)
        came.put((name, channel))
    came.put(None)


worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert worker.stdout.read(len(PREAMBLE)) == PREAMBLE, "something else came in place of the preamble"
shown = threading.Thread(target=show)
shown.start()
send("HELLO", 0, cbor({"version": [1, 0]}))
for line in filter(str.strip, sys.stdin):
    name, *rest = line.split(None, 2)
    if name == "until":
        wanted = (rest[0], int(rest[1]))
        while came.get() not in (wanted, None):
            pass
        continue
    text = rest[1].strip() if rest[1:] else ""
    send(name, int(rest[0]), cbor(json.loads(text[1:])) if text[:1] == "=" else bytes.fromhex(text))
worker.stdin.close()
shown.join()
