"""A standard error that takes nothing holds up nobody but who writes to it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from gateway_helpers import PATIENCE_S, PROGRAM_HEAD, busy, eventually, start_program
from xnet_gateway.output_writer import MOST_BYTES, OutputWriter

#: A gateway that prints, and another one whose callback has to get everything meanwhile.
LOUD_AND_QUIET = """
loud, quiet = make("popen//id=loud"), make("popen//id=quiet")
loud.remote_exec("import os\\nfor number in range(100_000): os.write(1, b'line %d\\\\n' % number)")
while loud._io._relay.tail().count("line") < 5:
    time.sleep(0.005)
from xnet_gateway.output_writer import WRITER
while WRITER.has_room():
    time.sleep(0.005)
ended = threading.Event()
got = []
channel = quiet.remote_exec("for number in range(500): channel.send(number)")
channel.setcallback(lambda item: ended.set() if item is None else got.append(item), endmarker=None)
assert ended.wait(200), "the reactor hangs"
assert got == list(range(500))
began_s = time.monotonic()
loud._io.kill_now()
assert loud.wait(200) == -9
end(quiet)
assert time.monotonic() - began_s < 5 * float(sys.argv[1])
print("all well", flush=True)
"""


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal; its other end is read by nobody, as while a multiplexer is suspended."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_a_terminal_that_takes_nothing_holds_up_no_other_gateway(terminal: tuple[int, int]) -> None:
    """It says that there is room when there is some, and blocks whoever writes more than that."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM_HEAD + LOUD_AND_QUIET, str(busy())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal[1],
        timeout=2 * PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"all well\n")
    assert os.read(terminal[0], 7) == b"line 0\r"


def test_what_was_printed_is_written_before_the_end_is_known() -> None:
    """Whoever waited for a worker finds its words in front of his own."""
    program = start_program("""
for _ in range(5):
    gateway = make()
    gateway.remote_exec("print('worker')").waitclose(200)
    end(gateway)
    os.write(2, b"program\\n")
""")
    assert program.communicate(timeout=PATIENCE_S)[1].splitlines() == ["worker", "program"] * 5


def test_lines_above_the_most_that_waits_are_counted_and_the_count_is_told() -> None:
    program = start_program("""
from xnet_gateway.output_writer import WRITER, MOST_BYTES
line = b"%09d\\n"
for number in range(MOST_BYTES // 5):
    WRITER.write(line % number)
print("given", flush=True)
sys.stdin.readline()
while not WRITER.is_idle():
    time.sleep(0.005)
WRITER.write(b"afterwards\\n")
""")
    assert program.stdout is not None
    assert program.stdout.readline() == "given\n"
    _, err = program.communicate("go on\n", timeout=PATIENCE_S)
    *lines, told, last = err.splitlines()
    assert lines == [f"{number:09}" for number in range(len(lines))]
    assert len(lines) >= MOST_BYTES // 10
    found = re.fullmatch(r"\[xnet: (\d+) lines that workers wrote are left out: standard error .*\]", told)
    assert found is not None
    assert int(found[1]) + len(lines) == MOST_BYTES // 5
    assert last == "afterwards"


def test_a_standard_error_that_does_not_block_loses_nothing() -> None:
    """Others who have the descriptor may have made it so."""
    program = start_program("""
from xnet_gateway.output_writer import WRITER
os.set_blocking(2, False)
for number in range(20_000):
    WRITER.write(b"%09d\\n" % number)
print("given", flush=True)
sys.stdin.readline()
while not WRITER.is_idle():
    time.sleep(0.005)
""")
    assert program.stdout is not None
    assert program.stdout.readline() == "given\n"
    _, err = program.communicate("go on\n", timeout=PATIENCE_S)
    assert err.splitlines() == [f"{number:09}" for number in range(20_000)]


def test_an_interpreter_ends_although_its_standard_error_takes_nothing() -> None:
    began_s = time.monotonic()
    program = start_program("""
gateway = make()
gateway.remote_exec("print('x' * 1_000_000)")
from xnet_gateway.output_writer import WRITER
while WRITER.has_room():
    time.sleep(0.005)
""")
    assert program.wait(PATIENCE_S) == 0
    assert time.monotonic() - began_s < 15 * busy()
    program.communicate(timeout=PATIENCE_S)


def test_there_is_no_thread_while_there_is_nothing_to_write() -> None:
    program = start_program("""
from xnet_gateway.output_writer import WRITER
names = lambda: [thread.name for thread in threading.enumerate()]
assert "xnet-output" not in names()
WRITER.write(b"word\\n")
while not WRITER.is_idle() or "xnet-output" in names():
    time.sleep(0.005)
""")
    assert program.communicate(timeout=PATIENCE_S)[1] == "word\n"
    assert program.returncode == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_leaves_what_waits_to_its_parent() -> None:
    program = start_program("""
from xnet_gateway.output_writer import WRITER
for number in range(20_000):
    WRITER.write(b"%09d\\n" % number)
if os.fork() == 0:
    os._exit(not WRITER.is_idle())
print(os.wait()[1], flush=True)
""")
    assert program.stdout is not None
    assert program.stdout.readline() == "0\n"
    program.kill()
    program.communicate(timeout=PATIENCE_S)


def test_room_is_told_once() -> None:
    writer = OutputWriter()
    told: list[str] = []
    writer.when_room(lambda: told.append("room"))
    writer.when_written(lambda: told.append("written"))
    assert eventually(lambda: sorted(told) == ["room", "written"])
