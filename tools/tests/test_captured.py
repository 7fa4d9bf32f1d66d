from __future__ import annotations

from pathlib import Path

import pytest

from check.captured import find_problems
from tree_builder import write_tree

PLACE = "packages/xnet-group/src/xnet_group/some.py"


def problems_of(tmp_path: Path, text: str) -> list[str]:
    return find_problems(write_tree(tmp_path, {PLACE: text}), {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import os\ndef f(): return os.read(1, 2)", "os.read"),
        ("from .interpreter import os\ndef f(): os.mkdir('a')", "os.mkdir"),
        ("import os as system\nsystem.kill(1, 2)", "os.kill"),
        ("import time\nwait = time.monotonic", "time.monotonic"),
        ("def f():\n    import time\n    time.sleep(1)", "time.sleep"),
        ("from time import monotonic", "time.monotonic"),
        ("from select import poll as look", "select.poll"),
        ("import subprocess\nsubprocess.Popen([])", "subprocess.Popen"),
        ("import threading\nclass A(threading.Thread): pass", "threading.Thread"),
        ("import threading\n@threading.Lock\ndef f(): pass", "threading.Lock"),
        ("import os\ndef f(fd=os.dup(0)): pass", "os.dup"),
        ("with open('file') as file: pass", "open"),
        ("import io\nio.open('file')", "io.open"),
    ],
)
def test_what_others_replace_is_found_by_its_name(tmp_path: Path, text: str, found: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.startswith(f"{PLACE}:")
    assert f": {found} may be somebody else's; call what xnet_channel.platform.native took" in problem


@pytest.mark.parametrize(
    "text",
    [
        "_monotonic = CLOCK.monotonic",
        "_read, _write = OS.read, OS.write",
        "def f(now=CLOCK.monotonic): pass",
        "def f(*, read=OS.read): pass",
        "class A:\n    def f(self, read=OS.read): pass",
    ],
)
def test_what_is_taken_out_of_its_class_is_found(tmp_path: Path, text: str) -> None:
    problems = problems_of(tmp_path, text)
    assert problems
    assert all("call it as the attribute of its class" in problem for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        "def f(): return CLOCK.monotonic() + OS.getpid()",
        "import os\nos.path.join(os.environ['A'])",
        "import time, os\nclass CLOCK:\n  monotonic = time.monotonic\nclass OS(object):\n  read = os.read",
        "import threading\nlock: threading.Lock = make()\ndef f(one: threading.Thread) -> threading.Event: 1",
        "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from time import sleep",
        "import mine\nmine.read()\nself.read()",
        "stream.open()",
    ],
)
def test_other_things_are_let_be(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text) == []


def test_programs_of_their_own_are_let_be(tmp_path: Path) -> None:
    write_tree(tmp_path, {"packages/xnet/src/xnet/command_line/serve.py": "import time\ntime.sleep(1)"})
    assert find_problems(tmp_path, {}) == []


def test_exceptions_have_to_be_needed(tmp_path: Path) -> None:
    write_tree(tmp_path, {PLACE: "import os, time\nos.read(1, 2)\ntime.sleep(1)"})
    assert find_problems(tmp_path, {PLACE: {"os.read": "a reason", "time.sleep": "another"}}) == []
    assert find_problems(tmp_path, {PLACE: {"*": "a reason"}}) == []
    problems = find_problems(tmp_path, {PLACE: {"*": "a reason", "os.kill": "none"}, "gone.py": {"*": ""}})
    assert problems == [
        "gone.py is listed in tools/check/allowed.py as using * by its name, and does not",
        f"{PLACE} is listed in tools/check/allowed.py as using os.kill by its name, and does not",
    ]
