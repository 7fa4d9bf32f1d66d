"""``serve`` is a worker over any object that reads and writes."""

from __future__ import annotations

import os
import subprocess
import sys

from xnet_channel import Session
from xnet_programs import ENVIRONMENT
from xnet_wire import frames
from xnet_wire.messages import ExecRequest, Hello, encode_exec

PROGRAM = """
import os
from xnet.compat.gateway_base import serve

class Pipes:
    def __init__(self):
        self.infile, self.outfd = os.fdopen(os.dup(0), "rb"), os.dup(1)
        os.dup2(2, 1)
    def read(self, numbytes):
        data = self.infile.read(numbytes)
        if len(data) < numbytes:
            raise EOFError
        return data
    def write(self, data):
        while data:
            data = data[os.write(self.outfd, data):]
    def close_read(self):
        self.infile.close()
    def close_write(self):
        os.close(self.outfd)

serve(Pipes(), id="served")
"""


def test_code_runs_over_pipes() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT
    ) as popen:
        assert popen.stdin is not None
        assert popen.stdout is not None
        session = Session(
            os.dup(popen.stdout.fileno()),
            os.dup(popen.stdin.fileno()),
            role="initiator",
            name="test",
            hello=Hello("test", config={"id": "renamed"}),
        )
        popen.stdin.close()
        popen.stdout.close()
        session.wait_hello(200)
        source = "channel.send([channel.gateway.id, channel.receive()])"
        channel = session.request(frames.CHANNEL_EXEC, encode_exec(ExecRequest(source)))
        channel.send(b"x" * 300_000)
        assert channel.receive(200) == ["renamed-worker", b"x" * 300_000]
        channel.waitclose(200)
        session.terminate_peer()
        assert session.wait_finished(200)
        assert popen.wait(200) == 0
