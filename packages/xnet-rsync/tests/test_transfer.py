"""What a receiver may not say ends its target."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_gateway.gateway import Gateway
from xnet_rsync.contents import Contents
from xnet_rsync.errors import ProtocolError
from xnet_rsync.index import Index
from xnet_rsync.result import TargetResult
from xnet_rsync.transfer import Transfer
from xnet_rsync.walk import Walk

BEFORE = "channel.receive(); channel.receive(); channel.receive();"
HEAD = BEFORE + "channel.send(['ready', {'version': 1}]);"
ONE = r"b'\0\0\0\1'"
LARGE = r"b'\0\0\0\2'"
NEEDS = f"channel.send(['needs', 1, b'', b'']); channel.send(['needs', 3, {LARGE}, b'\\2']);"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (BEFORE + "channel.send(['got', b''])", "is not a message of this"),
        (BEFORE + "channel.send(['ready', {'version': 2}])", "expected version 1"),
        (BEFORE + "channel.send(['ready', 1])", "expected version 1"),
        (HEAD + "channel.send(['ready', {'version': 1}])", "is not a message of this"),
        (HEAD + "channel.send(['nonsense'])", "is not a message"),
        (HEAD + "channel.send([['got']])", "is not a message"),
        (HEAD + "channel.send(3)", "is not a message"),
        (HEAD + "channel.send([])", "is not a message"),
        (HEAD + f"channel.send(['needs', 7, {ONE}, b'\\1'])", "was not sent"),
        (HEAD + "channel.send(['needs', 1, b'\\0\\0\\0\\7', b'\\1'])", "7, which is not a file"),
        (HEAD + "channel.send(['needs', 1, b'\\0\\0\\0\\0', b'\\1'])", "0, which is not a file"),
        (HEAD + f"channel.send(['needs', 1, {ONE}, b'\\7'])", "as the unknown kind 7"),
        (HEAD + f"channel.send(['needs', 1, {ONE}, b''])", "expected a byte for each of 1"),
        (HEAD + f"channel.send(['needs', 1, {ONE}*2, b'\\1\\1'])", "again"),
        (HEAD + "channel.send(['needs', 1])", "missing"),
        (HEAD + f"channel.send(['got', {ONE}])", "1 numbers where at most 0"),
        (HEAD + NEEDS + f"channel.send(['got', {ONE}])", "which it is not waiting for"),
        (HEAD + "channel.send(['needs', 1, bytes(16), bytes(4)])", "4 numbers where at most 3"),
        (HEAD + "channel.send(['problem', 1, 7])", "has a problem 1 7"),
        (HEAD + "channel.send(['problem', [], 'x'])", "has a problem"),
        (HEAD + "channel.send(['problem', None, b'x' * 10**6])", "has a problem None b'x{100}'"),
        (HEAD + "channel.send([['x' * 10**6] * 10])", r"said \[<list>\], which is not a message"),
        (HEAD + "channel.send(['removed', b'x'])", "without being asked to"),
        (HEAD + "channel.send(['done', {}])", "was not told that all has been sent"),
        (HEAD + "channel.send(['needs', 1 << 70000, b'', b''])", "from <int>, which was not sent"),
        (HEAD + NEEDS + "[channel.send(['whole', 2]) for _ in '12']", "wants all of 'b' again"),
        (HEAD + f"channel.send(['plan', {ONE}, b'\\1'])", "plans 1 with 1"),
        (HEAD + f"channel.send(['want', 2, {ONE}])", "which it is not waiting for"),
        (HEAD + NEEDS + "channel.send(['want', 2, b'']); " * 2, "of which it has no list"),
        (HEAD + NEEDS + f"channel.receive(); channel.send(['want', 2, {ONE}])", "does not say how many"),
        (
            HEAD + NEEDS + "channel.receive(); channel.send(['want', 2, b'\\0\\0\\0\\0\\0\\1\\0\\0'])",
            "wants 65536",
        ),
        (HEAD + NEEDS + "channel.receive(); channel.send(['want', 2, b'\\0'])", "four for each number"),
        (HEAD + NEEDS + "channel.send(['whole', 1])", "which it is not waiting for"),
    ],
)
def test_rs_003_rs_035_what_a_receiver_must_not_say(
    said: str, words: str, tmp_path: Path, gateway: Gateway
) -> None:
    write(tmp_path / "a", "1")
    write(tmp_path / "b", "1" * 100_000)
    walk = Walk(str(tmp_path), lambda path: True)
    index = Index(walk.root)
    index.fill(walk.listings())
    channel = gateway.remote_exec(f"{said}\nfor item in channel: pass")
    result = TargetResult("gw0", "/copy")
    transfer = Transfer(channel, {}, index, Contents(str(tmp_path)), result, lambda *event: None)
    with pytest.raises(ProtocolError, match=words):
        transfer.run()


FINISH = "channel.send(['needs', 1, b'', b'']); channel.send(['needs', 3, b'', b'']); channel.receive();"


@pytest.mark.parametrize(
    ("options", "said", "words"),
    [
        ({}, "channel.send(['removed', b'x'])", "without being asked to"),
        ({"delete": True}, "channel.send(['removed', 'x'])", "removed 'x'"),
        ({"delete": True}, "channel.send(['removed', b''])", "without a name"),
        ({"delete": True}, "channel.send(['removed', b'x\\0' * 40000])", "removed b'x"),
        (
            {"dry_run": True},
            "channel.send(['plan', bytes(4) + b'\\0\\0\\0\\1', b'\\1\\7'])",
            "plans 7 with 1",
        ),
        ({"dry_run": True}, f"channel.send(['plan', {ONE}, b'\\1']);" * 2, "plans something with 1 again"),
    ],
)
def test_rs_007_what_a_receiver_must_not_say_at_the_end(
    options: dict[str, object], said: str, words: str, tmp_path: Path, gateway: Gateway
) -> None:
    write(tmp_path / "a", "1")
    write(tmp_path / "b", "1" * 100_000)
    walk = Walk(str(tmp_path), lambda path: True)
    index = Index(walk.root)
    index.fill(walk.listings())
    channel = gateway.remote_exec(f"{HEAD}{FINISH}{said}\nfor item in channel: pass")
    result = TargetResult("gw0", "/copy")
    transfer = Transfer(channel, options, index, Contents(str(tmp_path)), result, lambda *event: None)
    with pytest.raises(ProtocolError, match=words):
        transfer.run()
