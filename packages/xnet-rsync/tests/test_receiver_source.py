"""The receiver as one text: complete, no larger than needed, and robust against what code has done before."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from rsync_helpers import PATIENCE_S, Gateways, find_interpreter, look, sync, write
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.bundle import without_comments
from xnet_gateway.gateway import Gateway
from xnet_gateway.own_files import own_source
from xnet_rsync import receiver
from xnet_rsync.receiver_source import RECEIVER, receiver_source

BEGIN = {"version": 1, "root": [1, 0o755, 0, 0]}
#: What of the receiver was executed, told when the sync has ended.
LOADED = "channel.send(sorted(bundle.loaded))"


def parsed(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        # A docstring, or the 0 in its place.
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        if isinstance(body[0].value, ast.Constant):
            del body[0]
    lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    return f"{ast.dump(tree)} {lines}"


def test_each_module_is_sent() -> None:
    files = {path.stem for path in Path(receiver.__path__[0]).glob("*.py")}
    assert sorted(RECEIVER.modules) == sorted(files - {"__init__"})


@pytest.mark.parametrize("module", RECEIVER.modules)
def test_only_comments_and_docstrings_stay_behind(module: str) -> None:
    text = own_source(f"{RECEIVER.package}.{module}")
    assert parsed(without_comments(text)) == parsed(text)


def test_what_is_sent_is_bounded() -> None:
    text = receiver_source()
    assert text.isascii()
    assert len(text) < 90_000  # it was 84,000 when it was one file


def receive_nothing(worker: Gateway, destination: Path, program: str) -> list[Any]:
    """Sync an empty tree; return what the program says besides."""
    channel = worker.remote_exec(program)
    channel.send(["begin", {**BEGIN, "dest": bytes(destination)}])
    assert channel.receive(PATIENCE_S)[0] == "ready"
    channel.send(["index", 1, 0, 24, bytes(7) + b"\1" + bytes(16)])
    channel.send(["listed"])
    channel.send(["finish"])
    return [item for item in channel if item[0] not in ("needs", "got")]


def test_what_is_rarely_needed_is_not_executed(worker: Gateway, tmp_path: Path) -> None:
    (_, loaded) = receive_nothing(worker, tmp_path / "dest", f"{receiver_source()}{LOADED}")
    rare = {"assembly", "cuts", "chunk_search", "deletion", "removal", "reuse"}
    assert set(loaded) == set(RECEIVER.modules) - rare


def test_a_traceback_names_module_and_line(worker: Gateway, tmp_path: Path) -> None:
    channel = worker.remote_exec(receiver_source())
    channel.send(["begin", {**BEGIN, "dest": b""}])
    with pytest.raises(RemoteError) as caught:
        channel.receive(PATIENCE_S)
    lines = own_source(f"{RECEIVER.package}.sync").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if '"the destination %.100r", path)' in line)
    assert f'File "<xnet rsync receiver/sync.py>", line {number}, in __init__' in str(caught.value)


#: What code can do to the imports of its process; with Python 2, a process in which this is done is lost.
SPOILED = """
import sys
sys.path[:], sys.path_hooks[:], sys.meta_path[:] = [], [], []
sys.path_importer_cache.clear()
for name in set(sys.modules) - {"sys", "builtins"}:
    del sys.modules[name]
"""


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.11", "3.13"])
def test_what_code_has_done_to_imports_does_not_matter(
    version: str, gateways: Gateways, tmp_path: Path
) -> None:
    gateway = gateways(f"popen//python={find_interpreter(version)}")
    gateway.remote_exec(SPOILED).waitclose(PATIENCE_S)
    old, new = bytes(range(256)) * 400, b"in front" + bytes(range(256)) * 400
    write(tmp_path / "source" / "file", new)
    write(tmp_path / "dest" / "file", old)
    write(tmp_path / "dest" / "inner" / "other", b"to be removed")
    sync(tmp_path / "source", gateway, tmp_path / "dest", delete=True)
    assert look(tmp_path / "dest").keys() == {b"", b"file"}
    assert (tmp_path / "dest" / "file").read_bytes() == new
