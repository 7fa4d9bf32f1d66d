"""A bare worker ends what its main thread executes, whatever that does. Spec: GW-034 to GW-036."""

from __future__ import annotations

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S
from xnet_channel import RemoteError

SOURCES = {
    "waits": "channel.send(1); channel.receive()",
    # A signal that comes just before it sleeps does not end that.
    "sleeps": "import time; channel.send(1); time.sleep(10000)",
    "computes": "channel.send(1)\nwhile True: pass",
}


@pytest.mark.parametrize("does", SOURCES)
def test_gw_034_on_the_main_thread(bare: BareGateways, version: str, does: str) -> None:
    worker = bare(version)
    for _ in range(5):
        channel = worker.remote_exec(SOURCES[does])
        assert channel.receive(PATIENCE_S) == 1
        channel.cancel()
        with pytest.raises(RemoteError) as caught:
            channel.waitclose(PATIENCE_S)
        assert caught.value.code == "cancelled"


def test_gw_035_what_comes_next_is_never_hit(bare: BareGateways, version: str) -> None:
    worker = bare(version)
    for _ in range(30):
        worker.remote_exec("channel.send(1)").cancel()
        assert worker.remote_exec("channel.send(2)").receive(PATIENCE_S) == 2


def test_gw_034_code_that_catches_it_is_interrupted_once(bare: BareGateways, version: str) -> None:
    worker = bare(version)
    channel = worker.remote_exec("""if 1:
        import time
        times = 0
        try:
            channel.send(1)
            time.sleep(10000)
        except KeyboardInterrupt:
            times += 1
        end = time.time() + 1.7  # longer than an interrupt is repeated
        while time.time() < end:
            try:
                time.sleep(0.01)
            except KeyboardInterrupt:
                times += 1
        channel.send(times)
    """)
    assert channel.receive(PATIENCE_S) == 1
    channel.cancel()
    assert channel.receive(PATIENCE_S) == 1
