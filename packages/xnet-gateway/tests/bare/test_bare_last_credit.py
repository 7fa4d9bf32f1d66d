"""Code of a bare worker that waits for credit when it is asked to end. Spec: GR-011."""

from __future__ import annotations

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, eventually
from xnet_channel.threads.errors import RemoteError

#: So long the worker lets its code go on: nothing that comes within ``PATIENCE_S`` comes because of that.
GRACE_S = 5 * PATIENCE_S

#: It waits for credit as long as a busy machine may take, and counts its waits: each credit begins one.
TAKEN = f"""
from xnet_bare_worker import rare_frames
for function in channel._link.end_receiving_locked, rare_frames.on_credit:
    function.__globals__["LAST_CREDIT"] = {PATIENCE_S}
waits = set()
for number in range(100):
    channel.send(bytearray(50000))
    waits.add(channel._link.credit_until)
channel.send(len(waits))
"""


@pytest.mark.parametrize("size", [50_000, 700_000])
def test_gr_011_code_that_waits_for_credit_in_vain(bare: BareGateways, version: str, size: int) -> None:
    worker = bare(version)
    channel = worker.remote_exec(f"while True: channel.send(bytearray({size}))")
    receiver = channel._receiver
    assert eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 300_000)
    worker.exit(GRACE_S)
    assert worker.wait(PATIENCE_S) == 0
    with pytest.raises(RemoteError, match="keyboard-interrupted"):
        list(channel)


def test_gr_011_code_whose_items_are_taken_goes_on(bare: BareGateways, version: str) -> None:
    worker = bare(version)
    channel = worker.remote_exec(TAKEN)
    receiver = channel._receiver
    assert eventually(lambda: receiver.arrived - receiver.granted > receiver.window_bytes - 300_000)
    worker.exit(GRACE_S)
    *items, waits = channel
    assert [len(item) for item in items] == [50_000] * 100
    assert waits > 3, "before it was asked, since then, and since each credit"
    assert worker.wait(PATIENCE_S) == 0
