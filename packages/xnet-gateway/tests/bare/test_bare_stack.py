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

refused = []
for left in range(140):
    try:
        at(sys.getrecursionlimit() - depth() - left, lambda: {action})
    except RuntimeError as error:
        if "recursion" not in str(error):
            raise
        refused.append(left)
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
    came = []
    while not isinstance(item := channel.receive(PATIENCE_S), tuple):
        came.append(item)
    refused = item[1]
    if version.startswith("pypy"):  # whose limit is one of bytes
        assert not refused
    else:
        assert 0 < len(refused) < 120
    if action == "channel.send([[left]])":
        assert came == [[[left]] for left in range(140) if left not in refused]
    assert worker.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
