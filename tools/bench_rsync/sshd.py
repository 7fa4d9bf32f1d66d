"""An sshd on a loopback port, with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: How long it may take to answer, in seconds.
PATIENCE_S = 20.0


@contextmanager
def start_sshd(folder: Path) -> Iterator[Path]:
    """Start it; yield the configuration for ssh, in which it is the host ``here``.

    Raises:
        OSError: It is not installed, or does not start.
    """
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None:
        raise FileNotFoundError("sshd is not installed on this machine; leave out --ssh")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, timeout=PATIENCE_S)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
        "PasswordAuthentication no\nMaxStartups 100\nMaxSessions 100\n"
    )
    config = folder / "ssh_config"
    config.write_text(
        f"Host here\n HostName 127.0.0.1\n Port {port}\n User {getpass.getuser()}\n"
        f" IdentityFile {folder}/user\n IdentitiesOnly yes\n BatchMode yes\n LogLevel ERROR\n"
        f" StrictHostKeyChecking no\n UserKnownHostsFile {folder}/known\n"
    )
    process = subprocess.Popen([program, "-D", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL)
    try:
        _wait(process, config)
        yield config
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait(process: subprocess.Popen[bytes], config: Path) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    command = ["ssh", "-F", str(config), "here", "true"]
    while subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE_S).returncode:
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise OSError(f"no sshd answers: `{' '.join(command)}` fails")
        time.sleep(0.05)
