"""An adapter to begin with: lines of JSON, see adapter-protocol/README.md. It decodes integers, and cuts frames."""

import json
import struct
import sys

HEADER = struct.Struct(">BII")
MOST_PAYLOAD = 1_048_576


def decode(command):
    """Replace this by your decoder."""
    data = bytes.fromhex(command["hex"])
    if len(data) == 1 and data[0] < 24:
        return {"value": {"t": "int", "v": str(data[0])}}
    return {"error": "VALUE_MALFORMED"}


def encode(command):
    """Replace this by your encoder."""
    value = command["value"]
    number = int(value["v"] if isinstance(value, dict) else value)
    return {"hex": bytes([number]).hex()}


def frames(command):
    """Replace this by your frames."""
    data = b"".join(map(bytes.fromhex, command["chunks"]))
    found = []
    while len(data) >= HEADER.size:
        frame_type, channel, length = HEADER.unpack_from(data)
        if length > MOST_PAYLOAD:
            return {"frames": found, "error": "FRAME_TOO_LARGE"}
        end = HEADER.size + length
        if len(data) < end:
            break
        found.append([frame_type, channel, data[HEADER.size : end].hex()])
        data = data[end:]
    return {"frames": found, "error": None}


OPERATIONS = {"decode": decode, "encode": encode, "frames": frames}

for line in sys.stdin:
    command = json.loads(line)
    if command["cmd"] == "start":
        answer = {"protocol": 1, "name": "mine", "language": "python", "operations": list(OPERATIONS)}
    elif command["cmd"] == "run" and command["op"] in OPERATIONS:
        try:
            answer = OPERATIONS[command["op"]](command)
        except Exception as error:
            answer = {"problem": repr(error)}
    else:
        answer = {"unsupported": True}
    print(json.dumps({"id": command["id"], **answer}), flush=True)
