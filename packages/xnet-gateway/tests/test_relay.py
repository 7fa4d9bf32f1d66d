"""The middle of a ``via`` gateway, driven by hand: it only copies bytes. See also test_via.py."""

from __future__ import annotations

import pytest

from gateway_helpers import PATIENCE_S, Watched
from xnet_gateway.gateway import Gateway
from xnet_gateway.transports import relay


@pytest.mark.parametrize(("order", "status"), [(relay.KILL, -15), (relay.KILL_NOW, -9)])
def test_orders_and_reports(shared: Gateway, order: str, status: int) -> None:
    data, control = shared.newchannel(), shared.newchannel()
    task = shared.remote_exec(relay.SOURCE)
    task.send(("popen", "inner", data, control))
    process = Watched(task.receive(PATIENCE_S))
    assert data.receive(PATIENCE_S).startswith(b"\x89XNET")
    control.send(order)
    assert control.receive(PATIENCE_S)[0] == status
    assert process.wait_gone(PATIENCE_S)
    process.kill()
    with pytest.raises(EOFError):
        control.receive(PATIENCE_S)


def test_the_process_ends_when_its_data_channel_does(shared: Gateway) -> None:
    data, control = shared.newchannel(), shared.newchannel()
    task = shared.remote_exec(relay.SOURCE)
    task.send(("popen", "inner", data, control))
    process = Watched(task.receive(PATIENCE_S))
    data.close()
    assert control.receive(PATIENCE_S)[0] in (0, 1)
    assert process.wait_gone(PATIENCE_S)
    process.kill()
