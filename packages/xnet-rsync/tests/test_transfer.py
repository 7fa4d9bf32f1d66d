"""What a receiver may not say ends its target."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsync_helpers import write
from xnet_gateway.gateway import Gateway
from xnet_rsync.contents import Contents
from xnet_rsync.errors import ProtocolError
from xnet_rsync.index import Index
from xnet_rsync.messages import STORED
from xnet_rsync.transfer import Transfer
from xnet_rsync.walking import Walk

HEAD = "channel.receive(); channel.receive(); channel.send(['ready', {}]);"
ONE = r"b'\0\0\0\1'"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("channel.send(['nonsense'])", "is no message"),
        ("channel.send(3)", "is no message"),
        ("channel.send([])", "is no message"),
        (f"channel.send(['needs', 7, {ONE}, b'\\1'])", "was not asked"),
        ("channel.send(['needs', 1, b'\\0\\0\\0\\7', b'\\1'])", "7, which is no file"),
        ("channel.send(['needs', 1, b'\\0\\0\\0\\0', b'\\1'])", "0, which is no file"),
        ("channel.send(['needs', 1])", "missing"),
        (f"channel.send(['needs', 1, b'', b'']); channel.send(['got', {ONE}])", "which it did not need"),
        ("channel.send(['problem', 1, 7])", "has a problem 7"),
    ],
)
def test_what_a_receiver_must_not_say(said: str, words: str, tmp_path: Path, gateway: Gateway) -> None:
    write(tmp_path / "a", "1")
    walk = Walk(str(tmp_path), lambda path: True)
    index = Index(walk.root)
    index.fill(walk.listings())
    channel = gateway.remote_exec(f"{HEAD}{said}\nfor item in channel: pass")
    transfer = Transfer(channel, {}, index, Contents(str(tmp_path)), STORED, lambda *event: None)
    with pytest.raises(ProtocolError, match=words):
        transfer.run()
