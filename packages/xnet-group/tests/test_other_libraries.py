"""Programs and workers in which others have replaced the clock, the files or what tests like to replace.

Nothing waits for longer or shorter than it says, nothing is lost, everything starts and ends.
"""

from __future__ import annotations

import pytest

from group_waits import PATIENCE_S
from other_libraries import LIBRARIES, REAL, replacing, run_program, spec_of
from xnet_group import Group

#: When the library comes: before us, after us, or when everything is in use already.
BEGINNINGS = {
    "replaced-first": "{replacing}\nfrom xnet_group import Group\n",
    "replaced-after-the-import": "from xnet_group import Group\n{replacing}\n",
    "replaced-after-a-gateway": (
        "from xnet_group import Group\nGroup(['popen']).terminate(5)\nold = Group(['popen'])\n{replacing}\n"
    ),
}
#: What programs call: ``soon_out`` does something that has to take its time and no more.
HELPERS = """
def soon_out(action, error):
    began = REAL.now()
    try:
        action()
    except error:
        took = REAL.now() - began
        assert 0.2 <= took < 100, took
    else:
        raise AssertionError("it did not end with " + error.__name__)
"""

with_each = pytest.mark.parametrize("library", LIBRARIES)
in_each_way = pytest.mark.parametrize("beginning", BEGINNINGS)
in_both = pytest.mark.parametrize("place", ["full", "bare"])


def run_replaced(library: str, beginning: str, program: str, *arguments: str) -> list[str]:
    """Run a program in which it is replaced from some moment on."""
    text = BEGINNINGS[beginning].format(replacing=replacing(library)) + HELPERS
    return run_program(text + program, *arguments)


@with_each
@in_each_way
@in_both
def test_a_program_starts_waits_sends_and_ends(library: str, beginning: str, place: str) -> None:
    lines = run_replaced(
        library,
        beginning,
        """
import sys
group = Group()
gateway, other = group.makegateways([sys.argv[1] + "//id=one", sys.argv[1] + "//id=other"])
channel = gateway.remote_exec("for item in channel: channel.send(item)")
for number in range(100):
    channel.send(number)
    assert channel.receive(200) == number
soon_out(lambda: channel.receive(0.2), channel.TimeoutError)
soon_out(lambda: channel.waitclose(0.2), channel.TimeoutError)
print(gateway.remote_status().numexecuting, gateway._rinfo().pid == gateway._io.popen.pid)

slow = other.remote_exec("channel.receive(); channel.send(sum(len(item) for item in channel))")
slow.send("begin")
for _ in range(30):
    slow.send(bytes(100_000))  # more than is taken unread
slow.send(bytes(3_000_000))
answers = []
done = other.remote_exec("for number in range(100): channel.send(number)")
done.setcallback(answers.append, endmarker="end")
done.waitclose(200)
print(answers == [*range(100), "end"])

stuck = gateway.remote_exec("import time; channel.send(1); time.sleep(1000)")
stuck.receive(200)
other.exit()
other.join(200)
print(other._io.popen.returncode)
# Half of its time the worker lets the code go on, half of it the code has to end after an interrupt.
soon_out(lambda: (group.terminate(0.6), stuck.receive(200)), EOFError)
print(gateway._io.popen.returncode in (1, -15, -9))  # by a signal on a machine too busy for that
""",
        spec_of(place),
    )
    assert lines == ["1 True", "True", "0", "True"]


@with_each
def test_a_gateway_from_before_goes_on(library: str) -> None:
    lines = run_replaced(
        library,
        "replaced-after-a-gateway",
        """
[early] = old
channel = early.remote_exec("for item in channel: channel.send(item)")
for number in range(100):
    channel.send([number, bytes(100_000)])
    assert channel.receive(200)[0] == number
soon_out(lambda: channel.receive(0.2), channel.TimeoutError)
stop()
channel.send("after")
print(channel.receive(200))
early.exit()
early.join(200)
print(early._io.popen.returncode)
""",
    )
    assert lines == ["after", "0"]


@with_each
def test_silence_is_found_and_the_end_of_the_interpreter_is_bounded(library: str) -> None:
    lines = run_replaced(
        library,
        "replaced-after-the-import",
        """
import signal, sys
group = Group()
gateway = group.makegateway("popen//keepalive=1")
channel = gateway.remote_exec("import os, signal; os.kill(os.getpid(), signal.SIGSTOP); channel.receive()")
try:
    channel.receive(200)
except EOFError as error:
    print("nothing was heard" in str(error) or str(error))
began = REAL.now()
import atexit
atexit.register(lambda: print(REAL.now() - began < 100))
""",
    )
    assert lines == ["True", "True"]


@with_each
def test_through_other_programs_and_other_gateways(library: str) -> None:
    """What ssh is started as; and a route that goes on from a worker in which something is replaced, too."""
    lines = run_replaced(
        library,
        "replaced-after-the-import",
        """
import sys
group = Group()
group.makegateway("command=env A=b//id=command//chdir=" + sys.argv[1])
channel = group["command"].remote_exec("import os; channel.send((os.environ['A'], os.getcwd()))")
print(channel.receive(200) == ("b", sys.argv[1]))
middle = group.makegateway("popen//id=middle")
busy = middle.remote_exec(sys.argv[2] + '''
channel.send("replaced")
channel.receive()
stop()
''')
assert busy.receive(200) == "replaced"
behind = group.makegateway("popen//via=middle//id=behind")
channel = behind.remote_exec("for item in channel: channel.send(item)")
for number in range(50):
    channel.send(number)
    assert channel.receive(200) == number
busy.send("stop")
busy.waitclose(200)
group.terminate(100)
print(middle._io.returncode)
""",
        "/tmp",
        replacing(library if library != "monkeypatch" else "freezegun"),
    )
    assert lines == ["True", "0"]


#: Executed in a worker.
IN_WORKER = """
channel.send("replaced")
def times_out(action):
    began = REAL.now()
    try:
        action()
    except channel.TimeoutError:
        return 0.2 <= REAL.now() - began < 100
    return "it did not"
channel.send(times_out(lambda: channel.receive(0.2)))
channel.send(times_out(lambda: channel.waitclose(0.2)))
for item in channel:
    if item is None:
        break
    channel.send(item)
for number in range(30):
    channel.send([number, b"x" * 100000])
channel.send(b"x" * 3000000)
other = channel.receive()
seen = []
other.setcallback(seen.append, endmarker="end")
other.send("ready")
other.waitclose(200)
channel.send(len(seen))
channel.send(seen[-1])
"""


@with_each
@in_both
def test_code_waits_sends_and_ends_in_a_worker(group: Group, library: str, place: str) -> None:
    gateway = group.makegateway(spec_of(place))
    code = REAL + replacing(library) + IN_WORKER
    channel = gateway.remote_exec(code + "\nstop()\n")
    assert channel.receive(PATIENCE_S) == "replaced"
    assert [channel.receive(PATIENCE_S), channel.receive(PATIENCE_S)] == [True, True]
    for number in range(200):
        channel.send(number)
        assert channel.receive(PATIENCE_S) == number
    channel.send(bytes(3_000_000))
    assert channel.receive(PATIENCE_S) == bytes(3_000_000)
    channel.send(None)
    assert [channel.receive(PATIENCE_S)[0] for _ in range(30)] == list(range(30))
    assert len(channel.receive(PATIENCE_S)) == 3_000_000
    other = gateway.newchannel()
    channel.send(other)
    assert other.receive(PATIENCE_S) == "ready"
    for number in range(100):
        other.send(number)
    assert gateway.remote_status().numexecuting == 1
    other.close()
    assert [channel.receive(PATIENCE_S), channel.receive(PATIENCE_S)] == [101, "end"]
    channel.waitclose(PATIENCE_S)


@with_each
@in_both
def test_a_worker_ends_while_it_is_replaced(group: Group, library: str, place: str) -> None:
    gateway = group.makegateway(spec_of(place))
    channel = gateway.remote_exec(replacing(library) + "\nchannel.send(1)\nfor item in channel: pass")
    channel.receive(PATIENCE_S)
    group.terminate(timeout=20.0)
    assert gateway._io.returncode == 0


@with_each
@in_both
def test_a_worker_whose_initiator_has_gone_ends_while_it_is_replaced(library: str, place: str) -> None:
    """Even if the code that is executed does not."""
    lines = run_program(
        """
import os, select, sys
from xnet_group import Group
gateway = Group().makegateway(sys.argv[1])
code = sys.argv[2] + '''
channel.send(channel)
for item in channel: pass
'''
channel = gateway.remote_exec(code)
channel.receive(200)
pidfd = os.pidfd_open(gateway._io.popen.pid)
gateway.session.close()
print(select.select([pidfd], [], [], 30)[0] == [pidfd])
""",
        spec_of(place),
        replacing(library),
    )
    assert lines == ["True"]


def test_nothing_is_kept_where_it_is_looked_for() -> None:
    """All at once, by what those libraries go by: the name and the value of what modules have."""
    lines = run_program(
        """
import os, posix, select, sys, time, xnet_group.group, xnet_gateway.gateway, xnet_gateway.transports.local
import xnet_gateway.transports.registry, xnet_gateway.worker.worker, xnet_channel.platform.reactor
functions = [(id(f), n) for m in (os, posix, time) for n, f in vars(m).items() if type(f) is type(len)]
names = dict(functions)
for name, module in sorted(sys.modules.items()):
    if name.startswith("xnet"):
        for attribute, value in sorted(vars(module).items()):
            if id(value) in names:
                print(name, attribute, names[id(value)])
"""
    )
    assert lines == []


@pytest.mark.parametrize("library", [name for name in LIBRARIES if name != "monkeypatch"])  # loops need it
@in_both
def test_coroutines_wait_no_longer_than_they_say(library: str, place: str) -> None:
    """On both sides: an event loop has a clock of its own, which is one of those that are stopped."""
    coroutine = """
async def wait(channel):
    began = REAL.now()
    try:
        await channel.areceive(timeout=0.2)
    except channel.TimeoutError:
        return 0.2 <= REAL.now() - began < 100
"""
    lines = run_replaced(
        library,
        "replaced-after-the-import",
        coroutine
        + """
import asyncio, sys
group = Group()
gateway = group.makegateway(sys.argv[1])
channel = gateway.remote_exec(sys.argv[2])
print(asyncio.run(wait(gateway.newchannel())))
print(channel.receive(200))
group.terminate(100)
""",
        spec_of(place),
        REAL + replacing(library) + coroutine + "\nchannel.send(await wait(channel))\nstop()",
    )
    assert lines == ["True", "True"]
