"""What the kernel knows of the other end. Cut networks are in xnet-gateway's test_busy_processes.py."""

from __future__ import annotations

import os
import socket
import struct
import sys

import pytest

from threads_helpers import eventually
from xnet_channel.platform.acknowledged import kernel_answers

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others do not tell")


def test_a_connection_whose_other_end_reads_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs = server.accept()[0]
    with ours, theirs:
        ours.sendall(b"question")
        assert eventually(lambda: kernel_answers(ours.fileno(), 0.0))
        theirs.close()
        assert eventually(lambda: not kernel_answers(ours.fileno(), 10.0))


def test_a_connection_that_drops_what_comes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs = server.accept()[0]
    with ours, theirs:
        import ctypes

        drop = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0), 8)
        theirs.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(drop)))
        ours.sendall(b"question")
        assert eventually(lambda: not kernel_answers(ours.fileno(), 10.0))


def test_where_it_cannot_be_known() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert not kernel_answers(ours.fileno(), 1.0)
    read, write = os.pipe()
    assert not kernel_answers(read, 1.0)
    os.close(read)
    os.close(write)
    assert not kernel_answers(read, 1.0)
