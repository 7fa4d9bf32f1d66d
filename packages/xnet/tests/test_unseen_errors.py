"""Programs that never look at an error of the other side: each is told once, on standard error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SIBLING = str(Path(sys.executable).with_name("python3"))
WORKERS = {"full": "popen", "bare": f"popen//python={SIBLING}"}

#: Each lets the errors ZeroDivisionError and nothing else go unseen, as often as the number says.
PROGRAMS = {
    "of a module that ends": (1, "channel = gateway.remote_exec('1/0')"),
    "dropped": (1, "gateway.remote_exec('1/0'); gateway.exit(); gateway.join(200)"),
    "dropped, and late": (
        1,
        """
channel = gateway.remote_exec("channel.send(1); own = channel.gateway.newchannel(); channel.send(own)\\n"
                              "own.receive(); 1/0")
channel.receive()
own = channel.receive()
del channel
gateway.remote_status()
own.send(1)
gateway.exit()
gateway.join(200)
""",
    ),
    "closed": (
        1,
        """
channel = gateway.remote_exec("own = channel.gateway.newchannel(); channel.send(own); own.receive(); 1/0")
own = channel.receive()
channel.close()
own.send(1)
""",
    ),
    "with a callback": (
        1,
        """
import queue
ends = queue.Queue()
channel = gateway.remote_exec("1/0")
channel.setcallback(print, endmarker=None)
while not channel.isclosed():
    gateway.remote_status()
""",
    ),
    "several at once": (
        2,
        """
for _ in range(2):
    group.makegateway(spec)
try:
    group.remote_exec("1/0").waitclose()
except xnet.RemoteError:
    print("one was raised")
""",
    ),
    "a queue": (
        3,
        """
for _ in range(2):
    group.makegateway(spec)
queue = group.remote_exec("1/0").make_receive_queue(endmarker=None)
for _ in group:
    assert queue.get()[1] is None
""",
    ),
    "the group ended": (1, "channel = gateway.remote_exec('1/0')\nimport time\ngroup.terminate(20)"),
    "sending": (
        1,
        """
channel = gateway.remote_exec("1/0")
try:
    while True:
        channel.send(1)
except OSError as error:
    assert "ZeroDivisionError" in str(error), error
""",
    ),
    "an error that was seen": (
        0,
        """
for look in "receive", "waitclose", "_getremoteerror":
    channel = gateway.remote_exec("1/0")
    while not channel.isclosed():
        gateway.remote_status()
    try:
        getattr(channel, look)()
    except xnet.RemoteError:
        pass
""",
    ),
    "code that the end of its channel has ended": (
        0,
        """
channels = [gateway.remote_exec(source) for source in (
    "while 1: channel.send(channel.receive())", "while 1: channel.send(1)", "channel.receive()")]
channels[1].receive()
channels[1].close()
channels.append(gateway.remote_exec("channel.send(1)\\nwhile 1: channel.send(1)"))
channels.pop().receive()
channels[2].close("an error of ours")
""",
    ),
}


@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_told_once(name: str, worker: str) -> None:
    if worker == "bare" and (sys.executable == SIBLING or not Path(SIBLING).exists()):
        pytest.skip("needs python3 beside the interpreter that runs this")
    count, program = PROGRAMS[name]
    head = (
        f"import xnet\ngroup = xnet.Group()\nspec = {WORKERS[worker]!r}\ngateway = group.makegateway(spec)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", head + program], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Warning: a remote error that nobody received") == count, done.stderr
    assert done.stderr.count("ZeroDivisionError: ") == count, done.stderr
    assert count or not done.stderr
