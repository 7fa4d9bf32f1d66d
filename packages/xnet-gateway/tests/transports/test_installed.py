"""``socket//installvia=ID``."""

from __future__ import annotations

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway.errors import HostNotFound


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.11"])
def test_a_server_in_another_gateway(gateways: Gateways, bare: BareGateways, version: str) -> None:
    master = bare(version)
    gateway = gateways(f"socket//installvia={master.id}", master)
    channel = gateway.remote_exec("import sys, os; channel.send((tuple(sys.version_info[:2]), os.getppid()))")
    assert channel.receive(PATIENCE_S) == (tuple(map(int, version.split("."))), master.pid)


def test_a_host_that_is_not_there(gateways: Gateways) -> None:
    master = gateways("popen//id=m")
    with pytest.raises(HostNotFound, match=r"no server for 'socket=192\.0\.2\.1//installvia=m' in gateway m"):
        gateways("socket=192.0.2.1//installvia=m", master)
