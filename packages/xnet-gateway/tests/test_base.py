"""What every transport gives."""

from __future__ import annotations

import os
import signal

from gateway_helpers import PATIENCE_S
from xnet_gateway.transports import popen
from xnet_gateway.xspec import XSpec

PREAMBLE = b"\x89XNET\r\n\x1a\n"


def test_hs_001_a_connected_worker_speaks_first() -> None:
    connected = popen.connect(XSpec("popen//id=gw0"))
    try:
        said = b""
        while len(said) < len(PREAMBLE):
            said += os.read(connected.read_fd, 100)
        assert said.startswith(PREAMBLE)
        assert connected.process.pid > 0
    finally:
        os.close(connected.read_fd)
        assert connected.write_fd == connected.read_fd
    # HS-009: its input has ended before a HELLO, so it exits by itself
    assert connected.process.wait(PATIENCE_S) in (0, 1)
    assert connected.process.returncode != -signal.SIGKILL
