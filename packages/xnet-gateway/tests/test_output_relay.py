"""What workers print arrives whole, in order, and never blocks the reactor. Spec: GW-041, TR-012."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway_helpers import PATIENCE_S, eventually, run_program, start_program, stderr_in
from xnet_gateway.bare import relay_program
from xnet_gateway.output_relay import TAIL_BYTES, TAIL_LINES, OutputRelay, telling_lines
from xnet_gateway.output_writer import WRITER


@contextmanager
def relayed(directory: Path) -> Iterator[tuple[int, OutputRelay, Path]]:
    """The writing end of a relayed pipe, the relay, and the file that descriptor 2 is meanwhile."""
    read, write = os.pipe()
    with stderr_in(directory / "stderr") as said:
        relay = OutputRelay(read)
        try:
            yield write, relay, said
        finally:
            os.close(write)
            # What remains is written when the end has been noticed.
            assert eventually(lambda: relay._closed and not relay._rest and WRITER.is_idle())


def arrived(said: Path, text: str) -> bool:
    return eventually(lambda: said.read_text() == text)


def test_lines_pass(tmp_path: Path) -> None:
    with relayed(tmp_path) as (write, relay, said):
        os.write(write, b"one\ntwo\n")
        assert arrived(said, "one\ntwo\n")
        assert relay.tail() == "one\ntwo"


def test_an_incomplete_line_comes_a_moment_later(tmp_path: Path) -> None:
    with relayed(tmp_path) as (write, _, said):
        os.write(write, b"password: ")
        assert arrived(said, "password: ")
        os.write(write, b"no\n")
        assert arrived(said, "password: no\n")


def test_lines_have_a_prefix_once_there_is_one(tmp_path: Path) -> None:
    with relayed(tmp_path) as (write, relay, said):
        os.write(write, b"before\n")
        assert arrived(said, "before\n")
        relay.prefix_lines(b"gw0: ")
        read: list[bytes] = [b"before\n"]

        def all_read() -> bool:
            return relay._tail == b"".join(read)

        for data in (b"one\n\ntw", b"o", b"\n", b"three\nfo", b"ur"):
            read.append(data)
            os.write(write, data)
            assert eventually(all_read)
        assert arrived(said, "before\ngw0: one\ngw0: \ngw0: two\ngw0: three\n")
        assert relay.tail() == "before\none\n\ntwo\nthree\nfour"
    assert said.read_text().endswith("gw0: three\ngw0: four\n"), "a line with a prefix has an end"


def test_the_rest_comes_at_the_end(tmp_path: Path) -> None:
    with relayed(tmp_path) as (write, _, said):
        os.write(write, b"a\n" + b"b" * 10_000)
    assert said.read_text() == "a\n" + "b" * 10_000


def test_the_tail_is_bounded_and_survives_odd_bytes(tmp_path: Path) -> None:
    with relayed(tmp_path) as (write, relay, _):
        os.write(write, b"\xff\xfe\n" + b"".join(b"%d\n" % number for number in range(5000)))
        assert eventually(lambda: relay.tail().endswith("4999"))
        assert len(relay.tail().splitlines()) == TAIL_LINES
        for _ in range(100):
            os.write(write, b"x")  # byte by byte: the tail is counted in bytes, not in writes
        os.write(write, b"\n")
        assert eventually(lambda: "x" * 100 in relay.tail())
        assert "4999" in relay.tail()
        os.write(write, b"\xff" * 3 * TAIL_BYTES + b"\n")
        assert eventually(lambda: len(relay.tail()) == TAIL_BYTES - 1)


#: The same in the program behind ``via=``, which has no types.
OF_RELAYS: Callable[[list[str]], list[str]] = getattr(relay_program, "telling_lines")  # noqa: B009


def test_of_a_crash_that_python_reports_its_beginning_is_kept() -> None:
    frames = [f'  File "x.py", line {number} in f' for number in range(60)]
    report = ["Fatal Python error: Aborted", "", "Thread 0x1 (most recent call first):", *frames, ""]
    report += ["Current thread 0x2 (most recent call first):", *frames, "", "Extension modules: a (total: 1)"]
    told = telling_lines(["before", *report])
    assert told == [report[0], "Current thread 0x2 (most recent call first):", *frames[: TAIL_LINES - 2]]
    assert OF_RELAYS(["before", *report]) == told
    short = ["Fatal Python error: init failed", "Python runtime state: core initialized"]
    assert telling_lines(short) == OF_RELAYS(short) == short


def test_tr_012_lines_of_several_workers_do_not_mix() -> None:
    done = run_program("""
gateways = [make(f"popen//id=g{number}") for number in range(4)]
channels = [gateway.remote_exec('''
    import os
    for number in range(2000):
        os.write(1, b"%s line %d of one worker\\\\n" % (channel.gateway.id.encode(), number))
''') for gateway in gateways]
for channel in channels:
    channel.waitclose(200)
for gateway in gateways:
    end(gateway)
""")
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    for worker in range(4):
        mine = [line for line in lines if line.startswith(f"g{worker}-worker ")]
        assert mine == [f"g{worker}-worker line {number} of one worker" for number in range(2000)]
    assert len(lines) == 8000


def test_a_stderr_that_nobody_reads_blocks_neither_other_gateways_nor_loses_lines() -> None:
    """The worker that prints waits, like on any full pipe; what it printed comes when it is read."""
    program = start_program("""
loud, quiet = make("popen//id=loud"), make("popen//id=quiet")
printing = loud.remote_exec("import os\\nfor i in range(20_000): os.write(1, b'line %d\\\\n' % i)")
channel = quiet.remote_exec("for item in channel: channel.send(item)")
for number in range(1000):
    channel.send(number)
    assert channel.receive(200) == number
print("quiet works", flush=True)
sys.stdin.readline()
printing.waitclose(200)
end(loud)
end(quiet)
""")
    assert program.stdout is not None
    assert program.stdout.readline() == "quiet works\n"
    _, err = program.communicate("go on\n", timeout=PATIENCE_S)
    assert program.returncode == 0
    assert err.splitlines() == [f"line {number}" for number in range(20_000)]


def test_the_last_lines_are_written_before_the_interpreter_has_ended() -> None:
    """What two full pipes hold when the worker has ended still comes, if somebody reads it soon."""
    program = start_program("""
gateway = make()
printing = gateway.remote_exec("import os\\nfor i in range(10_000): os.write(1, b'line %d\\\\n' % i)")
printing.waitclose(200)
end(gateway)
print("ended", flush=True)
""")
    assert program.stdout is not None
    assert program.stdout.readline() == "ended\n"
    _, err = program.communicate(timeout=PATIENCE_S)
    assert err.splitlines() == [f"line {number}" for number in range(10_000)]


def test_a_closed_stderr_disturbs_nothing() -> None:
    done = run_program("""
os.close(2)
gateway = make()
channel = gateway.remote_exec("print('x' * 100_000, flush=True); channel.send(1)")
assert channel.receive(200) == 1
end(gateway)
""")
    assert done.returncode == 0


def test_a_grandchild_that_goes_on_printing_does_not_hold_the_end() -> None:
    done = run_program("""
gateway = make()
grandchild = gateway.remote_exec('''
    import os
    pid = os.fork()
    if pid == 0:
        while True:
            os.write(1, b"still here\\\\n")
    channel.send(pid)
''').receive(200)
try:
    gateway._io.kill_now()
    assert gateway.wait(200) == -signal.SIGKILL
finally:
    os.kill(grandchild, signal.SIGKILL)
""")
    assert done.returncode == 0
    assert set(done.stderr.splitlines()[:-1]) <= {"still here"}
