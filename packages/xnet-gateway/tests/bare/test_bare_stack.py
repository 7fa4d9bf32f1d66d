"""A bare worker of every Python whose code uses a channel where its stack is nearly used up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_helpers import PATIENCE_S

if TYPE_CHECKING:
    from bare_helpers import BareGateways

#: Each action at each depth; what is refused is refused before anything has changed.
SOURCE = """
import sys

def at(calls, action):
    if calls > 0:
        return at(calls - 1, action)
    return action()

def depth():
    frame, calls = sys._getframe(), 0
    while frame is not None:
        frame, calls = frame.f_back, calls + 1
    return calls

refused = 0
for left in range(4, 140):
    try:
        at(sys.getrecursionlimit() - depth() - left, lambda: {action})
    except RuntimeError as error:
        if "recursion" not in str(error):
            raise
        refused += 1
channel.send(("done", refused))
"""


@pytest.mark.parametrize(
    "action",
    ["channel.send([[left]])", "channel.send(channel.receive())", "channel.gateway.newchannel().close()"],
)
def test_channels_go_on(bare: BareGateways, version: str, action: str) -> None:
    """The worker's write was begun and never ended: it ran at full speed and nothing came."""
    worker = bare(version)
    channel = worker.remote_exec(SOURCE.replace("{action}", action))
    for number in range(140):
        channel.send(number)
    while not isinstance(item := channel.receive(PATIENCE_S), tuple):
        pass
    assert item[0] == "done"
    if not version.startswith("pypy"):  # whose limit counts otherwise
        assert 0 < item[1] < 120
    assert worker.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
