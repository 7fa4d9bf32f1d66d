"""A real sshd on a loopback port with keys of its own."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, eventually


class Sshd:
    """Started for a folder; ``config`` is what ``ssh_config=`` names, with the host ``here``."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None or shutil.which("ssh") is None:
            pytest.skip("needs the programs sshd and ssh, which are not on this machine")
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        for name in ("host", "user", "stranger"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(command, check=True, timeout=PATIENCE_S)
        shutil.copy(folder / "user.pub", folder / "authorized")
        (folder / "authorized").chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.folder = folder
        (folder / "banner").write_text("Authorized use only.\n")
        self.server_config = folder / "sshd_config"
        self.server_config.write_text(
            "".join(f"{option}\n" for option in options)  # the first of a name counts
            + f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile {folder}/pid\n"
            f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n"
            f"PasswordAuthentication no\nBanner {folder}/banner\nMaxStartups 100\nMaxSessions 100\n"
            "PermitUserEnvironment yes\nAcceptEnv TEST_*\n"
        )
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen([program, "-D", "-e", "-f", str(self.server_config)], stderr=self.log)
        self.config = self.write_config("user")
        assert eventually(self._answers), (folder / "log").read_text()
        entered = subprocess.run(
            ["ssh", "-F", str(self.config), "here", "true"],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if entered.returncode:
            # A locked account, for example: not something that this user can do anything about.
            self.stop()
            pytest.skip(f"needs an account that sshd lets in with a key: {entered.stderr[-300:]}")

    def write_config(self, key: str) -> Path:
        """Write a configuration for the ssh program that offers one key."""
        path = self.folder / f"config-{key}"
        path.write_text(
            f"Host here\n HostName 127.0.0.1\n Port {self.port}\n User {getpass.getuser()}\n"
            f" IdentityFile {self.folder}/{key}\n IdentitiesOnly yes\n BatchMode yes\n LogLevel INFO\n"
            f" StrictHostKeyChecking no\n UserKnownHostsFile {self.folder}/known\n"
        )
        return path

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.log.close()

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError((self.folder / "log").read_text())
        try:
            socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        except OSError:
            return False
        return True
