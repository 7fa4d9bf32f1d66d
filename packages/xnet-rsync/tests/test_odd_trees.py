"""Trees with sockets, pipes, names that are no text and directories that nobody may write to."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rsync_helpers import PATIENCE_S, Gateways, look, write
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync
from xnet_rsync.result import SyncResult

NOBODY = 65534
NO_TEXT = b"\xff"


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    source = tmp_path / "source"
    write(source / "read-only" / "file", "content")
    write(source / "read-only" / "inner" / "file", "x" * 100_000).parent.chmod(0o500)
    folder = os.fsencode(source)
    os.mkdir(folder + b"/in " + NO_TEXT)
    for name in (NO_TEXT, b"in " + NO_TEXT + b"/" + NO_TEXT):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(name)
    os.symlink(NO_TEXT, folder + b"/link " + NO_TEXT)
    os.mkfifo(source / "pipe")
    (source / "read-only").chmod(0o555)
    with ExitStack() as stack:
        end = stack.enter_context(socket.socket(socket.AF_UNIX))
        before = Path.cwd()
        os.chdir(source)  # a path of a socket has to be short
        stack.callback(os.chdir, before)
        end.bind("socket")
        yield source


def sync(source: Path, gateway: Gateway, destination: Path, *, verbose: bool = False) -> SyncResult:
    rsync = RSync(source, verbose=verbose, delta=True)
    rsync.add_target(gateway, destination, delete=True)
    result = rsync.send()
    assert result is not None
    assert sorted(result.skipped) == ["pipe", "socket"]
    return result


def change(source: Path) -> None:
    """Change what is in a directory that may not be written to, without leaving a trace of that."""
    (source / "read-only").chmod(0o755)
    write(source / "read-only" / "file", "other content")
    write(source / "read-only" / os.fsdecode(NO_TEXT), "new")
    (source / "read-only").chmod(0o555)


def expected(source: Path) -> dict[bytes, tuple[object, ...]]:
    """Return what there has to be: what a test can say of times is as exact as Python 2."""
    (source / "pipe").unlink()
    (source / "socket").unlink()
    return without_times(source)


def without_times(root: Path) -> dict[bytes, tuple[object, ...]]:
    return {
        path: (facts[0], *(fact for fact in facts[1:] if not isinstance(fact, int) or fact < 0o10000))
        for path, facts in look(root).items()
    }


def check_three_syncs(source: Path, gateway: Gateway, copy: Path) -> None:
    sync(source, gateway, copy)
    assert sync(source, gateway, copy).targets[0].files_needed == 0
    assert stat.S_IMODE((copy / "read-only").stat().st_mode) == 0o555
    change(source)
    write(copy / os.fsdecode(b"extra " + NO_TEXT), "gone")
    result = sync(source, gateway, copy).targets[0]
    assert (result.files_needed, [os.fsencode(path) for path in result.removed]) == (2, [b"extra " + NO_TEXT])
    assert without_times(copy) == expected(source)


def test_a_tree_with_all_of_it_twice_and_changed(worker: Gateway, source: Path, tmp_path: Path) -> None:
    check_three_syncs(source, worker, tmp_path / "copy")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_receiver_is_an_ordinary_user(gateways: Gateways, source: Path, tmp_path: Path) -> None:
    """Whom permissions of directories keep from writing, unlike root."""
    python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")
    if python is None:
        pytest.skip("needs an interpreter that every user may run, which is not on this machine")
    gateway = gateways(f"popen//python={python}")
    become = f"import os; os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY}); os.umask(0)"
    gateway.remote_exec(become).waitclose(PATIENCE_S)
    with tempfile.TemporaryDirectory() as around:  # those of pytest are its user's alone
        os.chown(around, NOBODY, NOBODY)
        check_three_syncs(source, gateway, Path(around) / "copy")


def test_a_name_that_is_no_text_is_told_on_any_output(source: Path, tmp_path: Path) -> None:
    """Verbose is the default, and output may refuse what is no text."""
    program = """
import sys
from pathlib import Path
from xnet_gateway.starting import begin
from xnet_gateway.xspec import XSpec
from xnet_rsync import RSync
gateway = begin(XSpec("popen//id=gw0")).finish()
rsync = RSync(sys.argv[1])
rsync.add_target(gateway, sys.argv[2])
rsync.send()
gateway.exit()
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(source), str(tmp_path / "copy")],
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert sum(line.endswith(rb" <= \udcff") for line in lines) == 1
    assert without_times(tmp_path / "copy") == expected(source)
