"""What a worker brings along, asked for by name. Spec: GW-060 to GW-062. Syncs are in xnet-rsync's tests."""

from __future__ import annotations

import importlib.util

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_gateway.worker import services

NEEDS_RSYNC = pytest.mark.skipif(
    importlib.util.find_spec("xnet_rsync") is None, reason="needs xnet-rsync, which is not installed here"
)


@NEEDS_RSYNC
def test_gw_060_our_worker_receives_trees(shared: Gateway) -> None:
    assert shared.services() == services.available() == ["relay", "rsync"]
    channel = shared.remote_service("rsync", unknown=1)
    channel.send(["begin", {"version": 7_654_321}])
    with pytest.raises(RemoteError, match="7654321"):
        channel.receive(PATIENCE_S)


def test_gw_061_a_service_that_is_not_there_is_not_asked_for(shared: Gateway) -> None:
    with pytest.raises(ValueError, match="gateway shared has no service 'other'; its services are: relay"):
        shared.remote_service("other")
    assert services.maybe_service("other") is None


@NEEDS_RSYNC
def test_a_service_is_loaded_when_it_is_asked_for(gateways: Gateways) -> None:
    gateway = gateways()
    loaded = "import sys; channel.send('xnet_rsync' in sys.modules)"
    assert gateway.remote_exec(loaded).receive(PATIENCE_S) is False
    gateway.remote_service("rsync").close()
    channel = gateway.remote_service("rsync")
    channel.send(["nonsense"])
    with pytest.raises(RemoteError):
        channel.waitclose(PATIENCE_S)
    assert gateway.remote_exec(loaded).receive(PATIENCE_S) is True


@NEEDS_RSYNC
def test_it_works_whatever_code_has_done_to_imports(gateways: Gateways) -> None:
    gateway = gateways()
    gateway.remote_exec("import sys; sys.path[:] = []; sys.meta_path[:] = []").waitclose(PATIENCE_S)
    channel = gateway.remote_service("rsync")
    channel.send(["begin", {"version": 7_654_321}])
    with pytest.raises(RemoteError, match="7654321"):
        channel.receive(PATIENCE_S)
