"""Code of a bare worker that waits for credit when it is asked to end. Spec: GR-011."""

from __future__ import annotations

import time

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, eventually
from xnet_channel.threads.errors import RemoteError


@pytest.mark.parametrize("size", [50_000, 700_000])
def test_gr_011_code_that_waits_for_credit_in_vain(bare: BareGateways, version: str, size: int) -> None:
    worker = bare(version)
    channel = worker.remote_exec(f"while True: channel.send(bytearray({size}))")
    receiver = channel._receiver
    assert eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 300_000)
    begin_s = time.monotonic()
    worker.exit()
    assert worker.wait(PATIENCE_S) == 0
    assert time.monotonic() - begin_s < 3
    with pytest.raises(RemoteError, match="keyboard-interrupted"):
        list(channel)


def test_gr_011_code_whose_items_are_taken_goes_on(bare: BareGateways, version: str) -> None:
    worker = bare(version)
    channel = worker.remote_exec("for number in range(100): channel.send(bytearray(50000))")
    receiver = channel._receiver
    assert eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 300_000)
    worker.exit()
    assert [len(item) for item in channel] == [50_000] * 100
    assert worker.wait(PATIENCE_S) == 0
