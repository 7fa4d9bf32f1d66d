"""A link never blocks on its testee, whatever that does, and leaves no process behind."""

from __future__ import annotations

import os
import shlex
import sys
import time

import pytest

from xnet_conformance.errors import CannotStart
from xnet_conformance.link import KEPT_STDERR_BYTES, Link, start

PATIENCE_S = 200.0


def run(source: str, stdio: str = "pipes", **environ: str) -> Link:
    return start(shlex.join([sys.executable, "-S", "-c", source]), stdio=stdio, environ=environ)


def wait(link: Link, done: str) -> None:
    """Pump until the bytes are there, or the end."""
    deadline = time.monotonic() + PATIENCE_S
    while done.encode() not in link.received and not link.ended:
        assert link.pump(deadline), "nothing came in time"


@pytest.mark.parametrize("stdio", ["pipes", "socket"])
def test_bytes_go_both_ways_and_the_end_of_input_is_seen(stdio: str) -> None:
    link = run("import os\nwhile 1:\n d = os.read(0, 99)\n if not d: break\n os.write(1, d.upper())", stdio)
    link.write(b"hello")
    wait(link, "HELLO")
    link.close_input()
    assert link.wait_exit(time.monotonic() + PATIENCE_S) == 0
    wait(link, "no such text")
    assert link.ended
    link.close()


def test_a_testee_that_does_not_read_blocks_nobody() -> None:
    link = run("import time; time.sleep(1000)")
    link.write(b"x" * 5_000_000)
    assert link.unwritten_bytes > 0
    assert link.wait_exit(time.monotonic()) is None
    link.close()
    assert link.process is not None
    assert link.process.returncode is not None


def test_writing_to_one_that_has_gone_breaks_the_link_and_nothing_else() -> None:
    link = run("")
    assert link.wait_exit(time.monotonic() + PATIENCE_S) == 0
    link.write(b"x" * 1000)
    link.write(b"x" * 1000)
    assert link.broken
    link.close()


def test_standard_error_is_kept_to_a_limit() -> None:
    link = run("import sys; sys.stderr.write('e' * 1000000)")
    link.drain_stderr(time.monotonic() + PATIENCE_S)
    assert len(link.stderr) == KEPT_STDERR_BYTES
    link.close()


def test_whatever_a_testee_has_started_ends_with_it() -> None:
    link = run("import os, time\npid = os.fork()\nif pid: os.write(1, b'%d.' % pid)\ntime.sleep(1000)")
    wait(link, ".")
    child = int(link.received.split(b".")[0])
    link.close()
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with open(f"/proc/{child}/stat") as file:
                if file.read().split()[2] == "Z":
                    return
        except OSError:
            return
        os.sched_yield()
    pytest.fail(f"process {child} still runs")


def test_bytes_can_be_changed_on_their_way() -> None:
    link = run("import os; os.write(1, os.read(0, 99))")
    link.change_outgoing = bytes.upper
    link.change_incoming = lambda data: data[::-1]
    link.write(b"abc")
    wait(link, "CBA")
    link.close()


def test_variables_are_given_and_a_program_that_is_not_there_is_named() -> None:
    link = run("import os; print(os.environ['XNET_TEST'], flush=True)", XNET_TEST="there")
    wait(link, "there")
    link.close()
    with pytest.raises(CannotStart, match=r"'/nonexistent/program' cannot be started"):
        start("/nonexistent/program")
