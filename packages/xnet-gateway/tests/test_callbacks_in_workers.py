"""Callbacks that fail in a worker: told there, and no regular end, whatever it runs code in. Spec: CH-037."""

from __future__ import annotations

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from green_workers import PLACES, green_spec
from xnet_channel.threads.errors import RemoteError

SOURCE = """
import threading
other, before = channel.receive()
got, told = [], []
def hook(call):
    told.append(str(call.exc_value))
threading.excepthook = hook
def take(item):
    got.append(item)
    if item == "end":
        got.append(list(told))
    else:
        [][item]
if before:
    channel.receive()
other.setcallback(take, endmarker="end")
for action in other.waitclose, other.waitclose, other.receive:
    try:
        action()
    except other.RemoteError as error:
        channel.send((type(error).__name__, str(error)))
channel.send((got, told))
"""
MODELS = ["thread", "main_thread_only", "gevent", "eventlet"]


@pytest.mark.parametrize("before", [False, True], ids=["came later", "was there before"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("model", MODELS)
def test_a_callback_that_fails_is_told_of(model: str, place: str, before: bool, gateways: Gateways) -> None:
    green = model in ("gevent", "eventlet")
    spec = green_spec(model, place) if green else f"{PLACES[place]}//execmodel={model}"
    gateway = gateways(spec)
    channel = gateway.remote_exec(SOURCE)
    other = gateway.newchannel()
    channel.send((other, before))
    if before:
        other.send(0)
        other.send(1)
    else:
        other.send_many([0, 1])  # between two calls it may be closed
    channel.send("sent")
    for _ in range(3):
        kind, text = channel.receive(PATIENCE_S)
        assert kind == "CallbackError"
        assert text.startswith(f"the callback of channel {other.id} failed: ")
        assert "IndexError" in text
    words = "list index out of range"
    assert channel.receive(PATIENCE_S) == ([0, "end", [words]], [words])
    with pytest.raises(RemoteError, match=words):
        other.waitclose(PATIENCE_S)


def test_what_nobody_has_replaced_prints_it(gateways: Gateways, capfd: pytest.CaptureFixture[str]) -> None:
    gateway = gateways("popen")
    channel = gateway.remote_exec("channel.setcallback(lambda item: [][item])\nchannel.waitclose()")
    channel.send(0)
    with pytest.raises(RemoteError, match="list index out of range"):
        channel.waitclose(PATIENCE_S)
    gateway.exit()
    gateway.wait(PATIENCE_S)
    said = capfd.readouterr().err
    assert said.startswith("Exception in thread ")
    assert "IndexError: list index out of range" in said
