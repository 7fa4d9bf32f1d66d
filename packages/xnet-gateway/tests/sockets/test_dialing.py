"""The client: a descriptor, or a sentence that says which step failed."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, children, descriptors, eventually
from socket_helpers import OTHER_SECRET, SECRET, Certificates, Serving, soon, stranger
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.dialing import dial, secure
from xnet_gateway.sockets.listening import listen_unix
from xnet_gateway.sockets.tls import TlsOptions, server_context

SHORT_S = 0.3


def failure(
    address: str,
    *,
    secret: bytes | None = SECRET,
    tls: TlsOptions | None = None,
    timeout_s: float = PATIENCE_S,
) -> str:
    with pytest.raises(HostNotFound) as caught:
        dial(address, secret=secret, tls=tls, timeout_s=timeout_s)
    text = str(caught.value)
    assert text.startswith(f"cannot reach {address}: ")
    assert SECRET.decode() not in text
    return text.removeprefix(f"cannot reach {address}: ")


class TestSteps:
    def test_resolving(self) -> None:
        assert failure("no-such-host.invalid:80").startswith("resolving the name failed: ")

    def test_connecting_is_refused(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        words = failure(f"127.0.0.1:{port}")
        assert words == f"connecting failed: the connection was refused at 127.0.0.1:{port}"

    def test_connecting_takes_too_long(self) -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            address = full.getsockname()
            filling = []
            for _ in range(4):  # whatever the kernel takes for a backlog of 0
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(address)
                filling.append(sock)
            started_s = time.monotonic()
            words = failure(f"127.0.0.1:{address[1]}", timeout_s=SHORT_S)
            assert words.startswith("connecting failed: there was no answer in time at 127.0.0.1:")
            assert time.monotonic() - started_s < PATIENCE_S / 2
            for sock in filling:
                sock.close()

    def test_a_path_where_nobody_is(self, tmp_path: Path) -> None:
        assert failure(str(tmp_path / "x")) == "connecting failed: No such file or directory"
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(str(tmp_path / "x"))
        dead.close()
        assert (
            failure(str(tmp_path / "x"))
            == "connecting failed: the connection was refused; its server has ended without removing it"
        )

    @pytest.mark.parametrize(
        ("says", "closes", "sentence"),
        [
            ([b"SSH-2.0-OpenSSH_9.2\r\n"], False, "it is not an xnet server: it said 'SSH-2.0-OpenSSH_9.2'"),
            (
                [b"220 mail.example ESMTP\r\n"],
                True,
                "it is not an xnet server: it said '220 mail.example ESMTP'",
            ),
            ([], False, "the other side said nothing in time"),  # HTTP; execnet's socketserver
            ([], True, "the server closed the connection before it said anything"),
            ([b"x" * 100_000], False, "the server said more than 512 bytes without an end of line"),
            ([b"xnet-server/1 none\n"], False, "the server asks for no secret, but a secret was given"),
            ([b"xnet-server/1 no go away\n"], True, "the server refuses: 'go away'"),
        ],
    )
    def test_authentication(self, says: list[bytes], closes: bool, sentence: str) -> None:
        with stranger(*says, then_close=closes) as address:
            words = failure(address, timeout_s=PATIENCE_S if says or closes else SHORT_S)
        assert words.startswith("authentication failed: ")
        assert sentence in words

    def test_the_connection_breaks(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def reset() -> None:
                sock = server.accept()[0]
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.close()

            thread = threading.Thread(target=reset)
            thread.start()
            words = failure(f"127.0.0.1:{server.getsockname()[1]}")
            thread.join()
        assert "failed: the connection was reset" in words

    @pytest.mark.parametrize("address", ["nothing", "127.0.0.1:0", "::1:80", ""])
    def test_an_address_that_means_nothing(self, address: str) -> None:
        with pytest.raises(ValueError, match="the address"):
            dial(address, secret=None, tls=None, timeout_s=1.0)

    def test_a_short_secret(self) -> None:
        with Serving() as serving, pytest.raises(ValueError, match="the secret has 3 bytes"):
            dial(serving.address, secret=b"abc", tls=None, timeout_s=PATIENCE_S)

    def test_no_descriptor_is_left_open(self, certificates: Certificates) -> None:
        context = server_context(certificates.server_cert, certificates.server_key)
        before = descriptors()
        with Serving(context=context) as serving:
            failure(serving.address, tls=TlsOptions(certificates.other_ca))
            failure(serving.address, tls=TlsOptions(certificates.ca), secret=OTHER_SECRET)
            serving.reach(tls=TlsOptions(certificates.ca)).__exit__()
            with pytest.raises(ValueError, match="the secret has 3 bytes"):
                serving.dial(b"abc", TlsOptions(certificates.ca))
            with pytest.raises(ValueError, match="CA file"):
                serving.dial(SECRET, TlsOptions("missing"))
        with stranger(b"hello\n", then_close=True) as address:
            failure(address)
        # The reactor thread has some of its own, once.
        assert eventually(lambda: not {fd for fd in descriptors() - before if "socket:" in fd})


class TestDescriptor:
    def test_it_blocks_and_is_not_inherited(self) -> None:
        with Serving() as serving:
            fd = serving.dial()
            try:
                assert os.get_blocking(fd)
                assert not os.get_inheritable(fd)
                with socket.socket(fileno=os.dup(fd)) as sock:
                    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            finally:
                os.close(fd)

    def test_several_addresses_of_a_host_are_tried(self) -> None:
        """``localhost`` may be ::1 first, where nobody listens."""
        with Serving() as serving:
            fd = dial(
                "localhost:" + serving.address.rpartition(":")[2],
                secret=SECRET,
                tls=None,
                timeout_s=PATIENCE_S,
            )
            os.close(fd)

    def test_a_connection_that_is_there_already(self, tmp_path: Path) -> None:
        """As through another gateway: the address is a name, the bytes go elsewhere."""
        with Serving(listener=listen_unix(str(tmp_path / "x"))) as serving:
            fd = secure(serving.connect(), "far:1", secret=SECRET, tls=None, deadline_s=soon())
            os.close(fd)
            with pytest.raises(HostNotFound, match="cannot reach far:1: authentication failed"):
                secure(serving.connect(), "far:1", secret=OTHER_SECRET, tls=None, deadline_s=soon())


class TestTls:
    def test_over_tls(self, certificates: Certificates) -> None:
        context = server_context(certificates.server_cert, certificates.server_key)
        with (
            Serving(context=context) as serving,
            serving.reach(tls=TlsOptions(ca_file=certificates.ca)) as one,
            serving.reach(tls=TlsOptions(ca_file=certificates.ca)) as two,
        ):
            assert one.ask("os.getpid()") in children()
            echo = two.run("for item in channel: channel.send(item)")
            for size in (0, 1, 100_000, 5_000_000):
                echo.send(b"\xa5" * size)
                assert echo.receive(PATIENCE_S) == b"\xa5" * size
            two.leave()
            assert one.ask("1") == 1
            one.leave()

    def test_ends_are_passed_on_both_ways(self, certificates: Certificates) -> None:
        context = server_context(certificates.server_cert, certificates.server_key)
        with Serving(context=context) as serving:
            with serving.reach(tls=TlsOptions(ca_file=certificates.ca)) as reached:
                reached.run("import os; os._exit(3)")
                assert reached.session.wait_finished(PATIENCE_S)
            assert serving.said("exited with status 3")
            with serving.reach(tls=TlsOptions(ca_file=certificates.ca)) as reached:
                assert reached.ask("1") == 1
            assert eventually(lambda: sum("exited with" in r or "killed" in r for r in serving.reports) == 2)
            assert eventually(lambda: not serving.server._served)
        assert eventually(lambda: not any(t.name.startswith("xnet-tls") for t in threading.enumerate()))

    def test_a_certificate_of_somebody_else(self, certificates: Certificates) -> None:
        """Spec: SO-033."""
        context = server_context(certificates.server_cert, certificates.server_key)
        before = children()
        with Serving(context=context) as serving:
            words = failure(serving.address, tls=TlsOptions(ca_file=certificates.other_ca))
            assert words.startswith("TLS failed: the certificate is not accepted: ")
            assert serving.said("refused: ")
            assert failure(serving.address, tls=TlsOptions()).startswith("TLS failed: the certificate is not")
            assert children() <= before

    def test_a_certificate_for_another_name(self, certificates: Certificates) -> None:
        """Spec: SO-033."""
        context = server_context(certificates.server_cert, certificates.server_key)
        with Serving(context=context) as serving:
            options = TlsOptions(ca_file=certificates.ca, server_name="elsewhere")
            assert "Hostname mismatch" in failure(serving.address, tls=options)

    def test_a_client_certificate_is_asked_for(self, certificates: Certificates) -> None:
        """Spec: SO-034."""
        context = server_context(certificates.server_cert, certificates.server_key, certificates.ca)
        with Serving(context=context) as serving:
            good = TlsOptions(certificates.ca, certificates.client_cert, certificates.client_key)
            with serving.reach(tls=good) as reached:
                assert reached.ask("1") == 1
                pids = children()
                for options in (
                    TlsOptions(certificates.ca),
                    TlsOptions(certificates.ca, certificates.foreign_cert, certificates.foreign_key),
                ):
                    words = failure(serving.address, tls=options)
                    assert words.startswith("TLS failed: the server ended it: tls"), words
                    assert "alert" in words
                assert serving.said("refused: TLS: ")
                assert children() <= pids

    def test_the_secret_counts_with_tls_too(self, certificates: Certificates) -> None:
        """Spec: SO-034."""
        context = server_context(certificates.server_cert, certificates.server_key)
        with Serving(context=context) as serving:
            words = failure(serving.address, secret=OTHER_SECRET, tls=TlsOptions(certificates.ca))
            assert words == "authentication failed: the server refuses: 'the secret is wrong'"

    def test_one_speaks_tls_and_the_other_does_not(self, certificates: Certificates) -> None:
        """Spec: SO-033."""
        context = server_context(certificates.server_cert, certificates.server_key)
        with Serving(context=context) as serving:
            assert "or a server that expects TLS" in failure(serving.address, timeout_s=SHORT_S)
        with Serving() as serving:
            words = failure(serving.address, tls=TlsOptions(certificates.ca))
            assert words.endswith("; what answers there does not speak TLS")
            assert serving.said("the client speaks TLS, but this server does not")
        with stranger() as address:
            words = failure(address, tls=TlsOptions(), timeout_s=SHORT_S)
            assert words == "TLS failed: the server did not answer in time"

    def test_at_a_path(self, certificates: Certificates, tmp_path: Path) -> None:
        context = server_context(certificates.server_cert, certificates.server_key)
        listener = listen_unix(str(tmp_path / "x"))
        with (
            Serving(listener=listener, context=context) as serving,
            serving.reach(tls=TlsOptions(certificates.ca)) as reached,
        ):
            assert reached.ask("1") == 1
