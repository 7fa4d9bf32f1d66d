"""However the two sides are separated, both hear of it in time, and nothing is left.

In each way: the worker is killed, what carries the connection is killed, cut or frozen, the initiator is
killed, and children that were forked on either side hold copies of everything.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway_helpers import Watched, busy, eventually
from matrix.ways import PATIENCE_S, WAYS, Places, Way, reached
from xnet import Gateway

#: From the event to the error, in seconds: far more than it takes, far less than for ever.
HEARD_S = 5.0
#: Of the tests with frozen processes, in seconds.
KEEPALIVE_S = 0.5
#: Runs until it is told to end, and says who it is.
WAITING = "import os; channel.send(os.getpid()); channel.receive()"
#: As long as the connection is there. It waits for no item: that would have others' items credited.
TAKING_NOTHING = "channel.send(1)\nchannel.gateway.join()"
BY_NAME = {way.name: way for way in WAYS}


@pytest.fixture(params=WAYS, ids=lambda way: way.name)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param  # type: ignore[no-any-return]


def start(way: Way, places: Places, **keys: str) -> contextlib.AbstractContextManager[Gateway]:
    return reached(way, places, sys.executable, "thread", **keys)


class Waiting:
    """Everybody who can wait for a worker: each gets an error in time, and the error has a reason."""

    def __init__(self, gateway: Gateway) -> None:
        self._results: queue.SimpleQueue[tuple[str, BaseException | None]] = queue.SimpleQueue()
        channels = [gateway.remote_exec(TAKING_NOTHING) for _ in range(4)]
        for channel in channels:
            assert channel.receive(PATIENCE_S) == 1
        receiving, closing, sending, calling = channels
        ended: queue.SimpleQueue[object] = queue.SimpleQueue()
        calling.setcallback(ended.put, endmarker="end")
        self._ways: dict[str, Callable[[], object]] = {
            "receive": receiving.receive,
            "waitclose": closing.waitclose,
            "send": lambda: sending.send(b"x" * 50_000_000),
            "endmarker": lambda: ended.get(timeout=PATIENCE_S),
        }
        for name in self._ways:
            threading.Thread(target=self._wait, args=(name,), daemon=True).start()

    def _wait(self, name: str) -> None:
        try:
            self._ways[name]()
        except (EOFError, OSError) as error:
            self._results.put((name, error))
        else:
            self._results.put((name, None))

    def all_told(self, within_s: float = HEARD_S) -> str:
        """Wait for all of them; return what the one in ``receive`` was told."""
        began_s = time.monotonic()
        told = dict(self._results.get(timeout=PATIENCE_S) for _ in self._ways)
        assert time.monotonic() - began_s < within_s * busy()
        assert isinstance(told["receive"], EOFError)
        assert isinstance(told["waitclose"], EOFError)
        assert isinstance(told["send"], OSError)
        assert told["endmarker"] is None
        return str(told["receive"])


@pytest.fixture
def watch() -> Iterator[Callable[[int], Watched]]:
    with contextlib.ExitStack() as stack:
        yield lambda pid: stack.enter_context(Watched(pid))


Watch = Callable[[int], Watched]


def pid_of(gateway: Gateway) -> int:
    pid: int = gateway.remote_exec("import os; channel.send(os.getpid())").receive(PATIENCE_S)
    return pid


def session_of_sshd(pid: int) -> int:
    """Return the process of sshd that a worker descends from."""
    while "sshd" not in Path(f"/proc/{pid}/comm").read_text():
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        assert pid > 1
    return pid


def test_the_worker_is_killed(way: Way, places: Places, watch: Watch) -> None:
    with start(way, places) as gateway:
        worker = watch(pid_of(gateway))
        ours = watch(gateway.pid) if gateway.pid not in (0, worker.pid) and "via" not in way.name else None
        waiting = Waiting(gateway)
        os.kill(worker.pid, signal.SIGKILL)
        assert waiting.all_told()
        assert worker.wait_gone()
        if ours is not None:
            assert ours.wait_gone()  # the program that led there


@pytest.mark.parametrize("name", ["ssh", "ssh via popen"])
def test_sshd_is_killed(name: str, places: Places, watch: Watch) -> None:
    with start(BY_NAME[name], places) as gateway:
        worker = watch(pid_of(gateway))
        waiting = Waiting(gateway)
        os.kill(session_of_sshd(worker.pid), signal.SIGKILL)
        assert "ended" in waiting.all_told() or name != "ssh"
        assert worker.wait_gone()


@pytest.mark.parametrize("name", ["via popen", "via ssh", "ssh via popen"])
def test_the_gateway_in_between_is_killed(name: str, places: Places, watch: Watch) -> None:
    with start(BY_NAME[name], places) as gateway:
        worker = watch(pid_of(gateway))
        assert gateway._group is not None
        master = watch(pid_of(gateway._group["master"]))
        waiting = Waiting(gateway)
        os.kill(master.pid, signal.SIGKILL)
        assert "master" in waiting.all_told()
        assert worker.wait_gone()


class Relay:
    """Passes on one connection, until it is cut off with a reset on both sides."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._target = (host, int(port))
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        one = self._listener.accept()[0]
        other = socket.create_connection(self._target)
        self._sockets += [one, other]
        for source, sink in ((one, other), (other, one)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)

    def reset(self) -> None:
        for sock in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RD)  # wakes who reads: a descriptor in use is not closed
            sock.close()

    def close(self) -> None:
        self._listener.close()


def test_a_reset_of_the_connection(places: Places, watch: Watch) -> None:
    served = places.fill("{served}", "")
    relay = Relay(served)
    way = Way("relay", BY_NAME["socket"].spec.replace("{served}", relay.address), any_python=False)
    try:
        with start(way, places) as gateway:
            worker = watch(pid_of(gateway))
            waiting = Waiting(gateway)
            relay.reset()
            assert waiting.all_told()
            assert worker.wait_gone()
    finally:
        relay.close()


def test_a_server_that_is_told_to_end(places: Places, tmp_path: Path, watch: Watch) -> None:
    path = tmp_path / "sock"
    server = subprocess.Popen(
        [sys.executable, "-m", "xnet", "serve", "--unix", str(path)], stdout=subprocess.PIPE
    )
    try:
        assert server.stdout is not None
        server.stdout.readline()
        with start(Way("server", f"unix={path}", any_python=False), places) as gateway:
            worker = watch(pid_of(gateway))
            waiting = Waiting(gateway)
            server.terminate()
            assert waiting.all_told()
            assert worker.wait_gone()
    finally:
        server.kill()
        server.communicate(timeout=PATIENCE_S)


def test_a_frozen_worker(way: Way, places: Places, watch: Watch) -> None:
    way = Way(way.name, f"{way.spec}//keepalive={KEEPALIVE_S}", way.master)
    with start(way, places) as gateway:
        worker = watch(pid_of(gateway))
        waiting = Waiting(gateway)
        os.kill(worker.pid, signal.SIGSTOP)
        # Where its machine still answers that is borne for 60 intervals (ADR 0040).
        assert "nothing was heard" in waiting.all_told(60 * KEEPALIVE_S + HEARD_S)
        with contextlib.suppress(ProcessLookupError):  # killed where it could be
            os.kill(worker.pid, signal.SIGCONT)
        assert worker.wait_gone()


def test_a_frozen_sshd(places: Places, watch: Watch) -> None:
    way = Way("ssh", f"{BY_NAME['ssh'].spec}//keepalive={KEEPALIVE_S}")
    with start(way, places) as gateway:
        worker = watch(pid_of(gateway))
        sshd = session_of_sshd(worker.pid)
        waiting = Waiting(gateway)
        os.kill(sshd, signal.SIGSTOP)
        try:
            assert "not responding" in waiting.all_told()  # ssh itself notices (ADR 0040)
            assert worker.wait_gone()  # it hears nothing either
        finally:
            os.kill(sshd, signal.SIGCONT)


#: A program that has a worker, says which, and waits.
INITIATOR = """
import os, subprocess, sys
import xnet
text, master, listens = sys.argv[1:4]
group = xnet.Group()
if master:
    group.makegateway(master + "//id=master")
spec = xnet.XSpec(text)
if listens:
    def told(address, secret):
        words = [sys.executable, "-m", "xnet", "connect", "--quiet", address]
        command = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)
        command.stdin.write(secret + b"\\n")
        command.stdin.close()
    spec.when_listening = told
gateway = group.makegateway(spec)
print(gateway.remote_exec("import os; channel.send(os.getpid())").receive(200), flush=True)
if len(sys.argv) > 4 and os.fork() == 0:
    print(os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
sys.stdin.read()
"""


@pytest.mark.parametrize("forks", [False, True], ids=["alone", "with a forked child"])
def test_the_initiator_is_killed(way: Way, places: Places, watch: Watch, forks: bool) -> None:
    """A child of it that lives on has copies of all its descriptors: that keeps no worker."""
    texts = [places.fill(text or "", sys.executable) for text in (way.spec, way.master)]
    words = [sys.executable, "-c", INITIATOR, *texts, "yes" if "listen" in way.spec else ""]
    program = subprocess.Popen(
        [*words, "fork"] if forks else words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        worker = watch(int(program.stdout.readline()))
        child = watch(int(program.stdout.readline())) if forks else None
        program.kill()
        assert worker.wait_gone()
        if child is not None:
            assert not child.wait_gone(0)  # it was alive all the time
    finally:
        program.kill()
        program.communicate(timeout=PATIENCE_S)


#: Forks a child that holds everything the worker has, until it is killed.
FORKING = """
import os, time
pid = os.fork()
if pid == 0:
    time.sleep(3600)
    os._exit(0)
channel.send((os.getpid(), pid))
channel.receive()
"""


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "asked to end"])
def test_a_forked_child_of_the_worker(way: Way, places: Places, watch: Watch, killed: bool) -> None:
    most_s = HEARD_S
    if way.name.startswith("ssh"):
        # The child has the worker's standard error, and sshd ends no session before all have let go of
        # that. So nobody tells, but for the silence.
        # That is borne for 60 intervals while ssh says that the machine answers (ADR 0036).
        way = Way(way.name, f"{way.spec}//keepalive=0.1", way.master)
        most_s += 60 * 0.1
    with start(way, places) as gateway:
        pid, child_pid = gateway.remote_exec(FORKING).receive(PATIENCE_S)
        worker, child = watch(pid), watch(child_pid)
        waiting = gateway.remote_exec(WAITING)
        assert waiting.receive(PATIENCE_S) == pid
        began_s = time.monotonic()
        if killed:
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(EOFError):
                waiting.receive(PATIENCE_S)
        else:
            gateway.exit()
        gateway.join(PATIENCE_S)
        assert not gateway.hasreceiver()
        assert time.monotonic() - began_s < most_s * busy()
        assert worker.wait_gone()
        # A server that ends a connection ends all that was started for it; elsewhere the child is free.
        assert child.wait_gone(0) is False or way.name in ("socket", "unix")


def test_a_forked_child_disturbs_nothing(way: Way, places: Places) -> None:
    with start(way, places) as gateway:
        channel = gateway.remote_exec(
            "import os\n"
            "for item in channel:\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n"
            "        try:\n            channel.send('child')\n"
            "        except (OSError, IOError):\n            os._exit(7)\n"
            "        os._exit(0)\n"
            "    channel.send((item, os.waitpid(pid, 0)[1] >> 8))\n"
        )
        for number in range(5):
            channel.send(number)
            assert channel.receive(PATIENCE_S) == (number, 7)


def test_nothing_is_left_of_many(places: Places, way: Way) -> None:
    """Descriptors, threads and children of this process, after gateways have come and gone."""

    def cycle() -> None:
        with start(way, places) as gateway:
            assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1

    cycle()  # what is made once
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    for _ in range(5):
        cycle()
    assert eventually(lambda: threading.active_count() <= threads)
    assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= descriptors)
