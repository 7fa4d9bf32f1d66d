"""However soon after a death something is called, its error has the status or the signal. Spec: GR-020."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from gateway_helpers import PATIENCE_S, STRESS, Gateways
from green_workers import PLACES, SIBLING
from xnet_channel.threads.channel import Channel
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway

TRIES = 50 if STRESS else 3
DEATHS: dict[str, tuple[str, Callable[[Gateway], object]]] = {
    "signal": ("killed by signal 9 (SIGKILL)", lambda gateway: os.kill(gateway.pid, signal.SIGKILL)),
    "status": ("exited with status 7", lambda gateway: gateway.remote_exec("import os; os._exit(7)")),
}
CALLS: dict[str, Callable[[Gateway, Channel], object]] = {
    "send": lambda gateway, channel: channel.send(1),
    "send in parts": lambda gateway, channel: channel.send(b"x" * 3_000_000),
    "send_many": lambda gateway, channel: channel.send_many([b"x"] * 1000),
    "receive": lambda gateway, channel: channel.receive(PATIENCE_S),
    "waitclose": lambda gateway, channel: channel.waitclose(PATIENCE_S),
    "remote_exec": lambda gateway, channel: gateway.remote_exec("1").receive(PATIENCE_S),
    "large remote_exec": lambda gateway, channel: gateway.remote_exec("#" * 2_000_000).waitclose(PATIENCE_S),
    "remote_status": lambda gateway, channel: gateway.remote_status(),
    "newchannel": lambda gateway, channel: gateway.newchannel(),
    "reconfigure": lambda gateway, channel: gateway.reconfigure(),
    "_rinfo": lambda gateway, channel: gateway._rinfo(update=True),
}


def error_of(call: Callable[[Gateway, Channel], object], gateway: Gateway, channel: Channel) -> str:
    """Call until it fails; the end of a channel as such may come before that of the connection."""
    while True:
        try:
            call(gateway, channel)
        except EOFError as error:  # noqa: PERF203 - a few rounds
            if "the channel has ended" not in str(error):
                return str(error)
        except OSError as error:
            return str(error)


@pytest.mark.parametrize("place", [*PLACES, "via"])
@pytest.mark.parametrize("death", DEATHS)
def test_the_reason_is_in_the_error(death: str, place: str, gateways: Gateways) -> None:
    if place != "full" and not os.path.exists(SIBLING):
        pytest.skip("needs python3 beside the interpreter that runs this")
    words, die = DEATHS[death]
    master = gateways("popen//id=master") if place == "via" else None
    missing = []
    for name, call in CALLS.items():
        for _ in range(TRIES):
            if master is not None:
                gateway = gateways(f"popen//via=master//python={SIBLING}//id={len(gateways.started)}", master)
            else:
                gateway = gateways(f"{PLACES[place]}//id=gw{len(gateways.started)}")
            channel = gateway.remote_exec("while True: channel.receive()")
            die(gateway)
            text = error_of(call, gateway, channel)
            if words not in text:
                missing.append((name, text))
    assert missing == []


@pytest.mark.parametrize(("code", "words"), [("7", "exited with status 7"), ("", "exited with status 0")])
def test_the_reason_why_a_start_failed(code: str, words: str, gateways: Gateways) -> None:
    for _ in range(TRIES):
        with pytest.raises(HostNotFound, match=words):
            gateways(f"command=sh -c 'echo words >&2; exit {code}'//worker=x")
