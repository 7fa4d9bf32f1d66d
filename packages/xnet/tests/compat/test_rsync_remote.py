"""Code that a worker imports by execnet's name receives a tree."""

from __future__ import annotations

import struct
from pathlib import Path

import xnet
from xnet.compat import rsync_remote


def test_it_serves_a_channel(tmp_path: Path) -> None:
    group = xnet.Group()
    try:
        gateway = group.makegateway("popen")
        channel = gateway.remote_exec(rsync_remote)
        channel.close()  # it has a name, no program: nothing is served until it is called
        program = "from xnet.compat.rsync_remote import serve_rsync; serve_rsync(channel)"
        channel = gateway.remote_exec(program)
        root = [1, 0o755, 0, 0]
        channel.send(["begin", {"version": 1, "dest": bytes(tmp_path / "new"), "root": root}])
        assert channel.receive(200)[0] == "ready"
        table = struct.pack(">6I", 0, 1, 0, 0, 0, 0)  # one directory, with nothing in it
        channel.send(["index", 1, 0, len(table), table])
        channel.send(["listed"])
        assert [channel.receive(200)[0] for _ in range(2)] == ["needs", "needs"]
        channel.send(["finish"])
        assert channel.receive(200)[0] == "done"
        assert (tmp_path / "new").is_dir()
    finally:
        group.terminate(timeout=1.0)
