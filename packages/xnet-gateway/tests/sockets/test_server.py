"""The server: who gets in, who has to go, and what is left when it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, Watched, busy, children, descriptors, eventually
from socket_helpers import OTHER_SECRET, SECRET, Serving, read_all, read_line
from xnet_gateway.errors import HostNotFound
from xnet_gateway.sockets.authentication import ClientHandshake
from xnet_gateway.sockets.dialing import dial
from xnet_gateway.sockets.server import Limits

#: A limit that a test waits for.
SHORT_S = 0.2


class TestServing:
    def test_a_client_gets_an_interpreter_of_its_own(self) -> None:
        """Spec: SO-001, SO-040."""
        with Serving() as serving, serving.reach() as one, serving.reach() as two:
            pids = {one.ask("os.getpid()"), two.ask("os.getpid()")}
            assert len(pids | {os.getpid()}) == 3
            assert pids <= children()

    def test_two_work_at_the_same_time(self) -> None:
        with Serving() as serving, serving.reach() as one, serving.reach() as two:
            waiting = one.run("channel.send(channel.receive() + 1)")
            assert two.ask("1 + 1") == 2
            waiting.send(1)
            assert waiting.receive(PATIENCE_S) == 2

    def test_nothing_that_code_does_drifts_into_the_next_connection(self, tmp_path: Path) -> None:
        """Spec: SO-040. COMPAT 34: directory, environment, umask and path are those of the server."""
        facts = "(os.getcwd(), sorted(os.environ), os.umask(os.umask(0)) and os.umask(0o22), list(sys.path))"
        with Serving() as serving:
            with serving.reach() as one:
                before = one.ask(facts)
                done = one.run(
                    f"import os, sys; os.chdir({str(tmp_path)!r}); os.environ['XNET_DRIFT'] = '1';"
                    " os.umask(0o77); sys.path.insert(0, 'drift')"
                )
                done.waitclose(PATIENCE_S)
                assert one.ask("os.getcwd()") == str(tmp_path)
                with serving.reach() as two:
                    assert two.ask(facts) == before
            with serving.reach() as three:
                assert three.ask(facts) == before
            assert os.getcwd() == before[0]  # type: ignore[index]

    def test_a_worker_does_not_get_the_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Spec: SO-040."""
        monkeypatch.setenv("XNET_SECRET", SECRET.decode())
        monkeypatch.setenv("XNET_SECRET_FILE", "somewhere")
        with Serving() as serving, serving.reach() as reached:
            assert reached.ask("[name for name in os.environ if name.startswith('XNET_SECRET')]") == []

    def test_a_worker_ends_with_its_client_and_the_other_way_round(self) -> None:
        with Serving() as serving:
            with serving.reach() as reached:
                process = Watched(int(str(reached.ask("os.getpid()"))))
            assert process.wait_gone()
            process.kill()
            with serving.reach() as reached:
                os.kill(int(str(reached.ask("os.getpid()"))), signal.SIGKILL)
                assert reached.session.wait_finished(PATIENCE_S)
            assert serving.said("was killed by signal 9")

    def test_a_forked_child_keeps_no_connection_open(self) -> None:
        """Spec: SO-041. The worker is dead, its child holds the descriptors: the client hears of the end."""
        with Serving() as serving, serving.reach() as reached:
            program = reached.run(
                "import os, stat, subprocess, sys\n"
                "def is_socket(fd):\n"
                "    try:\n"
                "        return stat.S_ISSOCK(os.fstat(fd).st_mode)\n"
                "    except OSError:\n"
                "        return False\n"
                "fds = list(filter(is_socket, range(3, 64)))\n"
                "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'],"
                " pass_fds=fds)\n"
                "channel.send((child.pid, len(fds)))"
            )
            child, kept = program.receive(PATIENCE_S)
            assert kept
            try:
                os.kill(int(str(reached.ask("os.getpid()"))), signal.SIGKILL)
                assert reached.session.wait_finished(PATIENCE_S)
            finally:
                os.kill(child, signal.SIGKILL)

    def test_without_a_secret_it_serves_who_needs_none(self) -> None:
        with Serving(secret=None) as serving, serving.reach(secret=None) as reached:
            assert reached.ask("2 + 2") == 4


class TestBadClients:
    @pytest.mark.parametrize("secret", [OTHER_SECRET, None])
    def test_who_does_not_know_the_secret_gets_no_process(self, secret: bytes | None) -> None:
        with Serving() as serving:
            before = children()
            with pytest.raises(HostNotFound, match="secret"):
                serving.dial(secret)
            assert serving.said("secret")
            assert children() <= before
            assert_it_serves(serving)

    @pytest.mark.parametrize(
        "garbage",
        [
            b"\0" * 1000,
            b"x" * 100_000,
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"000123import os\n",
            b"xnet-client/1 none\n",
            b"xnet-client/1 hmac-sha256\n",
            b"xnet-client/1 hmac-sha256 " + b"0" * 64 + b" " + b"0" * 64 + b"\n",
            b"xnet-client/1 hmac-sha256 " + b"A" * 64 + b" " + b"0" * 64 + b"\n",
            b"xnet-client/9 hmac-sha256 " + b"0" * 64 + b" " + b"0" * 64 + b"\n",
            b"\n",
        ],
    )
    def test_so_022_garbage_is_refused_and_harms_nobody(self, garbage: bytes) -> None:
        """Spec: SO-022."""
        with Serving() as serving, serving.reach() as other:
            before = children()
            with serving.connect() as sock:
                assert read_line(sock).startswith(b"xnet-server/1 hmac-sha256 ")
                sock.sendall(garbage)
                answer = read_all(sock)
            assert b" ok" not in answer
            assert serving.said("refused")
            assert children() <= before
            assert other.ask("1") == 1
            assert_it_serves(serving)

    def test_who_leaves_at_once_harms_nobody(self) -> None:
        with Serving() as serving:
            for _ in range(20):
                serving.connect().close()
            assert_it_serves(serving)
            assert serving.said("without an answer")

    def test_so_023_who_says_nothing_is_sent_away_in_time(self) -> None:
        """Spec: SO-023."""
        with Serving(limits=Limits(authentication_s=SHORT_S)) as serving, serving.connect() as sock:
            assert read_line(sock)
            assert read_all(sock) == b""
            assert serving.said("had not answered when its time was up (it sent 0 bytes)")

    def test_so_023_a_byte_now_and_then_does_not_prolong_it(self) -> None:
        """Spec: SO-023. Slow loris: the deadline is for all of it."""
        with Serving(limits=Limits(authentication_s=2 * SHORT_S)) as serving, serving.connect() as sock:
            assert read_line(sock)
            started_s = time.monotonic()
            sock.settimeout(SHORT_S / 8)
            says = b"xnet-client/1 hmac-sha256 " + b"0" * 400
            while says:
                try:
                    sock.sendall(says[:1])
                    says = says[1:]
                    if not sock.recv(1):
                        break
                except TimeoutError:
                    continue  # still waiting for more
                except ConnectionError:
                    break
            assert says, "it was listened to up to the end"
            assert time.monotonic() - started_s < PATIENCE_S / 2
            assert serving.said("had not answered when its time was up")

    def test_so_024_a_hundred_idle_connections_lock_nobody_out(self) -> None:
        """Spec: SO-024. The limit alone decides: their deadline is an hour away."""
        with Serving(limits=Limits(unauthenticated=8, authentication_s=3600)) as serving:
            idle = [serving.connect() for _ in range(100)]
            try:
                threads = threading.active_count()
                assert_it_serves(serving)
                assert serving.said("too many others were waiting")
                assert eventually(lambda: open_connections(serving) <= 8)
                assert threads <= 30
                assert_it_serves(serving)
            finally:
                for sock in idle:
                    sock.close()

    def test_so_026_the_oldest_goes_first(self) -> None:
        """Spec: SO-026. Else whoever answers in time would have to be quicker than the next one comes."""
        with (
            Serving(limits=Limits(unauthenticated=4, authentication_s=3600)) as serving,
            contextlib.ExitStack() as stack,
        ):
            crowd = []
            for _ in range(8):
                crowd.append(stack.enter_context(serving.connect()))
                assert read_line(crowd[-1])
            for old in crowd[:4]:
                assert read_all(old) == b""
            young = crowd[4]
            greeting = b"xnet-server/1 hmac-sha256 " + b"0" * 64 + b"\n"
            young.sendall(ClientHandshake(SECRET).receive_data(greeting))
            assert b" no the secret is wrong" in read_all(young)  # it was still listened to

    def test_so_026_the_address_with_most_of_them_pays(self) -> None:
        """Spec: SO-026."""
        with (
            Serving(limits=Limits(unauthenticated=4, authentication_s=3600)) as serving,
            socket.create_connection(parse(serving), PATIENCE_S, ("127.0.0.2", 0)) as early,
        ):
            assert read_line(early)
            crowd = [serving.connect() for _ in range(20)]
            try:
                assert read_line(crowd[-1])
                early.settimeout(SHORT_S)
                with pytest.raises(TimeoutError):  # the first of all, and still there
                    early.recv(1)
            finally:
                for sock in crowd:
                    sock.close()

    def test_too_many_that_are_let_in_get_a_sentence(self) -> None:
        """Spec: SO-025."""
        with Serving(limits=Limits(connections=1)) as serving:
            with serving.reach() as one:
                with pytest.raises(HostNotFound, match="has reached its limit of connections, 1"):
                    serving.dial()
                assert one.ask("1") == 1
                one.leave()
            assert serving.said("exited with status")
            assert eventually(lambda: not open_connections(serving))
            assert_it_serves(serving)

    def test_no_descriptors_are_left_open(self) -> None:
        def number() -> int:
            return len(descriptors())

        with Serving() as serving:
            assert_it_serves(serving)
            assert eventually(lambda: not open_connections(serving))
            before = number()
            for _ in range(5):
                with pytest.raises(HostNotFound):
                    serving.dial(OTHER_SECRET)
                assert_it_serves(serving)
            assert eventually(lambda: number() <= before)


class TestOnce:
    def test_it_serves_one_and_returns(self) -> None:
        serving = Serving(once=True)
        with serving.reach() as reached:
            assert reached.ask("1") == 1
            with pytest.raises(HostNotFound):
                serving.dial()
            reached.leave()
        serving.wait()
        assert any("exited with status 0" in report for report in serving.reports)

    def test_who_is_refused_does_not_count(self) -> None:
        serving = Serving(once=True)
        for _ in range(3):
            with pytest.raises(HostNotFound):
                serving.dial(OTHER_SECRET)
        with serving.reach() as reached:
            assert reached.ask("1") == 1
        serving.wait()

    def test_of_those_that_race_for_it_one_gets_it(self) -> None:
        """All have said everything but the end of the line, and say that at once."""
        for _ in range(5):
            serving = Serving(once=True)
            racers = [serving.connect() for _ in range(8)]
            for racer in racers:
                racer.sendall(ClientHandshake(SECRET).receive_data(read_line(racer))[:-1])
            for racer in racers:
                with contextlib.suppress(ConnectionError):  # the first one may have it already
                    racer.sendall(b"\n")
            verdicts = [read_line_or_nothing(racer) for racer in racers]
            assert sum(verdict.startswith(b"xnet-server/1 ok") for verdict in verdicts) == 1, verdicts
            for racer in racers:
                racer.close()
            serving.wait()


class TestStop:
    def test_it_ends_what_runs_and_tells_so(self) -> None:
        """Spec: SO-041."""
        with Serving() as serving, serving.reach() as one, serving.reach() as two:
            processes = [Watched(int(str(reached.ask("os.getpid()")))) for reached in (one, two)]
            one.run("import time; time.sleep(60)")
            serving.stop()
            assert any("ending 2 that are still running: process" in report for report in serving.reports)
            for process in processes:
                assert process.wait_gone(1.0 * busy())
                process.kill()
            with pytest.raises(HostNotFound, match="refused"):
                serving.dial()

    @pytest.mark.parametrize("handler", ["SIG_IGN", "SIG_DFL"])
    def test_who_ignores_sigterm_is_killed_and_so_is_what_it_started(self, handler: str) -> None:
        """Spec: SO-041. Also if the interpreter itself has ended before."""
        with Serving(limits=Limits(stop_grace_s=SHORT_S)) as serving, serving.reach() as reached:
            ready = reached.run(
                "import os, signal, subprocess, sys\n"
                "child = subprocess.Popen([sys.executable, '-c', 'import signal, time\\n"
                "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)'],"
                " stdout=subprocess.PIPE)\n"
                "child.stdout.readline()\n"
                f"signal.signal(signal.SIGTERM, signal.{handler})\n"
                "channel.send((os.getpid(), child.pid))\n"
                "channel.receive()"
            )
            processes = [Watched(pid) for pid in ready.receive(PATIENCE_S)]
            serving.stop()
            for process in processes:
                assert process.wait_gone(1.0 * busy())
                process.kill()

    def test_what_waits_is_sent_away(self) -> None:
        with Serving() as serving, serving.connect() as sock:
            assert read_line(sock)
            serving.stop()
            assert read_all(sock) == b""

    def test_a_stop_at_any_moment_leaves_nothing(self) -> None:
        """A client is let in while the server stops: either it has a process that is ended, or none."""
        before = children()
        for delay_s in (0.0, 0.001, 0.002, 0.005, 0.01, 0.02):
            serving = Serving()
            fds: list[int] = []

            def come(serving: Serving = serving, fds: list[int] = fds) -> None:
                try:
                    # Not long: the kernel may forget a connection whose listener is closed at this moment.
                    fds.append(dial(serving.address, secret=SECRET, tls=None, timeout_s=1.0))
                except HostNotFound:
                    pass

            client = threading.Thread(target=come)
            client.start()
            client.join(delay_s)
            serving.stop()
            client.join(PATIENCE_S)
            for fd in fds:
                os.close(fd)
            assert not open_connections(serving)
            assert children() <= before


def assert_it_serves(serving: Serving) -> None:
    with serving.reach() as reached:
        assert reached.ask("6 * 7") == 42


def read_line_or_nothing(sock: socket.socket) -> bytes:
    try:
        return read_line(sock)
    except ConnectionError:
        return b""


def open_connections(serving: Serving) -> int:
    return len(serving.server._served) + len(serving.server._unauthenticated)


def parse(serving: Serving) -> tuple[str, int]:
    host, _, port = serving.address.rpartition(":")
    return host, int(port)
