"""The sender in Python and the receiver in JavaScript make trees alike; neither knows more than the specification.

Random trees and random edits of them. Spec: 67-rsync.md.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from xnet_gateway.gateway import Gateway
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_rsync import RSync

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 40
NAMES = [b"a", b"b", b"\xff\xfe", b"two words", "\u00e9".encode(), b".hidden", b"x\ny", b"long" * 50]
NOISE = random.Random(11).randbytes(400_000)


@pytest.fixture
def gateway(node: str) -> Iterator[Gateway]:
    worker = shlex.join([node, str(HERE / "worker.mjs")])
    found = begin(XSpec(f"popen//id=node//worker={worker}")).finish()
    yield found
    found.exit()
    found.wait(200)


def edit(root: bytes, choose: random.Random) -> None:
    """Do one random thing to a tree, if it can be done."""
    path = os.path.join(root, *choose.choices(NAMES, k=choose.randrange(1, 4)))
    try:
        match choose.randrange(8):
            case 0 | 1:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                start, size = choose.randrange(100_000), choose.choice([0, 1, 3000, 20_000, 300_000])
                with open(path, "wb") as file:
                    file.write(NOISE[start : start + size])
            case 2 | 3:
                with open(path, "r+b") as file:
                    data = file.read()
                    at = choose.randrange(len(data) + 1)
                    file.seek(at)
                    file.write(choose.randbytes(choose.randrange(3)) + data[at + choose.randrange(3) :])
                    file.truncate()
            case 4:
                os.makedirs(path)
            case 5:
                # None that something could be written through, out of here.
                os.symlink(choose.choice([b"a", b"b/a", b"/proc/nowhere", b"\xff"]), path)
            case 6:
                shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
            case 7:
                mode = choose.choice([0o644, 0o600, 0o755])
                os.chmod(path, mode | 0o111 if os.path.isdir(path) else mode, follow_symlinks=True)
    except OSError:
        pass


def look(root: bytes) -> dict[bytes, tuple[object, ...]]:
    found: dict[bytes, tuple[object, ...]] = {}
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        full = os.path.join(root, path)
        there = os.lstat(full)
        if os.path.islink(full):
            found[path] = (os.readlink(full),)
        elif os.path.isdir(full):
            found[path] = (there.st_mode, there.st_mtime_ns // 10_000)
            waiting += [os.path.join(path, name) for name in os.listdir(full)]
        else:
            found[path] = (there.st_mode, there.st_mtime_ns // 10_000, Path(os.fsdecode(full)).read_bytes())
    return found


@pytest.mark.slow
@pytest.mark.parametrize("delta", [True, False])
def test_random_trees_arrive(gateway: Gateway, tmp_path: Path, delta: bool) -> None:
    choose = random.Random(12)
    source = os.fsencode(tmp_path / "source")
    os.mkdir(source)
    for number in range(ROUNDS):
        for _ in range(choose.randrange(1, 12)):
            edit(source, choose)
        for folder, _, files in os.walk(source):
            for name in (*files, b""):  # Node sets times to the microsecond
                path = os.path.join(folder, name)
                when = os.lstat(path).st_mtime_ns // 10_000 * 10_000 + 5_000
                os.utime(path, ns=(when, when), follow_symlinks=False)

        def sync() -> RSync:
            rsync = RSync(os.fsdecode(source), verbose=False, delta=delta, compress=bool(number % 2))  # noqa: B023
            rsync.add_target(gateway, tmp_path / "copy", delete=True)
            return rsync

        result = sync().send()
        assert result is not None
        assert result.targets[0].errors == []
        assert look(os.fsencode(tmp_path / "copy")) == look(source), number
        plan = sync().dry_run()
        assert (plan.targets[0].planned, plan.targets[0].removed) == ([], [])


@pytest.mark.slow
def test_only_what_is_new_travels(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "source" / "file"
    file.parent.mkdir()
    for content in (NOISE, b"x" + NOISE, NOISE[:100_000] + b"inserted" + NOISE[100_000:]):
        file.write_bytes(content)
        rsync = RSync(tmp_path / "source", verbose=False, delta=True)
        rsync.add_target(gateway, tmp_path / "copy")
        result = rsync.send()
        assert result is not None
        assert (tmp_path / "copy" / "file").read_bytes() == content
        if content is not NOISE:
            assert result.targets[0].bytes_sent < 20_000
    assert os.listdir(tmp_path / "copy") == ["file"]
