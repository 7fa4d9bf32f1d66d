"""What every worker is asked for besides its own specification. Spec: HS-020."""

from __future__ import annotations

import pytest

from gateway_helpers import PATIENCE_S, Gateways
from xnet_gateway import worker_config

LOOK = """if 1:
    import os
    channel.send((channel.gateway.id, channel.gateway._pool.execmodel, os.environ.get("XNET_EXTRA")))
"""


def test_nothing_unless_somebody_asked_for_it() -> None:
    assert worker_config.extra == {}


def test_what_is_asked_for_reaches_every_worker_started_from_then_on(
    gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = gateways("popen//id=before")
    monkeypatch.setitem(worker_config.extra, "env", {"XNET_EXTRA": "set"})
    after = [gateways("popen//id=first"), gateways("popen//id=second//execmodel=main_thread_only")]
    answers = [gateway.remote_exec(LOOK).receive(PATIENCE_S) for gateway in (before, *after)]
    assert answers == [
        ("before-worker", "thread", None),
        ("first-worker", "thread", "set"),
        ("second-worker", "main_thread_only", "set"),
    ]


def test_the_specification_of_a_worker_counts_more(
    gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(worker_config.extra, "id", "everybody")
    monkeypatch.setitem(worker_config.extra, "execmodel", "main_thread_only")
    gateway = gateways("popen//id=me//execmodel=thread")
    assert gateway.remote_exec(LOOK).receive(PATIENCE_S) == ("me-worker", "thread", None)
