"""Why a worker of pytest-xdist died, in the line that names the test: with real workers that die."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from xnet.worker_deaths import LOST, captured_words, oom_kills, reason_of, watch
from xnet_programs import ENVIRONMENT, run

if TYPE_CHECKING:
    from sshd_helpers import Sshd

xdist = pytest.importorskip("xdist", reason="needs pytest-xdist, which is not installed")

#: What a test does, and what is said then, by the name of the test.
PROCESS = r"its process \(pid \d+\) "
CRASH = (
    r"was killed by signal 11 \(SIGSEGV\); its last output was:\n"
    r"Fatal Python error: Segmentation fault\nCurrent thread .*\n(  File .*\n)*"
    r'  File ".*/test_deaths.py", line \d+ in test_crash\n'
)
WORDS = r"exited with status 4; its test had printed:\nwhy\ntoo\n"
ABORT = (
    r"was killed by signal 6 \(SIGABRT\); its last output was:\nFatal Python error: Aborted\n"
    r"(.*\n)*?its test had printed:\nwhy\n"
)
DEATHS = {
    "exit": ("os._exit(3)", PROCESS + "exited with status 3"),
    "zero": ("os._exit(0)", PROCESS + "exited with status 0"),
    "kill": ("os.kill(os.getpid(), 9)", PROCESS + r"was killed by signal 9 \(SIGKILL\)"),
    "crash": ("import ctypes; ctypes.string_at(0)", PROCESS + CRASH),
    "words": ("print('why', file=sys.stderr); os.system('echo too >&2'); os._exit(4)", PROCESS + WORDS),
    "abort": ("os.write(2, b'why\\n'); os.abort()", PROCESS + ABORT),
}


def deaths(folder: Path, *options: str, names: tuple[str, ...] = tuple(DEATHS)) -> str:
    """Run pytest-xdist over tests that die; return what it prints."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    tests = [f"def test_{name}():\n    {DEATHS[name][0]}\n" for name in names]
    (folder / "test_deaths.py").write_text("import os, sys\n" + "".join(tests))
    done = run("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider", *options, cwd=folder)
    assert f"{len(names)} failed" in done.stdout.strip().splitlines()[-1], done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def crashed(name: str, reason: str) -> str:
    return rf"worker 'gw\d+' crashed while running 'test_deaths.py::test_{name}': .*{reason}"


def test_the_line_that_names_the_test_says_how_its_worker_died(tmp_path: Path) -> None:
    said = deaths(tmp_path, "-n", "2")
    for name, (_, reason) in DEATHS.items():
        assert re.search(crashed(name, reason), said), (name, said)
        assert re.search(rf"\[gw\d+\] node down: Not properly terminated: .*{reason}", said), (name, said)


@pytest.mark.parametrize(
    "options",
    [
        ("--px", "popen//id=px", "--dist", "load", "--tx", "popen//via=px"),
        ("--dist", "load", "--tx", f"popen//python=env A=b {sys.executable}"),
    ],
    ids=["via", "another interpreter"],
)
def test_of_workers_reached_otherwise(tmp_path: Path, options: tuple[str, ...]) -> None:
    said = deaths(tmp_path, *options, names=("exit", "kill", "crash"))
    for name in ("exit", "kill", "crash"):
        assert re.search(crashed(name, DEATHS[name][1]), said), (name, said)


def test_without_capture_its_last_output_is_there(tmp_path: Path) -> None:
    said = deaths(tmp_path, "-s", "-n", "1", names=("words",))
    assert re.search(
        crashed("words", r"exited with status 4; its last output was:\n(.*\n)*?why\ntoo\n"), said
    ), said


def test_what_is_captured_is_reported_as_ever(tmp_path: Path) -> None:
    """The file behind the numbers is another; what pytest makes of it is not."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_captured.py").write_text("""
import os, sys, pytest

@pytest.mark.parametrize("number", range(3))
def test_some(number):
    print("text", number, file=sys.stderr)
    os.system(f"echo child {number} >&2")
    assert 0

def test_capfd(capfd):
    os.write(2, b"bytes")
    assert capfd.readouterr().err == "bytes"
""")
    done = run("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider", "-n1", cwd=tmp_path)
    assert "3 failed, 1 passed" in done.stdout, done.stdout
    for number in range(3):
        assert f"- Captured stderr call -----------------------------\ntext {number}\nchild {number}\n__" in (
            done.stdout.replace("=", "_")
        )


def test_nothing_is_left_of_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "test_one.py").write_text(
        "import glob, os\n"
        "def test_one():\n"
        "    os.write(2, b'words')\n"
        "    (path,) = glob.glob(os.environ['TMPDIR'] + '/xnet-captured-*/gw0')\n"
        "    assert open(path).read() == 'words' and os.stat(path).st_mode & 0o77 == 0\n"
    )
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(tmp_path / "temporary"))
    done = run("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider", "-n1", cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert not list((tmp_path / "temporary").glob("xnet-captured-*"))


@pytest.fixture
def little_memory() -> Iterator[Path]:
    """Return a control group in which 100 MB are too much."""
    for root, limit, bound in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "100M"),
        (Path("/sys/fs/cgroup"), "memory.max", "100M"),
    ):
        group = root / f"xnet-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(bound)
        except OSError:
            group.rmdir()
            continue
        yield group
        shutil.rmtree(group, ignore_errors=True)  # its files cannot be removed, and go with the folder
        if group.exists():
            group.rmdir()
        return
    pytest.skip("needs a control group that limits memory, which this user cannot make here")


@pytest.mark.slow
def test_the_kernel_says_that_memory_was_short(tmp_path: Path, little_memory: Path) -> None:
    if oom_kills() is None:
        pytest.skip("needs oom_kill in /proc/vmstat, which this kernel does not have")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_memory.py").write_text(
        "import os\n"
        "def test_much():\n"
        f"    open({str(little_memory / 'cgroup.procs')!r}, 'w').write(str(os.getpid()))\n"
        "    kept = [b'x' * 1_000_000 for _ in range(400)]\n"
    )
    done = run("-m", "pytest", "-p", "xnet.xdist", "-p", "no:cacheprovider", "-n1", cwd=tmp_path)
    words = r"\(SIGKILL\), out of memory: the kernel has killed \S+ process\S* for lack of it"
    assert re.search(rf"crashed while running 'test_memory.py::test_much': .*{words}", done.stdout), (
        done.stdout + done.stderr
    )


@pytest.mark.slow
def test_a_worker_on_another_machine(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    helpers = pytest.importorskip("sshd_helpers", reason="needs the tests of xnet-gateway beside these")
    sshd: Sshd = helpers.Sshd(tmp_path_factory.mktemp("sshd"))
    try:
        spec = f"ssh=here//ssh_config={sshd.config}//python={sys.executable}//chdir={tmp_path}"
        said = deaths(tmp_path, "--dist", "load", "--tx", spec, names=("exit", "kill", "crash"))
    finally:
        sshd.stop()
    assert re.search(crashed("exit", r"exited with status 3; its last output was:"), said), said
    assert re.search(
        crashed("kill", r"exited with status 255 \(with which ssh reports that the worker was killed"), said
    )
    assert re.search(crashed("crash", r"status 255 \(.*(.*\n)*?Fatal Python error: Segmentation fault"), said)


def test_reasons_of_other_kinds() -> None:
    spec = SimpleNamespace(ssh=None, vagrant_ssh=None)
    assert reason_of(None, spec, None).startswith("the worker's pytest has ended")
    silent = EOFError("gateway gw0: nothing was heard of build for 60.0 s")
    assert captured_words("/no/such/file") == LOST
    assert reason_of(silent, spec, None) == "nothing was heard of build for 60.0 s"


def test_a_node_whose_events_nobody_wants_is_left_alone() -> None:
    """pytest-xdist sets no callback then, and its own tests receive from the channel."""
    node = SimpleNamespace(putevent=None)
    watch(node)
    assert (node.putevent, node.death) == (None, None)


def test_what_the_kernel_says(tmp_path: Path) -> None:
    file = tmp_path / "vmstat"
    file.write_text("pgfault 1\noom_kill 12\nnr_unstable 0\n")
    assert oom_kills(str(file)) == 12
    file.write_text("pgfault 1\n")
    assert oom_kills(str(file)) is None
    assert oom_kills(str(tmp_path / "none")) is None
