from __future__ import annotations

import os
import subprocess

from soak.leaks import Held, children


def test_what_is_left_is_said() -> None:
    held = Held.now()
    assert held.left(2**30) == []
    fds = os.pipe()
    try:
        assert f"{held.descriptors + 2} descriptors, {held.descriptors} before" in held._compare(
            Held.now(), 2**30
        )
    finally:
        for fd in fds:
            os.close(fd)
    assert held._compare(Held.now(), -(2**40))[0].endswith("MB more")


def test_children_are_found() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        assert process.pid in children()
        process.communicate()
    assert process.pid not in children()
