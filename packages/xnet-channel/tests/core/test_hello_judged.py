"""What a HELLO may say, and what follows from it.

Spec: FC-001, FC-021, HS-010, HS-012, HS-013, HS-014, HS-015, HS-016, HS-017, HS-020, HS-022, HS-023,
LI-001.
"""

from __future__ import annotations

from typing import Any

import pytest

from core_helpers import (
    WINDOW,
    failed_with,
    frame,
    hello_frame,
    running,
    sent,
    silent,
    told,
)
from xnet_channel.core import states
from xnet_channel.core.connection import Connection
from xnet_channel.core.errors import RemoteProtocolError
from xnet_channel.core.handshake import PREAMBLE
from xnet_channel.core.roles import INITIATOR, WORKER
from xnet_wire import codes, frames, messages, values
from xnet_wire.limits import PART_BYTES, Limits
from xnet_wire.messages import Hello

ROLES = [INITIATOR, WORKER]


def answer_to(role: str, content: Any) -> Connection:
    connection = silent(role)
    start = PREAMBLE if role == INITIATOR else b""
    payload = content if type(content) is bytes else values.encode(content)
    assert connection.receive_data(start + frame(frames.HELLO, 0, payload)) == [] or not connection.failure
    return connection


@pytest.mark.parametrize("version", [[0, 0], [2, 0], [9, 7], [2**64 - 1, 0]])
@pytest.mark.parametrize("role", ROLES)
def test_hs_015_another_major_version_is_refused_naming_both(role: str, version: list[int]) -> None:
    for rest in ({}, {"implementation": 5, "credit": "much"}):  # HS-014: the version is judged first
        connection = answer_to(role, {"version": version, **rest})
        assert failed_with(connection) == codes.VERSION_UNSUPPORTED
        assert f"{version[0]}.{version[1]}" in str(connection.failure)
        assert "1.0" in str(connection.failure)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("minor", [0, 7, 2**40])
def test_hs_016_ve_001_every_minor_version_works_and_the_lower_is_in_force(role: str, minor: int) -> None:
    connection = answer_to(role, {"version": [1, minor]})
    assert connection.failure is None
    assert connection.handshake.version == (1, 0)
    connection.data_to_send()
    connection.receive_data(frame(frames.PING, 0, b"?"))
    assert sent(connection) == [(frames.PONG, 0, b"?")]


MALFORMED: list[Any] = [
    b"",
    b"\xa0",
    b"\xa1",
    b"\xff",
    values.encode({"version": [1, 0]}) + b"\x00",
    b"\xa2\x61a\x01\x61a\x02",
    [1, 0],
    {"version": [1]},
    {"version": [1, 0, 0]},
    {"version": [1, -1]},
    {"version": "1.0"},
    {"version": [True, 0]},
    {"version": [1, 0], "credit": 0},
    {"version": [1, 0], "credit": 65_535},
    {"version": [1, 0], "credit": 2**31},
    {"version": [1, 0], "credit": 100_000.0},
    {"version": [1, 0], "limits": []},
    {"version": [1, 0], "limits": {"frame": 65_535}},
    {"version": [1, 0], "limits": {"depth": 63}},
    {"version": [1, 0], "limits": {"channels": 0}},
    {"version": [1, 0], "limits": {"item": -1}},
    {"version": [1, 0], "implementation": None},
    {"version": [1, 0], "features": "all"},
    {"version": [1, 0], "features": [1]},
]


@pytest.mark.parametrize("content", MALFORMED, ids=repr)
@pytest.mark.parametrize("role", ROLES)
def test_hs_010_hs_013_li_001_a_malformed_hello(role: str, content: Any) -> None:
    connection = answer_to(role, content)
    assert failed_with(connection) == codes.HELLO_MALFORMED
    assert "HELLO" in str(connection.failure)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"unknown": [1, 2], "limits": {"unknown": "x"}},
        {"features": ["nobody.knows"]},
        {"config": {"unknown": 1}},
        {"limits": {"frame": 2**40, "item": 1, "depth": 64, "channels": 1}, "credit": 65_536},
        {"credit": 2**31 - 1},
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_hs_012_what_is_unknown_is_ignored_and_what_is_missing_has_its_default(
    role: str, more: dict[str, Any]
) -> None:
    connection = answer_to(role, {"version": [1, 0], **more})
    assert connection.failure is None
    assert connection.phase == states.RUNNING


@pytest.mark.parametrize("config", [None, "gw0", {1: 2}, {"nice": "very"}, {"env": {"A": 1}}])
def test_hs_012_only_an_initiator_configures(config: Any) -> None:
    connection = answer_to(INITIATOR, {"version": [1, 0], "config": config})
    assert connection.failure is None
    assert connection.handshake.peer.config is None
    assert failed_with(answer_to(WORKER, {"version": [1, 0], "config": config})) == codes.HELLO_MALFORMED


@pytest.mark.parametrize(
    ("frame_limit", "credit", "part_bytes"),
    [(2**20, 2**20, PART_BYTES), (65_536, 2**20, 65_536), (2**20, 65_537, 16_384), (65_536, 65_536, 16_384)],
)
def test_hs_017_fc_001_fc_021_what_the_other_announced_is_obeyed(
    frame_limit: int, credit: int, part_bytes: int
) -> None:
    peer = Hello("peer", limits=Limits(frame=frame_limit, channels=3), credit=credit)
    connection = running(INITIATOR, Hello("local", credit=WINDOW), peer)
    assert connection.part_bytes == part_bytes
    channel = connection.open_channel()
    assert channel.sender.credit == credit
    assert channel.receiver.window_bytes == WINDOW


# -- the configuration ---------------------------------------------------------------------------


def test_hs_020_hs_022_the_configuration_is_judged_before_frames_behind_it() -> None:
    """A PONG would say that it was applied (HS-023), so none may come."""
    connection = silent(WORKER)

    def refuse(events: list[Any]) -> None:
        assert told(events) == [("HelloReceived",)]
        assert events[0].hello.config == {"chdir": "/nowhere"}
        connection.fail(RemoteProtocolError(codes.CONFIG_REFUSED, 'chdir "/nowhere" cannot be entered'))

    connection.dispatch = refuse
    hello = hello_frame(Hello("i", config={"chdir": "/nowhere"}))
    assert connection.receive_data(hello + frame(frames.PING, 0, b"applied?")) == []
    code, text, _ = messages.decode_goaway(sent(connection)[0][2])
    assert (code, text) == (codes.CONFIG_REFUSED, 'chdir "/nowhere" cannot be entered')


def test_hs_020_applied_the_ping_behind_it_is_answered() -> None:
    connection = silent(WORKER)
    seen: list[Any] = []
    connection.dispatch = seen.extend
    assert connection.receive_data(hello_frame() + frame(frames.PING, 0, b"applied?")) == []
    assert told(seen) == [("HelloReceived",)]
    assert sent(connection) == [(frames.PONG, 0, b"applied?")]
