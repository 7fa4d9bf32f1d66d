"""What a server listens on, and who can reach it."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S
from socket_helpers import Serving, connect, has_ipv6
from xnet_gateway.sockets.listening import Listener, listen, listen_unix


def modes(path: Path) -> tuple[bool, int]:
    status = path.lstat()
    return stat.S_ISSOCK(status.st_mode), stat.S_IMODE(status.st_mode)


class TestTcp:
    @pytest.mark.parametrize("secret_given", [True, False])
    def test_loopback(self, secret_given: bool) -> None:
        listener = listen("127.0.0.1:0", secret_given=secret_given)
        try:
            host, _, port = listener.address.rpartition(":")
            assert host == "127.0.0.1"
            assert int(port) > 0
            connect(listener.address).close()
        finally:
            listener.close()
        with pytest.raises(ConnectionRefusedError):
            connect(listener.address)

    @pytest.mark.parametrize(
        "address", ["0.0.0.0:0", ":0", "*:0", "[::]:0", "192.0.2.1:80", "[2001:db8::1]:80"]
    )
    def test_so_031_more_than_loopback_needs_a_secret(self, address: str) -> None:
        """Spec: SO-031."""
        with pytest.raises(
            ValueError, match="needs a secret: it can be reached from other machines"
        ) as caught:
            listen(address, secret_given=False)
        assert address in str(caught.value)

    def test_with_a_secret_everybody_may_come(self) -> None:
        listener = listen("*:0", secret_given=True)
        assert listener.address.startswith("0.0.0.0:")
        listener.close()

    @pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
    def test_ipv6(self) -> None:
        with Serving(address="[::1]:0") as serving, serving.reach() as reached:
            assert serving.address.startswith("[::1]:")
            assert reached.ask("1") == 1
            assert serving.said("[::1]:")

    @pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
    def test_an_ipv6_address_is_no_ipv4_address(self) -> None:
        listener = listen("[::]:0", secret_given=True)
        try:
            with pytest.raises(ConnectionRefusedError):
                connect("127.0.0.1:" + listener.address.rpartition(":")[2])
        finally:
            listener.close()

    def test_an_address_that_is_taken(self) -> None:
        listener = listen("127.0.0.1:0", secret_given=True)
        try:
            with pytest.raises(OSError, match=r"cannot listen on 127.*in use"):
                listen(listener.address, secret_given=True)
        finally:
            listener.close()
        listen(listener.address, secret_given=True).close()

    def test_an_address_of_another_machine(self) -> None:
        with pytest.raises(OSError, match=r"cannot listen on 192\.0\.2\.1:80: "):
            listen("192.0.2.1:80", secret_given=True)

    def test_what_is_no_address(self) -> None:
        with pytest.raises(ValueError, match="is not HOST:PORT"):
            listen("here", secret_given=True)


class TestUnix:
    def test_so_032_only_this_user_can_connect(self, tmp_path: Path) -> None:
        """Spec: SO-032."""
        umask = os.umask(0)
        try:
            listener = listen_unix(str(tmp_path / "x"))
        finally:
            os.umask(umask)
        assert list(tmp_path.iterdir()) == [tmp_path / "x"]
        assert modes(tmp_path / "x") == (True, 0o600)
        connect(listener.address).close()
        listener.close()
        assert not (tmp_path / "x").exists()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_so_032_another_user_cannot(self, tmp_path: Path) -> None:
        """Spec: SO-032."""
        for folder in (tmp_path, *tmp_path.parents[:3]):
            folder.chmod(0o755)
        listener = listen_unix(str(tmp_path / "x"))
        program = (
            "import os, socket, sys\nos.setgid(65534); os.setuid(65534)\n"
            "try:\n    socket.socket(socket.AF_UNIX).connect(sys.argv[1])\n"
            "except PermissionError:\n    print('no')"
        )
        try:
            done = subprocess.run(
                [sys.executable, "-c", program, listener.address],
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
        finally:
            listener.close()
        assert done.stdout == "no\n", done.stderr

    def test_a_stale_file_is_replaced(self, tmp_path: Path) -> None:
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(tmp_path / "x"))
        dead.close()
        listener = listen_unix(str(tmp_path / "x"))
        connect(listener.address).close()
        listener.close()
        assert list(tmp_path.iterdir()) == []

    def test_somebody_who_listens_is_left_alone(self, tmp_path: Path) -> None:
        first = listen_unix(str(tmp_path / "x"))
        with pytest.raises(OSError, match="another process already listens there"):
            listen_unix(str(tmp_path / "x"))
        connect(first.address).close()
        first.close()

    def test_also_if_his_backlog_is_full(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as busy:
            busy.bind(str(tmp_path / "x"))
            busy.listen(0)
            waiting = [connect(str(tmp_path / "x"))]
            with pytest.raises(OSError, match="another process already listens there"):
                listen_unix(str(tmp_path / "x"))
            waiting[0].close()

    def test_another_file_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("mine")
        with pytest.raises(ValueError, match="it exists and is not a socket"):
            listen_unix(str(tmp_path / "x"))
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ValueError, match="it exists and is not a socket"):
            listen_unix(str(tmp_path / "link"))
        assert (tmp_path / "x").read_text() == "mine"
        assert not (tmp_path / "elsewhere").exists()

    def test_a_directory_of_everybody_is_refused(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        with pytest.raises(ValueError, match="can be written by everyone"):
            listen_unix(str(tmp_path / "x"))
        tmp_path.chmod(0o1777)
        listen_unix(str(tmp_path / "x")).close()

    def test_a_path_that_cannot_be(self, tmp_path: Path) -> None:
        with pytest.raises(OSError, match=r"cannot listen on .*too long"):
            listen_unix(str(tmp_path / ("x" * 200)))
        with pytest.raises(FileNotFoundError):
            listen_unix(str(tmp_path / "no" / "x"))

    def test_a_file_that_is_not_ours_any_more_stays(self, tmp_path: Path) -> None:
        listener = listen_unix(str(tmp_path / "x"))
        (tmp_path / "x").unlink()
        (tmp_path / "x").write_text("another's")
        listener.close()
        assert (tmp_path / "x").read_text() == "another's"

    def test_of_many_that_start_at_once_one_gets_it(self, tmp_path: Path) -> None:
        """Each finds a stale file, and none takes the new one of another for stale."""
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(tmp_path / "x"))
        dead.close()
        listeners: list[Listener] = []
        refused: list[str] = []
        barrier = threading.Barrier(8)

        def start() -> None:
            barrier.wait(PATIENCE_S)
            try:
                listeners.append(listen_unix(str(tmp_path / "x")))
            except OSError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert (len(listeners), len(refused)) == (1, 7), refused
        connect(str(tmp_path / "x")).close()
        listeners[0].close()

    def test_a_server_at_a_path(self, tmp_path: Path) -> None:
        with (
            Serving(listener=listen_unix(str(tmp_path / "x")), secret=None) as serving,
            serving.reach(secret=None) as reached,
        ):
            assert reached.ask("1") == 1
            assert serving.said("this machine: connected")
        assert list(tmp_path.iterdir()) == []
