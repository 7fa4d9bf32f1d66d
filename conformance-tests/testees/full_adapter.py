"""The codec of xnet-wire as an adapter: lines of JSON on standard input and output."""

import json
import sys

from tagged import from_tagged, to_tagged

from xnet_wire.codes import NAMES
from xnet_wire.errors import WireError
from xnet_wire.frames import FrameDecoder
from xnet_wire.values import ValueDecoder, encode


def decode(command):
    try:
        return {"value": to_tagged(ValueDecoder().decode(bytes.fromhex(command["hex"])))}
    except WireError as error:
        return {"error": NAMES[error.code], "text": str(error)}


def encode_value(command):
    return {"hex": encode(from_tagged(command["value"]), surrogates=True).hex()}


def frames(command):
    decoder = FrameDecoder()
    found = []
    try:
        for chunk in command["chunks"]:
            found += decoder.feed(bytes.fromhex(chunk))
    except WireError as error:
        found += error.frames
        return {"frames": _shown(found), "error": NAMES[error.code]}
    return {"frames": _shown(found), "error": None}


def _shown(found):
    return [[frame_type, channel, bytes(payload).hex()] for frame_type, channel, payload in found]


OPERATIONS = {"decode": decode, "encode": encode_value, "frames": frames}

sys.setrecursionlimit(10_000)
for line in sys.stdin:
    command = json.loads(line)
    if command["cmd"] == "start":
        answer = {"protocol": 1, "name": "xnet-wire", "language": "python", "operations": list(OPERATIONS)}
    elif command["cmd"] == "run" and command["op"] in OPERATIONS:
        answer = OPERATIONS[command["op"]](command)
    else:
        answer = {"unsupported": True}
    print(json.dumps({"id": command["id"], **answer}), flush=True)
