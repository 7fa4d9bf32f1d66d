"""``xnet rsync``, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xnet_programs import ENVIRONMENT, run

pytestmark = pytest.mark.slow


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a" * 1000)
    (folder / "sub" / "b.pyc").write_text("b")
    (folder / "sub" / "é").write_text("c")
    (folder / "link").symlink_to("a.txt")
    return folder


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_text()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir() or path.is_symlink()
    }


def sync(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run("-m", "xnet", "rsync", *map(str, arguments))


def test_many_targets_and_one_that_is_not_there(source: Path, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two:2", "three")]
    specs = ["popen", f"popen//python={sys.executable} -E//id=bare", "popen//via=bare"]
    targets = [f"{spec}:{place}" for spec, place in zip(specs, places, strict=True)]
    done = sync(f"{source}/", *targets, f"popen//python=/no/such:{tmp_path}/four")
    assert [tree(place) for place in places] == [tree(source)] * 3
    assert done.stdout.startswith(f"gw0:{places[0]}: 3 of 3 files, 1.0 kB brought up to date by sending ")
    assert f"bare:{places[1]}: 3 of 3 files" in done.stdout
    assert done.stderr.startswith(f"xnet: gw3:{tmp_path}/four: cannot start '/no/such'")
    assert done.returncode == 3
    again = sync(source, targets[0])
    assert "0 of 0 files" in again.stdout
    assert (again.returncode, again.stderr) == (0, "")


def test_no_bars_and_no_colours_in_a_pipe(source: Path, tmp_path: Path) -> None:
    done = sync(source, f"popen:{tmp_path}/copy", "-v")
    assert "\x1b" not in done.stdout + done.stderr
    assert sorted(done.stdout.splitlines()[:-1]) == ["gw0: a.txt", "gw0: sub/b.pyc", "gw0: sub/é"]
    assert sync(source, f"popen:{tmp_path}/copy", "-q").stdout == ""


def test_a_dry_run_changes_nothing(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "old").write_text("old")
    (copy / "a.txt").write_text("changed")
    before = tree(copy)
    done = sync("-n", "--delete", source, f"popen:{copy}")
    assert tree(copy) == before
    assert f"gw0:{copy}: replace a.txt (1.0 kB)\n" in done.stdout
    assert f"gw0:{copy}: remove old\n" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(" to change, 1 to remove")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(sync("-n", "--delete", "--json", source, f"popen:{copy}").stdout)
    assert found["dry_run"] is True
    (target,) = found["targets"]
    assert {"action": "replace", "path": "a.txt", "size": 1000} in target["planned"]
    assert target["removed"] == ["old"]


def test_patterns_and_delete(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    sync(source, f"popen:{copy}")
    done = sync(source, f"popen:{copy}", "--exclude", "*.pyc", "--delete")
    assert "sub/b.pyc" not in tree(copy)
    assert ", 1 removed, " in done.stdout
    done = sync(source, f"popen:{tmp_path}/some", "--include", "*.txt", "--json")
    assert [name for name in tree(tmp_path / "some") if name.endswith(("txt", "pyc"))] == ["a.txt"]
    found = json.loads(done.stdout)
    assert found["targets"][0]["files_done"] == 1
    assert found["targets"][0]["spec"] == "popen"


def test_through_a_gateway_that_is_no_target(source: Path, tmp_path: Path) -> None:
    done = sync(source, f"popen//via=hop:{tmp_path}/copy", "--through", "popen//id=hop")
    assert (done.returncode, done.stderr) == (0, "")
    assert tree(tmp_path / "copy") == tree(source)


def test_a_target_that_cannot_be_written_to_is_a_sentence(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = sync(source, f"popen:{tmp_path}/file/x", f"popen:{tmp_path}/copy")
    assert done.returncode == 1
    assert tree(tmp_path / "copy") == tree(source)
    assert "Traceback" not in done.stdout + done.stderr
    assert "Not a directory" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/no/such/source", "popen:/x"), "does not exist"),
        ((".", "popen"), "xnet: the target 'popen' has no destination: expected SPEC:DEST"),
        ((".", "popen:relative"), "where DEST begins with / or ./ or ../"),
        ((".", "fly=x:/x"), "xnet: no gateway type found"),
        ((".", "popen//id=a:/x", "popen//id=a:/y"), "have the id a"),
        ((".",), "Missing argument 'SPEC:DEST...'"),
    ],
)
def test_a_command_line_that_means_nothing(arguments: tuple[str, ...], words: str) -> None:
    done = sync(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_it_starts(tmp_path: Path) -> None:
    command = subprocess.Popen(
        [
            *(sys.executable, "-m", "xnet", "rsync", str(tmp_path)),
            "command=sh -c 'echo begun >&2; exec sleep 600':/x",
        ],
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stderr is not None
    assert command.stderr.readline() == "begun\n"
    command.send_signal(signal.SIGINT)
    assert command.communicate(timeout=200)[1] == "xnet: interrupted\n"
    assert command.returncode == 130


def test_setuid_bits_travel_when_they_are_asked_for(source: Path, tmp_path: Path) -> None:
    (source / "a.txt").chmod(0o4755)
    for name, options, mode in ("without", (), 0o755), ("with", ("--setuid",), 0o4755):
        assert sync(source, f"popen:{tmp_path / name}", *options).returncode == 0
        assert (tmp_path / name / "a.txt").stat().st_mode & 0o7777 == mode
