"""Syncs and the program rsync make the same of the same: random trees, and random edits of them.

XNET_HYPOTHESIS=thorough tries thousands of trees instead of a few.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rsync_helpers import PATIENCE_S, look
from xnet_gateway.gateway import Gateway
from xnet_rsync import RSync

NOISE = random.Random(2).randbytes(200_000)
#: How many trees: a few, unless somebody asked for many.
EXAMPLES = settings().max_examples if settings().max_examples > 100 else 12

names = st.sampled_from(
    [b"a", b"b", b"B", b"-n", b"a b", "\u00e9".encode(), b"\xff\xfe", b".hidden", b"x\ny"]
)
paths = st.lists(names, min_size=1, max_size=3).map(b"/".join)
contents = st.builds(
    lambda start, size: NOISE[start : start + size],
    st.integers(0, 50_000),
    st.sampled_from([0, 1, 5_000, 9_000, 60_000, 70_000, 150_000]),
)
modes = st.sampled_from([0o644, 0o600, 0o755, 0o444])
edits = st.one_of(
    st.tuples(st.just("write"), paths, contents, modes),
    st.tuples(st.just("insert"), paths, st.integers(0, 100_000), st.binary(max_size=3)),
    st.tuples(st.just("directory"), paths, st.sampled_from([0o755, 0o700, 0o555])),
    st.tuples(st.just("link"), paths, st.sampled_from([b"a", b"../b", b"/nowhere/at all", b"\xff"])),
    st.tuples(st.just("hard link"), paths, paths),
    st.tuples(st.just("rename"), paths, paths),
    st.tuples(st.just("remove"), paths),
    st.tuples(st.just("mode"), paths, modes),
)


class Workshop:
    """A tree that is edited. Times are given, not taken: rsync looks at whole seconds only."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self.now_s = 1_500_000_000
        self.modes: dict[bytes, int] = {}
        os.mkdir(root)

    def apply(self, steps: Sequence[tuple[object, ...]]) -> None:
        """Do what can be done of the steps; directories get their permissions and times at last."""
        for folder in self._folders():
            os.chmod(folder, 0o755)
        for step in steps:
            # There may be no such file, or one in the way.
            with contextlib.suppress(OSError):
                self._apply(*step)
        for folder in self._folders():
            os.chmod(folder, self.modes.get(folder, 0o755))
            self._set_time(folder)

    def _apply(self, what: object, path: object, *values: object) -> None:
        assert isinstance(path, bytes)
        full = os.path.join(self.root, path)
        if what in {"write", "link", "directory", "hard link"}:
            os.makedirs(os.path.dirname(full), exist_ok=True)
        match what, values:
            case "write", (bytes() as content, int() as mode):
                self._write(full, content, mode)
            case "insert", (int() as at, bytes() as inserted):
                with open(full, "rb") as file:
                    old = file.read()
                self._write(full, old[:at] + inserted + old[at:], 0o644)
            case "directory", (int() as mode,):
                os.mkdir(full)
                self.modes[full] = mode
            case "link", (bytes() as text,):
                os.symlink(text, full)
                self._set_time(full)
            case "hard link", (bytes() as other,):
                os.link(os.path.join(self.root, other), full, follow_symlinks=False)
            case "rename", (bytes() as other,):
                os.rename(full, os.path.join(self.root, other))
            case "remove", ():
                if os.path.isdir(full) and not os.path.islink(full):
                    shutil.rmtree(full)
                else:
                    os.unlink(full)
            case "mode", (int() as mode,):
                if not os.path.islink(full) and not os.path.isdir(full):
                    os.chmod(full, mode)

    def _write(self, full: bytes, content: bytes, mode: int) -> None:
        if os.path.lexists(full):
            os.unlink(full)
        with open(full, "wb") as file:
            file.write(content)
        os.chmod(full, mode)
        self._set_time(full)

    def _set_time(self, full: bytes) -> None:
        self.now_s += 1
        when = self.now_s * 1_000_000_000 + 123_456_789
        os.utime(full, ns=(when, when), follow_symlinks=False)

    def _folders(self) -> list[bytes]:
        return [
            self.root,
            *(
                os.path.join(around, one)
                for around, inner, _ in os.walk(self.root)
                for one in inner
                if not os.path.islink(os.path.join(around, one))
            ),
        ]


@pytest.mark.slow
@pytest.mark.parametrize("delta", [False, True], ids=["whole files", "deltas"])
@settings(
    max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(stages=st.lists(st.lists(edits, min_size=1, max_size=15), min_size=1, max_size=3))
def test_the_trees_are_those_that_rsync_makes(
    stages: list[list[tuple[object, ...]]], delta: bool, gateway: Gateway
) -> None:
    """After each stage of edits source, our copy, and that of ``rsync -a --delete`` are the same."""
    program = shutil.which("rsync")
    if program is None:
        pytest.skip("needs the program rsync, which is not on this machine")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workshop = Workshop(os.fsencode(folder / "source"))
        rsync = RSync(folder / "source", verbose=False, delta=delta)
        for stage in stages:
            workshop.apply(stage)
            command = [program, "-a", "--delete", f"{folder / 'source'}/", f"{folder / 'theirs'}/"]
            subprocess.run(command, check=True, timeout=PATIENCE_S)
            rsync.add_target(gateway, folder / "ours", delete=True)
            rsync.send()
            expected = look(folder / "source")
            assert look(folder / "ours") == expected
            assert look(folder / "theirs") == expected
        rsync.add_target(gateway, folder / "ours", delete=True)
        result = rsync.send()
        assert result is not None
        assert result.targets[0].files_needed == 0
        for around, inner, _ in os.walk(folder):
            for one in inner:  # so that a user who is not root can remove them
                os.chmod(os.path.join(around, one), 0o755)
