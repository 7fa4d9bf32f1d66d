"""``Popen2IO`` reads and writes files; ``init_popen_io`` those of the process."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from xnet.compat.popen_io import Popen2IO
from xnet_gateway.execmodel import get_execmodel
from xnet_programs import ENVIRONMENT

PROGRAM = """
import os, sys
import execnet.gateway_base as base
stream = base.init_popen_io(base.get_execmodel("thread"))
print("nobody sees this", flush=True)
os.write(1, b"nor this")
print(repr(sys.stdin.read()), type(stream).__name__, file=sys.stderr)
stream.write(stream.read(3)[::-1])
try:
    stream.read(3)
except stream.error as error:
    print(type(error).__name__, error, file=sys.stderr)
stream.close_read(); stream.close_write(); stream.close_write()
"""


def outcome_of(prefix: str) -> tuple[bytes, str]:
    command = [sys.executable, "-c", prefix + PROGRAM]
    done = subprocess.run(
        command, input=b"abcd", env=ENVIRONMENT, capture_output=True, timeout=200, check=True
    )
    return done.stdout, done.stderr.decode()


def test_the_streams_of_a_process() -> None:
    expected = (b"cba", "'' Popen2IO\nEOFError expected 3 bytes, got 1\n")
    assert outcome_of("import xnet; xnet.install_as_execnet()") == expected
    pytest.importorskip("execnet", reason="compares with released execnet, which is not installed")
    assert outcome_of("") == expected


def test_exactly_as_many_bytes_as_asked_for() -> None:
    reading, writing = os.pipe()
    stream = Popen2IO(os.fdopen(writing, "wb"), os.fdopen(reading, "rb", 0), get_execmodel("thread"))
    stream.write(b"ab")
    assert stream.read(1) == b"a"  # written at once
    stream.write(b"cd")
    assert stream.read(0) == b""
    assert stream.read(3) == b"bcd"
    stream.close_write()
    with pytest.raises(EOFError, match="expected 2 bytes, got 0"):
        stream.read(2)
    with pytest.raises(stream.error):
        stream.write(b"x")
    stream.close_read()


def test_text_files_are_used_for_their_bytes() -> None:
    source, sink = io.TextIOWrapper(io.BytesIO(b"\xff\n")), io.TextIOWrapper(io.BytesIO())
    stream = Popen2IO(sink, source, get_execmodel("thread"))  # type: ignore[arg-type]
    stream.write(stream.read(2))
    assert sink.buffer.getvalue() == b"\xff\n"


def test_read_goes_on_until_it_has_all_of_it() -> None:
    """What it reads with can be replaced, and may give less than asked for."""
    file = io.BytesIO(b"test")
    stream = Popen2IO(file, file, get_execmodel("thread"))
    real = stream._read
    stream._read = lambda count: real(1)
    assert stream.read(3) == b"tes"
