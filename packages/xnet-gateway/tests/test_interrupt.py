"""Ctrl-C in the initiator: it interrupts a wait, and costs neither an item nor the connection."""

from __future__ import annotations

import signal

import pytest

from gateway_helpers import PATIENCE_S, STRESS, run_program, start_program

BLOCKED = """
gateway = make()
channel = gateway.remote_exec("for item in channel: channel.send(item)")
channel.send(0)
assert channel.receive() == 0
try:
    print("ready", flush=True)
    {wait}
except KeyboardInterrupt:
    print("interrupted", flush=True)
channel.send(1)
assert channel.receive(200) == 1
assert gateway.remote_status().numexecuting == 1
end(gateway)
print("fine", flush=True)
"""


@pytest.mark.parametrize(
    "wait",
    [
        "channel.receive()",
        "channel.receive(200)",
        "next(channel)",
        "channel.waitclose()",
        "gateway.join()",
        "gateway.newchannel().receive()",
    ],
)
def test_ctrl_c_interrupts_a_wait_and_the_connection_works_on(wait: str) -> None:
    with start_program(BLOCKED.replace("{wait}", wait)) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        out, err = program.communicate(timeout=PATIENCE_S)
        assert (out, err) == ("fine\n", "")


def test_ctrl_c_interrupts_a_sender_that_waits_for_credit() -> None:
    """Then its channel is closed: the other side could not tell the rest of the item from the next one."""
    done = run_program("""
gateway = make()
silent = gateway.remote_exec("import threading; threading.Event().wait()")
def interrupt():
    while not gateway.session.relief._blocked:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
try:
    while True:
        silent.send(b"x" * 500_000)
except KeyboardInterrupt:
    print("interrupted")
channel = gateway.remote_exec("for item in channel: channel.send(item)")
channel.send(1)
assert channel.receive(200) == 1
assert gateway.remote_status().numexecuting == 2
gateway._io.kill_now()
gateway.join()
""")
    assert (done.stdout, done.stderr) == ("interrupted\n", "")


STREAM_IN = """
gateway = make()
channel = gateway.remote_exec('''
    for number in range({count}):
        channel.send((number, b"x" * (300_000 if number % 500 == 0 else number % 50)))
''')
received = []
progress = received.__len__
interrupts = 0
# Python 3.10 looks for signals once more between receive() and __next__(), and only there an item is lost.
iterator = iter(channel) if sys.version_info >= (3, 11) else iter(channel.receive, object())
{start}
while True:
    try:
        begin.set()
        # extend() takes item after item in C: an interrupt comes out of receive() or not at all,
        # so no item is lost between two bytecodes of this program.
        received.extend(iterator)
        break
    except EOFError:
        break
    except KeyboardInterrupt:
        interrupts += 1
        seen.set()
{stop}
assert [number for number, _ in received] == list(range({count})), len(received)
assert interrupts > {least}, interrupts
assert gateway.remote_status().numexecuting == 0
end(gateway)
print("fine")
"""

STREAM_OUT = """
gateway = make()
channel = gateway.remote_exec('''
    numbers = [number for number, _ in iter(channel.receive, None)]
    channel.send(numbers)
''')
interrupts = 0
number = 0
progress = lambda: number
# A function: Python 3.12 and newer let what comes at the end of a `while` out of the `try` around it.
def stream():
    global number
    while number < {count} or interrupts <= {least} and number < 50 * {count}:
        channel.send((number, b"x" * (30_000 if number % 500 == 0 else number % 50)))
        number += 1
{start}
while True:
    try:
        begin.set()
        stream()
        break
    except KeyboardInterrupt:
        interrupts += 1  # the item has gone or not; it is sent again
        seen.set()
{stop}
channel.send(None)
numbers = channel.receive(200)
assert sorted(set(numbers)) == list(range(number)), len(numbers)
assert numbers == sorted(numbers)
assert len(numbers) - number <= interrupts
assert interrupts > {least}, interrupts
assert gateway.remote_status().numexecuting == 0
end(gateway)
print("fine")
"""

# One interrupt at a time: the next one comes when the program has dealt with the last one. (If it goes on
# without having heard of one, an extension module swallowed it: cbor2's encoder does that in places.)
START = """
begin, stop, seen = threading.Event(), threading.Event(), threading.Event()
def interrupt():
    begin.wait()  # the start of this thread can be interrupted, too
    while not stop.wait(0.002):
        seen.clear()
        before = progress()
        os.kill(os.getpid(), signal.SIGINT)
        while not (seen.wait(0.01) or stop.is_set() or progress() > before + 100):
            pass
threading.Thread(target=interrupt, daemon=True).start()
"""

STOP = """
signal.signal(signal.SIGINT, signal.SIG_IGN)
stop.set()
"""


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(
            STREAM_IN,
            id="receiving",
        ),
        pytest.param(STREAM_OUT, id="sending"),
    ],
)
def test_ctrl_c_while_streaming_loses_and_doubles_nothing(stream: str) -> None:
    count = 2_000_000 if STRESS else 100_000
    text = stream.format(count=count, least=20 if STRESS else 3, start=START, stop=STOP)
    with start_program(text) as program:
        out, err = program.communicate(timeout=200)
        assert out == "fine\n", err
