from __future__ import annotations

import glob
import os
import subprocess
import sys

import pytest

from xnet.command_line import remote_program
from xnet_programs import ENVIRONMENT

pytestmark = pytest.mark.slow

OTHERS = [
    path
    for version in ("2.7", "3.6", "3.8", "3.13")
    for path in sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/{version}.*/bin/python")))[:1]
]
NONE = pytest.param("", marks=pytest.mark.skip("needs other versions of Python"))
CODE = """\
# -*- coding: utf-8 -*-
import sys, os
sys.stdout.write(u"h\\xe9\\n")
os.system("echo sub")
print("after")
sys.stderr.write("warned")
sys.exit(3)
"""


def test_the_text_is_python() -> None:
    compile(remote_program.SOURCE, "source", "exec")
    remote_program.SOURCE.encode("ascii")


@pytest.mark.parametrize("python", OTHERS or [NONE])
@pytest.mark.parametrize("as_file", [False, True])
def test_other_versions(python: str, as_file: bool) -> None:
    source = ["-f", "-"] if as_file else ["--", CODE, "é"]
    done = subprocess.run(
        [sys.executable, "-m", "xnet", "exec", f"popen//python={python}", *source],
        # Theirs is another library than that of this interpreter.
        env=ENVIRONMENT,
        input=CODE,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.stdout == "gw0: hé\ngw0: sub\ngw0: after\n"
    assert (done.stderr, done.returncode) == ("gw0: warned\n", 3)
