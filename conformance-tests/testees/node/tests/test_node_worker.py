"""The worker in JavaScript passes its own tests, which Node runs: one test here for each file of them.

They play the dialogues of the specification with it, decode its examples, and try what it must refuse.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
FILES = sorted(path.name for path in HERE.glob("*.test.mjs"))
SECONDS = 900


def test_there_are_tests() -> None:
    assert len(FILES) >= 7


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 10)
@pytest.mark.parametrize("name", FILES)
def test_tests_of_node_pass(node: str, name: str) -> None:
    command = [node, "--test", "--test-reporter=tap", str(HERE / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    failed = "\n".join(re.findall(r"(?ms)^not ok.*?^  \.\.\.$", done.stdout))
    assert done.returncode == 0, failed or done.stdout + done.stderr
    counts = {word: int(number) for word, number in re.findall(r"^# (\w+) (\d+)$", done.stdout, re.M)}
    assert counts["pass"] == counts["tests"] > 0, done.stdout
