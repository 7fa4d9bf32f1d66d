"""The descriptor behind a TLS connection: a forked child lets go of it.

How bytes pass is in test_dialing.py, test_reception.py and test_tls_stream.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from socket_helpers import SECRET, Certificates, Serving
from xnet_gateway.sockets.tls import server_context


def test_a_forked_child_keeps_no_connection_open(certificates: Certificates) -> None:
    """The client is killed; its child lives and has copies of all that was open."""
    program = (
        "import os, signal, sys, time\n"
        "from xnet_gateway.sockets.dialing import dial\n"
        "from xnet_gateway.sockets.tls import TlsOptions\n"
        "fd = dial(sys.argv[1], secret=sys.argv[2].encode(), tls=TlsOptions(sys.argv[3]), timeout_s=200)\n"
        "pid = os.fork()\n"
        "if not pid:\n"
        "    os.close(fd)\n"  # a session does that, as far as its own descriptor goes
        "    time.sleep(60)\n"
        "print(pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    context = server_context(certificates.server_cert, certificates.server_key)
    with Serving(context=context) as serving:
        command = [sys.executable, "-c", program, serving.address, SECRET.decode(), certificates.ca]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            child = int(client.stdout.readline())
            client.kill()
            try:
                assert serving.said("exited with status")
            finally:
                os.kill(child, signal.SIGKILL)
