"""What a worker can make its initiator keep: no more than `limits` says, whatever it sends.

Spec: LI-005, LI-011, LI-012.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways, Growth, eventually
from xnet_channel.threads.channel import Channel
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_gateway.xspec import XSpec
from xnet_wire.limits import Limits

MEMORY = 8_388_608

#: A worker that sends the pieces of an item and never the last one, as fast as credit allows.
ENDLESS = """
connection = channel.gateway.session.connection
piece = bytes(100_000)
with channel._endpoint.sending.reservations.of(channel._mailbox) as reservation:
    while True:
        reservation.send(len(piece), lambda: connection.send_part(channel._mailbox.state, piece))
"""


def kept(gateway: Gateway) -> int:
    return gateway.session.connection.table.account.kept_bytes


def ended_by_limit(channel: Channel) -> str:
    with pytest.raises(RemoteError, match=r"limits\.memory") as caught:
        channel.receive(PATIENCE_S)
    return str(caught.value)


def test_li_011_items_that_never_end(gateways: Gateways) -> None:
    """With four channels it was more than a gigabyte, which stayed after the worker had ended."""
    gateway = gateways(f"popen//limits=memory:{MEMORY}")
    growth = Growth(os.getpid())
    channels = [gateway.remote_exec(ENDLESS) for _ in range(4)]
    for channel in channels:
        assert f"{MEMORY} bytes" in ended_by_limit(channel)
    assert growth.most_kb() * 1024 < 2.5 * MEMORY
    assert eventually(lambda: kept(gateway) == 0)
    echo = gateway.remote_exec("channel.send(channel.receive())")
    echo.send("still here")
    assert echo.receive(PATIENCE_S) == "still here"


def test_li_011_send_everything_then_receive_everything(gateways: Gateways) -> None:
    """Bounding gives way to programs that would block, but not beyond the limit."""
    gateway = gateways(f"popen//limits=memory:{MEMORY}")
    channel = gateway.remote_exec("while True: channel.send(bytes(50_000))")
    with pytest.raises(RemoteError, match=r"limits\.memory"):
        channel.waitclose(PATIENCE_S)  # takes nothing meanwhile, so credit is given for all that arrives
    items = list(channel)
    assert len(items) == MEMORY // 50_067
    assert set(items) == {bytes(50_000)}
    assert kept(gateway) == 0


def test_li_012_a_megabyte_of_empty_lists(gateways: Gateways) -> None:
    gateway = gateways(f"popen//limits=memory:{MEMORY}")
    channel = gateway.remote_exec("channel.send([[] for _ in range(1_000_000)])")
    assert "limits.memory" in ended_by_limit(channel)
    small = gateway.remote_exec("channel.send([[] for _ in range(50_000)])")
    assert len(small.receive(PATIENCE_S)) == 50_000


def test_li_005_an_item_that_is_too_long_is_refused_where_it_is_sent(gateways: Gateways) -> None:
    gateway = gateways("popen//limits=item:1000000")
    channel = gateway.remote_exec("""
try:
    channel.send(bytes(1_000_001))
except Exception as error:
    channel.send(f"{type(error).__name__}: {error}")
channel.send(bytes(999_000))
""")
    words = channel.receive(PATIENCE_S)
    assert "DumpError" in words
    assert "1000000" in words
    assert len(channel.receive(PATIENCE_S)) == 999_000


@pytest.mark.parametrize("text", ["popen", "popen//python=python3"])
def test_initiators_take_half_a_gigabyte_unless_told_otherwise(gateways: Gateways, text: str) -> None:
    gateway = gateways(text)
    assert gateway.session.connection.local.limits == Limits.of_initiator()
    size = 2 * MEGABYTE
    channel = gateway.remote_exec(f"channel.send(bytes({size}))")
    assert len(channel.receive(PATIENCE_S)) == size


def test_li_005_what_workers_take_is_not_bounded_by_it(gateways: Gateways) -> None:
    gateway = gateways("popen//limits=distrusted")
    channel = gateway.remote_exec("channel.send(len(channel.receive()))")
    channel.send(bytes(40 * MEGABYTE))
    assert channel.receive(PATIENCE_S) == 40 * MEGABYTE


LIMITS: list[tuple[Callable[[XSpec], None], Limits]] = [
    (lambda spec: setattr(spec, "limits", Limits(depth=64)), Limits(depth=64)),
    (lambda spec: setattr(spec, "limits", "distrusted"), Limits.distrusted()),
    (lambda spec: None, Limits.of_initiator()),
]


@pytest.mark.parametrize(("assign", "expected"), LIMITS)
def test_limits_may_be_assigned(assign: Callable[[XSpec], None], expected: Limits) -> None:
    from xnet_gateway.spec_rules import parse_limits

    spec = XSpec("popen")
    assign(spec)
    assert parse_limits(spec) == expected


def test_limits_that_mean_nothing_are_refused_before_anything_starts(gateways: Gateways) -> None:
    for text in ("limits=", "limits", "limits=memory:5", "limits=none", "limits=memory"):
        with pytest.raises(ValueError, match=r"limits in the gateway specification 'popen//limits.*expected"):
            gateways(f"popen//{text}")
