"""A bare worker of every Python whose code leaves a trace function behind that raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_helpers import PATIENCE_S

if TYPE_CHECKING:
    from bare_helpers import BareGateways


def test_a_trace_function_that_raises_is_told_and_the_worker_goes_on(
    bare: BareGateways, version: str
) -> None:
    worker = bare(version)
    channel = worker.remote_exec("import sys\ndef trace(*seen): raise ValueError('odd')\nsys.settrace(trace)")
    with pytest.raises(channel.RemoteError, match="ValueError: odd"):
        channel.waitclose(PATIENCE_S)
    assert worker.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1
