"""Turns of threads that send, and threads that have ended, in a bare worker. Spec: FC-024, FC-040, FC-042."""

from __future__ import annotations

from gateway_helpers import PATIENCE_S, eventually
from xnet_gateway.gateway import Gateway


def test_one_item_of_each_other_thread_is_in_front_at_most(worker: Gateway) -> None:
    channel = worker.remote_exec("""
import threading, time
state = channel._state
def send(number):
    while channel.receive() is not None:
        channel.send((number, bytearray(50000)))
def send_without_end(number):
    while not late:
        channel.send((number, bytearray(50000)))
def until(ready):
    while not ready():
        time.sleep(0.002)
late = []
threads = [threading.Thread(target=send_without_end, args=(number,)) for number in (1, 2, 3)]
for thread in threads: thread.start()
until(lambda: len(state.reserved) == 3)
def send_late():
    channel.send((0, None))
    late.append(1)
threads.append(threading.Thread(target=send_late))
threads[-1].start()
until(lambda: len(state.reserved) == 4)
told = channel.gateway.newchannel()
channel.receive().send("all wait")
for thread in threads: thread.join()
""")
    told = worker.newchannel()
    channel.send(told)
    assert told.receive(PATIENCE_S) == "all wait"
    in_front = len(channel._receiver.items)
    order = [channel.receive(PATIENCE_S)[0]]
    while order[-1]:
        order.append(channel.receive(PATIENCE_S)[0])
    assert len(order) <= in_front + 4
    channel.waitclose(PATIENCE_S)


def test_fc_042_what_a_thread_that_has_ended_took_from(worker: Gateway) -> None:
    channel = worker.remote_exec("""
import threading
other = channel.receive()
thread = threading.Thread(target=other.receive)
thread.start()
thread.join()
del thread
import gc
gc.collect()  # for those that do not count references
channel.send("taken")
assert channel.receive() == "done"
channel.send(sum(len(other.receive()) for _ in range(9)))
""")
    other = worker.newchannel()
    channel.send(other)
    other.send(bytes(1_000_000))
    assert channel.receive(PATIENCE_S) == "taken"
    for _ in range(9):
        other.send(bytes(1_000_000))
    channel.send("done")
    assert channel.receive(PATIENCE_S) == 9_000_000


def test_fc_040_what_another_thread_takes_from_stays_bounded_while_one_sends(worker: Gateway) -> None:
    """And is relieved once that thread has ended."""
    channel = worker.remote_exec("""
import threading, gc
other, told = channel.receive(), channel.receive()
go_on, took = threading.Event(), threading.Event()
def take():
    other.receive()
    took.set()
    go_on.wait()
thread = threading.Thread(target=take)
thread.start()
took.wait()
def send():
    for _ in range(100): channel.send(bytearray(50000))
sender = threading.Thread(target=send)
sender.start()
told.send("begun")
assert told.receive() == "go on"
go_on.set()
thread.join()
del thread
gc.collect()
told.send(sum(len(other.receive()) for _ in range(40)))
sender.join()
""")
    other, told = worker.newchannel(), worker.newchannel()
    channel.send(other)
    channel.send(told)
    other.send(b"first")
    assert told.receive(PATIENCE_S) == "begun"
    receiver = channel._receiver
    assert eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 60_000)
    sender = other._mailbox.state.sender
    sent = 0
    while sender.credit > 200_000:  # what the window takes
        other.send(bytes(50_000))
        sent += 1
    worker.session.ping(b"all answered", PATIENCE_S)
    assert sender.credit < 300_000, "nothing came back for what a thread there takes from"
    told.send("go on")
    for _ in range(40 - sent):
        other.send(bytes(50_000))
    assert [len(item) for item in channel] == [50_000] * 100
