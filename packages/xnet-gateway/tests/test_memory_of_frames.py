"""A worker that speaks frames as it likes cannot make its initiator keep more than was announced.

Unlike in ``test_memory``, none of our code is at the other end: a process writes what nobody who means well
would, on as many channels as it likes, as fast as it can, within the credit it has. Spec: LI-011, LI-012.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Gateways, Growth
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.session import Session
from xnet_wire import frames, values
from xnet_wire.hello import encode_hello
from xnet_wire.limits import Limits
from xnet_wire.messages import Hello

MEMORY = 8_388_608
#: What is sent on each channel costs less than the window; all of them together a multiple of the limit.
CHANNELS = 100
PIECES = 4
PIECE_BYTES = 250_000

#: Opens channels, refers to them in items, and sends on each what it is told to; then does nothing more.
HOSTILE = """
import os, struct, sys
hello, kind = bytes.fromhex(sys.argv[1]), int(sys.argv[2])
payload = bytes.fromhex(sys.argv[3]) + bytes([int(sys.argv[4])]) * int(sys.argv[5])
def write(data):
    while data:
        data = data[os.write(1, data):]
def frame(kind, channel, payload):
    write(struct.pack(">BII", kind, channel, len(payload)) + payload)
write(hello)
heard = b""
while b"configured" not in heard:
    heard += os.read(0, 65536)
frame(PONG, 0, b"configured")
while b"begin the attack" not in heard:
    heard += os.read(0, 65536)
import threading
def read():
    while os.read(0, 65536):
        pass
    os._exit(0)
threading.Thread(target=read, daemon=True).start()
for line in open(sys.argv[6]):
    channel, reference = line.split()
    frame(OPENING, int(channel), b"")
    frame(DATA, 1, bytes.fromhex(reference))
    for _ in range(PIECES):
        frame(kind, int(channel), payload)
frame(DATA, 1, bytes([0x64]) + b"done")
threading.Event().wait()
"""


class Reference:
    """Stands for a channel where its reference is encoded."""

    def __init__(self, id_: int) -> None:
        self.id = id_


FORMS = {
    # frame type, the head of the payload, what the rest is made of, how much of it
    "items that never end": (frames.CHANNEL_PART, b"\x5a\x7f\xff\xff\xff", 0x78, PIECE_BYTES),
    "bytes": (frames.CHANNEL_DATA, b"\x5a" + PIECE_BYTES.to_bytes(4, "big"), 0x78, PIECE_BYTES),
    "empty lists": (frames.CHANNEL_DATA, b"\x9a" + PIECE_BYTES.to_bytes(4, "big"), 0x80, PIECE_BYTES),
    "fewer empty lists": (frames.CHANNEL_DATA, b"\x99" + (20_000).to_bytes(2, "big"), 0x80, 20_000),
}


@pytest.mark.parametrize("form", FORMS)
def test_li_011_many_channels_filled_within_their_credit(
    gateways: Gateways, tmp_path: Path, form: str
) -> None:
    kind, head, byte, size = FORMS[form]
    program, references = tmp_path / "hostile.py", tmp_path / "references"
    numbers = {
        "DATA": frames.CHANNEL_DATA,
        "OPENING": frames.CHANNEL_OPEN,
        "PONG": frames.PONG,
        "PIECES": PIECES,
    }
    program.write_text("".join(f"{name} = {number}\n" for name, number in numbers.items()) + HOSTILE)
    lines = []
    for id_ in range(2, 2 * CHANNELS + 2, 2):
        reference = values.encode(Reference(id_), channel_type=Reference, channel_id=lambda one: one.id)  # type: ignore[attr-defined]
        lines.append(f"{id_} {reference.hex()}\n")
    references.write_text("".join(lines))
    hello = encode_hello(Hello("hostile", features=("exec.python",)))
    said = b"\x89XNET\r\n\x1a\n" + frames.encode_header(frames.HELLO, 0, len(hello)) + hello
    words = (sys.executable, program, said.hex(), kind, head.hex(), byte, size, references)
    command = " ".join(map(str, words))
    gateway = gateways(f"popen//worker={command}//limits=memory:{MEMORY}")
    growth = Growth(os.getpid())
    channel = gateway.remote_exec("begin the attack")
    opened = []
    while (item := channel.receive(PATIENCE_S)) != "done":
        opened.append(item)
    assert len(opened) == CHANNELS
    assert gateway.hasreceiver(), "it has kept to the protocol"
    account = gateway.session.connection.table.account
    assert account.kept_bytes <= MEMORY
    grown_kb = growth.most_kb()
    print(f"{form}: grew by {grown_kb} kB of {CHANNELS * PIECES * size // 1000} that were sent")
    assert grown_kb * 1024 < 2.5 * MEMORY
    assert sum(was_refused(one) for one in opened) > CHANNELS / 4


#: What the victim keeps of items at most, and an item that would take more.
LITTLE = 100_000
TOO_MUCH = b"\x99" + (2_000).to_bytes(2, "big") + b"\x80" * 2_000
#: What asks for answers and is in no other account: PINGs, and items on channels that are refused.
QUESTIONS: dict[str, Callable[[int], bytes]] = {
    "empty pings": lambda _: frames.encode_header(frames.PING, 0, 0) * 1000,
    "pings": lambda _: (frames.encode_header(frames.PING, 0, 64) + bytes(64)) * 1000,
    "refused items": lambda at: b"".join(
        frames.encode_header(frames.CHANNEL_OPEN, id_, 0)
        + frames.encode_header(frames.CHANNEL_DATA, id_, len(TOO_MUCH))
        + TOO_MUCH
        for id_ in range(2 + 200 * at, 202 + 200 * at, 2)
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_li_010_answers_that_are_not_read(question: str) -> None:
    """Empty PINGs took 400 MB, with any limits."""
    ours, theirs = socket.socketpair()
    hello = Hello("victim", limits=Limits(memory=LITTLE))
    session = Session(ours.detach(), role="initiator", name="victim", hello=hello)
    said = encode_hello(Hello("hostile"))
    growth = Growth(os.getpid())
    theirs.settimeout(PATIENCE_S)
    try:
        theirs.sendall(b"\x89XNET\r\n\x1a\n" + frames.encode_header(frames.HELLO, 0, len(said)) + said)
        session.wait_hello(PATIENCE_S)
        with pytest.raises(OSError, match=r"Broken pipe|Connection reset"):
            say_for_ever(theirs, QUESTIONS[question])
        assert session.wait_finished(PATIENCE_S)
        assert "of answers unread" in str(session.end_error)
        assert growth.most_kb() < 8_000
    finally:
        session.close(flush_s=0.0)
        theirs.close()


def say_for_ever(end: socket.socket, words: Callable[[int], bytes]) -> None:
    for at in count():
        end.sendall(words(at))


def was_refused(channel: Channel) -> bool:
    error = channel._getremoteerror()
    return error is not None and "limits.memory" in str(error)
