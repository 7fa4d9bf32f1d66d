"""Programs with callbacks show the same on execnet and on xnet."""

from __future__ import annotations

import queue

import pytest

from execnet_twins import PATIENCE_S, Difference, Lab, Programs, Twins

PROGRAMS = Programs()
program = PROGRAMS.add
ECHO = "for item in channel: channel.send(item)"


@program
def callbacks_get_what_had_come_and_what_comes(lab: Lab) -> None:
    seen = queue.Queue[object]()
    channel = lab.gateway.remote_exec("for i in range(3): channel.send(i)\nfor i in channel: channel.send(i)")
    lab.attempt(channel.receive, PATIENCE_S)
    lab.attempt(channel.setcallback, seen.put)
    channel.send("x")
    channel.send(None)
    lab.show([seen.get(timeout=PATIENCE_S) for _ in range(4)])
    channel.close()


@program
def endmarkers(lab: Lab) -> None:
    for arguments, keywords in [((), {}), (("end",), {}), ((None,), {}), ((), {"endmarker": 999})]:
        seen: list[object] = []
        channel = lab.gateway.remote_exec("for i in range(3): channel.send(i)")
        channel.setcallback(seen.append, *arguments, **keywords)
        lab.attempt(channel.waitclose, PATIENCE_S)
        lab.show(seen)
    for wait_first in (True, False):
        seen = []
        channel = lab.gateway.remote_exec("channel.send(1); 1/0")
        if wait_first:
            lab.attempt(channel.waitclose, PATIENCE_S)
        channel.setcallback(seen.append, endmarker="end")
        lab.attempt(channel.waitclose, PATIENCE_S)
        lab.show(seen)


@program
def a_channel_with_a_callback(lab: Lab) -> None:
    channel = lab.gateway.remote_exec("channel.receive()")
    channel.setcallback(lambda item: None)
    lab.attempt(channel.setcallback, lambda item: None)
    lab.attempt(channel.receive)
    lab.attempt(channel.receive, 0)
    lab.attempt(list, channel)
    lab.attempt(channel.makefile("r").read, 1)
    lab.attempt(channel.waitclose, 0.01)
    lab.show(channel.isclosed())
    channel.send(1)
    lab.attempt(channel.waitclose, PATIENCE_S)


@program
def a_callback_that_sends(lab: Lab) -> None:
    def forward(number: int) -> None:
        if number < 5:
            channel.send(number)
        else:
            results.put(number)

    results = queue.Queue[int]()
    channel = lab.gateway.remote_exec("for x in channel: channel.send(x + 1)")
    channel.setcallback(forward)
    channel.send(0)
    lab.attempt(results.get, timeout=PATIENCE_S)
    channel.close()


@program
def a_callback_that_raises(lab: Lab) -> None:
    def fail(item: object) -> None:
        raise ValueError("from the callback")

    results = lab.gateway.newchannel()
    source = """
        results = channel.receive()
        channel.send(1)
        try:
            channel.receive(200)
        except Exception as error:
            results.send((type(error).__name__, str(error).strip().splitlines()[-1]))
    """
    channel = lab.gateway.remote_exec(source)
    channel.setcallback(fail)
    channel.send(results)
    words = results.receive(PATIENCE_S)
    lab.show(channel.isclosed())
    lab.attempt(channel.send, 1)
    lab.attempt(channel.waitclose, PATIENCE_S)
    lab.show(*words)


ON_PURPOSE = {
    "a_callback_that_raises": Difference(
        "execnet's waitclose() fails with a TypeError of its own",
        [
            "True",
            "raises OSError",
            "raises execnet.RemoteError",
            "'RemoteError', 'ValueError: from the callback'",
        ],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS.by_name)
def test_same(name: str, twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.excepthook", lambda call: None)  # ours tells it
    PROGRAMS.compare(name, twins, ON_PURPOSE)
