"""Code that leaves a trace function or audit hook behind that raises: the worker tells of it and goes on."""

from __future__ import annotations

from contextlib import suppress

import pytest

from gateway_helpers import PATIENCE_S, Gateways

TRACE = "import sys\ndef trace(*seen): raise ValueError('odd')\nsys.settrace(trace)"
HOOK = "import sys\ndef hook(*seen): raise ValueError('odd')\nsys.addaudithook(hook)"


def test_a_trace_function_that_raises(gateways: Gateways) -> None:
    """It is called for the first function after the code: one of ours."""
    gateway = gateways()
    channel = gateway.remote_exec(TRACE)
    with pytest.raises(channel.RemoteError, match="ValueError: odd"):
        channel.waitclose(PATIENCE_S)
    assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1


def test_an_audit_hook_that_raises_at_everything(gateways: Gateways) -> None:
    gateway = gateways()
    hooked = gateway.remote_exec(HOOK)
    with suppress(hooked.RemoteError):  # the hook may be asked about the end of the code, too
        hooked.waitclose(PATIENCE_S)
    for _ in range(2):
        channel = gateway.remote_exec("channel.send(1)")
        with pytest.raises(channel.RemoteError, match="ValueError: odd"):
            channel.waitclose(PATIENCE_S)
    assert gateway.remote_status(timeout=PATIENCE_S).numexecuting == 0
