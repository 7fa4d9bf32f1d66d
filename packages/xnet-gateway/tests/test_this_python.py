"""Where ``sys.executable`` is no interpreter, the program is not started in its place, again and again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway_helpers import PROGRAM_HEAD, run_program
from xnet_gateway.this_python import this_python

#: Notes that it was started, and tells what becomes of a gateway.
PROGRAM = (
    "#!{python}\n"
    "import sys\n"
    "sys.path[:0] = {path!r}\n"
    "with open({log!r}, 'a') as file:\n    file.write('started\\n')\n"
    "{pretence}\n"
    + PROGRAM_HEAD.replace("{", "{{").replace("}", "}}")
    + "from xnet_gateway.errors import HostNotFound\n"
    "try:\n"
    "    gateway = make({spec!r})\n"
    "    print(gateway.remote_exec('channel.send(1)').receive(200))\n"
    "    end(gateway)\n"
    "except HostNotFound as error:\n"
    "    print(error)\n"
    "    sys.exit(1)\n"
)


def run(folder: Path, pretence: str, spec: str = "popen//id=gw0") -> tuple[str, int]:
    """Run the program; return what it said, and how often it was started."""
    program, log = folder / "app", folder / "log"
    program.write_text(
        PROGRAM.format(python=sys.executable, path=sys.path, log=str(log), pretence=pretence, spec=spec)
    )
    program.chmod(0o755)
    done = subprocess.run([program], capture_output=True, text=True, timeout=200, check=False)
    # What a second one of it says is passed on as it comes.
    assert done.stderr in ("", *done.stdout.splitlines(keepends=True))
    return done.stdout, len(log.read_text().splitlines())


@pytest.mark.parametrize(
    ("pretence", "words"),
    [
        ("sys.frozen = True; sys.executable = __file__", "this program is frozen, and "),
        ("sys.frozen = 'windows_exe'", "this program is frozen, and "),
        ("sys.executable = __file__", "would start this program again"),
        ("sys.executable = None", "no interpreter to start"),
        ("sys.executable = ''", "no interpreter to start"),
    ],
)
@pytest.mark.parametrize("spec", ["popen//id=gw0", "popen//id=gw0//python="])
def test_a_program_that_is_its_own_interpreter(tmp_path: Path, pretence: str, words: str, spec: str) -> None:
    said, starts = run(tmp_path, pretence, spec)
    assert f"no gateway for '{spec}': " in said
    assert words in said
    assert "popen//python=" in said
    assert starts == 1


def test_a_frozen_program_with_an_interpreter(tmp_path: Path) -> None:
    spec = f"popen//id=gw0//python={sys.executable}"
    assert run(tmp_path, "sys.frozen = True; sys.executable = __file__", spec) == ("1\n", 1)


def test_one_that_cannot_be_told_from_an_interpreter_starts_itself_once(tmp_path: Path) -> None:
    """What is called in its place takes no arguments and runs the program."""
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\nexec "{tmp_path}/app" "$@"\n')
    wrapper.chmod(0o755)
    said, starts = run(tmp_path, f"sys.executable = {str(wrapper)!r}")
    assert "the other side ended" in said
    assert "has started this program again: it is not an interpreter; name one with python=" in said
    assert starts == 2


def test_a_program_without_arguments() -> None:
    """As where Python is a part of another program."""
    for pretence in ("del sys.argv", "sys.argv = []", "sys.argv = [None, 5]"):
        done = run_program(f"{pretence}\nend(make())\nprint('done')")
        assert (done.stdout, done.stderr) == ("done\n", "")


def test_the_path_of_ours() -> None:
    assert this_python() == sys.executable


def test_a_worker_is_an_interpreter() -> None:
    """Its command line is that of a worker, and it may start others."""
    done = run_program(
        "gateway = make()\n"
        "text = '''from xnet_gateway.starting import begin; from xnet_gateway.xspec import XSpec\n"
        "inner = begin(XSpec('popen//id=inner')).finish()\n"
        "channel.send(inner.remote_exec('channel.send(2)').receive(200)); inner.exit()'''\n"
        "print(gateway.remote_exec(text).receive(200))\nend(gateway)"
    )
    assert (done.stdout, done.stderr) == ("2\n", "")


def test_no_server_either(tmp_path: Path) -> None:
    program = (
        "import sys; sys.executable = ''\n"
        "from xnet_gateway.this_python import this_python\n"
        "try: this_python()\nexcept OSError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=dict(os.environ),
    )
    assert "sys.executable is empty" in done.stdout
