from __future__ import annotations

from pathlib import Path

import pytest

from check.machine_names import find_problems
from tree_builder import write_tree

# Written in pieces, so that the check does not find them in this file.
VIOLATIONS = [
    "open('/ro" + "ot/data')",
    "cd /wo" + "rk/main",
    "see /ho" + "me/somebody/notes",
    "from files.python" + "hosted.org",
    "https://py" + "pi.org/simple",
    "npm install from registry.npm" + "js.org",
    "pip install --extra-index" + "-url x",
]
HARMLESS = [
    "popen//chdir=/tmp",
    "popen//chdir=/home/me/data",
    "network/work/main",
    "the registry.yaml of the protocol",
    "`/dev/null` and /etc/passwd",
    "https://www.rfc-editor.org/rfc/rfc8949",
    "the path $HOME/work/here",
    "pytest -p xnet.xdist",
]


@pytest.mark.parametrize("line", VIOLATIONS)
def test_a_line_that_names_a_machine_or_an_index_is_found(tmp_path: Path, line: str) -> None:
    write_tree(tmp_path, {"notes.md": f"first line\n{line}\n"})
    (problem,) = find_problems(tmp_path)
    assert problem.startswith("notes.md:2: ")


@pytest.mark.parametrize("line", HARMLESS)
def test_other_paths_and_hosts_are_left_alone(tmp_path: Path, line: str) -> None:
    write_tree(tmp_path, {"notes.md": line})
    assert find_problems(tmp_path) == []
