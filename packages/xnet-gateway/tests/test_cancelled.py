"""Code is cancelled, and its worker goes on. Spec: GW-033 to GW-036."""

from __future__ import annotations

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from green_workers import LIBRARIES, PLACES, green_spec
from xnet_channel import RemoteError
from xnet_gateway.gateway import Gateway

WAITS = "channel.send(1); channel.receive()"
SLEEPS = "import time; channel.send(1); time.sleep(10_000)"
COMPUTES = "channel.send(1)\nwhile True: pass"
AWAITS = "import asyncio\nchannel.send(1)\nawait asyncio.sleep(10_000)"
USES = "import time\nchannel.send(1)\nwhile True:\n    time.sleep(0.01)\n    channel.send(2)"


def cancelled(gateway: Gateway, source: str) -> None:
    channel = gateway.remote_exec(source)
    assert channel.receive(PATIENCE_S) == 1
    channel.cancel()
    channel.cancel()
    with pytest.raises(RemoteError) as caught:
        channel.waitclose(PATIENCE_S)
    assert (caught.value.code, str(caught.value)) == ("cancelled", "cancelled")
    channel.cancel()  # it has ended


@pytest.mark.parametrize("source", [WAITS, SLEEPS, COMPUTES, AWAITS, USES])
def test_gw_034_on_the_main_thread(gateways: Gateways, source: str) -> None:
    gateway = gateways("popen")
    cancelled(gateway, source)
    main = "import threading; channel.send(threading.current_thread() is threading.main_thread())"
    assert gateway.remote_exec(main).receive(PATIENCE_S) is True


@pytest.mark.parametrize("source", [WAITS, AWAITS, USES])
def test_gw_034_gw_035_on_another_thread(gateways: Gateways, source: str) -> None:
    gateway = gateways("popen")
    on_main = gateway.remote_exec("channel.send(0); channel.send(channel.receive())")
    assert on_main.receive(PATIENCE_S) == 0
    cancelled(gateway, source)
    on_main.send("untouched")
    assert on_main.receive(PATIENCE_S) == "untouched"
    on_main.waitclose(PATIENCE_S)


def test_gw_035_what_comes_next_is_never_hit(gateways: Gateways) -> None:
    gateway = gateways("popen")
    for _ in range(100):
        gateway.remote_exec("channel.send(1)").cancel()
        following = gateway.remote_exec("channel.send(2)")
        assert following.receive(PATIENCE_S) == 2
        following.waitclose(PATIENCE_S)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_gw_034_a_greenlet(gateways: Gateways, library: str, place: str) -> None:
    gateway = gateways(green_spec(library, place))
    other = gateway.remote_exec("channel.send(0); channel.send(channel.receive())")
    assert other.receive(PATIENCE_S) == 0
    cancelled(gateway, WAITS)
    other.send("untouched")
    assert other.receive(PATIENCE_S) == "untouched"


def test_a_workers_side_cannot_cancel(gateways: Gateways) -> None:
    gateway = gateways("popen")
    source = "try:\n    channel.cancel()\nexcept OSError as error:\n    channel.send(str(error))"
    assert "a worker does not send CHANNEL_CANCEL" in gateway.remote_exec(source).receive(PATIENCE_S)


def test_gw_034_code_that_catches_it_is_interrupted_once(gateways: Gateways) -> None:
    channel = gateways("popen").remote_exec("""if 1:
        import time
        channel.send(1)
        times = 0
        try:
            time.sleep(10_000)
        except KeyboardInterrupt:
            times += 1
        end = time.monotonic() + 1.7  # longer than the main thread is asked to notice
        while time.monotonic() < end:
            try:
                time.sleep(0.01)
            except KeyboardInterrupt:
                times += 1
        channel.send(times)
    """)
    assert channel.receive(PATIENCE_S) == 1
    channel.cancel()
    assert channel.receive(PATIENCE_S) == 1
