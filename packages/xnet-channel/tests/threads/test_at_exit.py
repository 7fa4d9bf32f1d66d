"""What an ending interpreter still does for its sessions."""

from __future__ import annotations

from programs import output_of

#: Two sessions of one process, and a callback that is in the middle of an item when the program ends.
PROGRAM = """
import socket, threading
from xnet_channel.threads.session import Session
from xnet_channel.threads.owner import SessionOwner
from xnet_wire import frames
class Sending(SessionOwner):
    def on_request(self, frame_type, channel, request):
        self.session.answer_locked(channel, "the item")
ours, theirs = socket.socketpair()
owner = Sending()
owner.session = Session(theirs.detach(), role="worker", owner=owner)
session = Session(ours.detach(), role="initiator")
session.wait_hello(200)
threading.excepthook = lambda call: print(repr(call.exc_value), flush=True)
inside = threading.Event()
def callback(item):
    inside.set()
    {stay}
    raise ValueError(item)
channel = session.request(frames.INFO)
channel.setcallback(callback)
inside.wait(200)
session.close()
print("ends", flush=True)
"""


def test_it_waits_for_callbacks_so_that_their_errors_are_told() -> None:
    assert (
        output_of(PROGRAM.format(stay="threading.main_thread().join(200)"))
        == "ends\nValueError('the item')\n"
    )


def test_it_does_not_wait_for_ever() -> None:
    assert output_of(PROGRAM.format(stay="threading.Event().wait(3600)")) == "ends\n"
