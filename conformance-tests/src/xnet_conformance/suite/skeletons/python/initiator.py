"""An initiator to begin with: lines of JSON, see adapter-protocol/README.md. It starts its worker and shakes hands."""

import json
import struct
import subprocess
import sys
import threading

PREAMBLE = b"\x89XNET\r\n\x1a\n"
HEADER = struct.Struct(">BII")
HELLO, PING, PONG = 8, 11, 12
OUR_HELLO = b"\xa1\x67version\x82\x01\x00"  # {"version": [1, 0]}
worker = None


def send(frame_type, channel, payload):
    worker.stdin.write(HEADER.pack(frame_type, channel, len(payload)) + payload)
    worker.stdin.flush()


def serve():
    """Skip what is in front of the preamble (HS-002), then answer PING."""
    seen = b""
    while not seen.endswith(PREAMBLE):
        byte = worker.stdout.read(1)
        if not byte:
            return
        seen += byte
    while len(header := worker.stdout.read(HEADER.size)) == HEADER.size:
        frame_type, _, length = HEADER.unpack(header)
        payload = worker.stdout.read(length)
        if frame_type == PING:
            send(PONG, 0, payload)


def connect(command):
    global worker
    worker = subprocess.Popen(command["command"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    send(HELLO, 0, OUR_HELLO)
    threading.Thread(target=serve, daemon=True).start()
    return {}


def disconnect(command):
    worker.stdin.close()
    return {}


for line in sys.stdin:
    command = json.loads(line)
    answer = {"unsupported": True}
    if command["cmd"] == "start":
        answer = {"protocol": 1, "name": "mine", "language": "python"}
    elif command["cmd"] == "connect":
        answer = connect(command)
    elif command["cmd"] == "disconnect":
        answer = disconnect(command)
    print(json.dumps({"id": command["id"], **answer}), flush=True)
