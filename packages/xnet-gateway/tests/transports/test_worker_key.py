"""``worker=COMMAND``: a worker in another language. The one here was written from the specification alone.

Spec: GW-004, VE-002, VA-010.
"""

from __future__ import annotations

import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_helpers import MEGABYTE, PATIENCE_S, Gateways, eventually, stderr_in
from sshd_helpers import Sshd
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.errors import HostNotFound
from xnet_gateway.gateway import Gateway
from xnet_gateway.resolved import resolve
from xnet_gateway.source import Source
from xnet_gateway.starting import begin
from xnet_gateway.transports.base import Command
from xnet_gateway.transports.registry import find_transport
from xnet_gateway.xspec import XSpec
from xnet_wire.errors import DumpError


def find_node() -> str | None:
    """Return the path of a Node that is new enough, or None."""
    path = shutil.which("node")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=200, check=True).stdout
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    return path if version >= (20, 12) else None


NODE = find_node()
PROGRAM = Path(__file__).resolve().parents[4] / "conformance-tests/testees/node/worker.mjs"
WORKER = f"worker={NODE} {shlex.quote(str(PROGRAM))}"
ECHO = "for await (const item of channel) await channel.send(item)"

needs_node = pytest.mark.skipif(
    NODE is None or not PROGRAM.exists(),
    reason="needs node 20.12 or newer, and the worker in conformance-tests",
)


def a_function(channel):  # type: ignore[no-untyped-def]
    channel.send(1)


@pytest.fixture
def node(gateways: Gateways) -> Gateway:
    return gateways(f"popen//{WORKER}")


def wait_ended(gateway: Gateway) -> bool:
    return gateway._wait_ended(time.monotonic() + PATIENCE_S)


class TestRoutes:
    @pytest.mark.parametrize(
        ("text", "argv"),
        [
            ("popen", ["w", "-x", "a b"]),
            ("command=nice -n 5", ["nice", "-n", "5", "w", "-x", "a b"]),
            ("docker=web", ["docker", "exec", "-i", "web", "w", "-x", "a b"]),
            ("sudo=me", ["sudo", "-n", "-u", "me", "--", "w", "-x", "a b"]),
            ("ssh=far//keepalive=0", ["ssh", "far", "w -x 'a b'"]),
        ],
    )
    def test_the_command_stands_where_the_interpreter_would(self, text: str, argv: list[str]) -> None:
        spec = XSpec(f"{text}//worker=w -x 'a b'")
        resolve(spec)
        route = find_transport(spec).route(spec)
        assert isinstance(route, Command)
        assert route.argv == argv

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("popen//worker", "worker without a value in .*: expected a command"),
            ("popen//worker=", "worker= in .*: expected a command"),
            ("ssh=far//worker='w", "No closing quotation"),
            ("popen//worker=w//python=python3", "python and worker= in .*expected one of the two"),
            ("ssh=far//worker=w//dont_write_bytecode", "dont_write_bytecode and worker= in"),
            ("socket=localhost:1//worker=w", "the other side decides which worker socket= leads to"),
            ("unix=/x//worker=w", "which worker unix= leads to"),
            ("listen=localhost:0//worker=w", "which worker listen= leads to"),
            ("socket//installvia=gw0//worker=w", "which worker socket= leads to"),
            ("popen//worker=w//stdout=inherit", "only for popen without python=, worker= and via="),
        ],
    )
    def test_what_means_nothing_is_a_sentence(self, text: str, sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            resolve(XSpec(text))

    def test_a_command_that_is_not_there(self) -> None:
        with pytest.raises(HostNotFound, match=r"cannot start '/no/such/worker'"):
            begin(XSpec("popen//worker=/no/such/worker"))

    def test_a_command_that_says_something_else(self) -> None:
        with pytest.raises(HostNotFound, match=r"it said b'hello"):
            begin(XSpec("popen//worker=echo hello")).finish()

    def test_nothing_is_sent_to_it_first(self) -> None:
        """What it hears begins with our HELLO: no source of ours, which it would not understand."""
        listener = "import sys; print(sys.stdin.buffer.read(9).hex())"
        command = f"worker={shlex.quote(sys.executable)} -c {shlex.quote(listener)}"
        with pytest.raises(HostNotFound, match=r"it said b'0800000000"):
            begin(XSpec(f"popen//{command}")).finish()


@needs_node
class TestExecuting:
    def test_source_text_of_its_language_is_executed(self, node: Gateway) -> None:
        assert node.remote_exec("channel.send(1+1)").receive(PATIENCE_S) == 2
        assert node.languages() == ["javascript"]

    @pytest.mark.parametrize("source", [a_function, os])
    def test_ve_002_python_is_refused_in_a_sentence(self, node: Gateway, source: object) -> None:
        with pytest.raises(ValueError, match=r"executes javascript, not python: expected source text"):
            node.remote_exec(source)  # type: ignore[arg-type]
        assert node.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1

    def test_gw_006_source_and_arguments_may_have_any_size(self, node: Gateway) -> None:
        padding = "//" + "x" * 2 * MEGABYTE + "\n"
        assert node.remote_exec(padding + "channel.send(2)").receive(PATIENCE_S) == 2
        source = Source("const run = async (c, {one}) => { await c.send(one.length); }", call="run")
        assert node.remote_exec(source, one="x" * 2 * MEGABYTE).receive(PATIENCE_S) == 2 * MEGABYTE

    def test_a_source_says_its_language_and_its_name(self, node: Gateway) -> None:
        source = Source("\nthrow new Error('oops')", language="javascript", file="/far/away.js")
        with pytest.raises(RemoteError, match=r"(?s)oops.*away\.js:2"):
            node.remote_exec(source).waitclose(PATIENCE_S)
        with pytest.raises(ValueError, match="executes javascript, not ruby"):
            node.remote_exec(Source("puts 1", language="ruby"))

    def test_va_010_values_come_back_as_they_were(self, node: Gateway) -> None:
        channel = node.remote_exec(ECHO)
        values: list[object] = [
            None, True, 0, -1, 2**53, 2**64, -(2**70), 1.0, 1.5, -0.0, 1e300, math.inf, 1 + 0j,
            complex(-0.0, 2), b"\0\xff", "", "\U0001f600", [1, [2.0]], (), ((1,), [()]),
            {1: 2.0, (3, "x"): {4}}, set(), frozenset({5.0}),
            {None: 1, b"k": 2, "k": 3, 2.5: 4, -0.0: 5}, "x" * 3 * MEGABYTE, b"y" * 3 * MEGABYTE,
        ]  # fmt: skip
        for value in values:
            channel.send(value)
            assert repr(channel.receive(PATIENCE_S)) == repr(value)
        channel.send(math.nan)
        assert math.isnan(channel.receive(PATIENCE_S))
        with pytest.raises(DumpError):
            channel.send(object())

    def test_errors_have_the_stack(self, node: Gateway) -> None:
        with pytest.raises(RemoteError, match=r"^Error: no good\n +at .*<remote exec>:2:7"):
            node.remote_exec("\nthrow new Error('no good')").receive(PATIENCE_S)

    def test_callbacks_and_iteration(self, node: Gateway) -> None:
        assert list(node.remote_exec("for (const item of 'abc') channel.send(item)")) == ["a", "b", "c"]
        got: list[object] = []
        ended = threading.Event()
        channel = node.remote_exec(ECHO)
        channel.setcallback(lambda item: ended.set() if item is None else got.append(item), endmarker=None)
        for item in range(1000):
            channel.send(item)
        assert eventually(lambda: len(got) == 1000)
        channel.close()
        assert ended.wait(PATIENCE_S)
        assert got == list(range(1000))

    def test_channels_travel(self, node: Gateway) -> None:
        channel = node.remote_exec(
            "const made = channel.gateway.newchannel();\n"
            "channel.send(made); channel.send(await made.receive())"
        )
        made = channel.receive(PATIENCE_S)
        made.send([made])
        ((back,), other) = channel.receive(PATIENCE_S), node.newchannel()
        assert back is made
        node.remote_exec("(await channel.receive()).send('through')").send(other)
        assert other.receive(PATIENCE_S) == "through"

    def test_sending_everything_and_then_receiving_everything(self, node: Gateway) -> None:
        """Neither side takes anything before it has sent all: many windows full. Spec: FC-040."""
        channel = node.remote_exec(
            "for (let n = 0; n < 60; n += 1) await channel.send(Buffer.alloc(100000, n));\n"
            "let sum = 0;\n"
            "for (let n = 0; n < 60; n += 1) sum += (await channel.receive()).length;\n"
            "await channel.send(sum)"
        )
        for number in range(60):
            channel.send(bytes([number]) * 100_000)
        for number in range(60):
            assert channel.receive(PATIENCE_S) == bytes([number]) * 100_000
        assert channel.receive(PATIENCE_S) == 6_000_000

    def test_status_while_it_computes(self, node: Gateway) -> None:
        channel = node.remote_exec(
            "await channel.send(0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"
        )
        channel.receive(PATIENCE_S)
        status = node.remote_status()
        assert (status.numexecuting, status.numchannels, status.execmodel) == (1, 1, "thread")
        info = node._rinfo()
        assert Path(info.executable or "").name == "node"
        assert info.version_info >= (20, 12)
        assert info.platform == sys.platform


@needs_node
class TestKeys:
    def test_directory_variables_priority_and_output(self, gateways: Gateways, tmp_path: Path) -> None:
        gateway = gateways(
            f"popen//{WORKER}//chdir={tmp_path}/made//env:A=b=c//nice=3//stdout={tmp_path}/out//id=me"
        )
        channel = gateway.remote_exec(
            "console.log('printed');\n"
            "channel.send([process.cwd(), process.env.A, require('os').getPriority(), channel.gateway.id])"
        )
        assert channel.receive(PATIENCE_S) == [f"{tmp_path}/made", "b=c", os.nice(0) + 3, "me"]
        assert (tmp_path / "out").read_text() == "printed\n"

    def test_main_thread_only(self, gateways: Gateways) -> None:
        gateway = gateways(f"popen//{WORKER}//execmodel=main_thread_only")
        busy = gateway.remote_exec("await channel.receive()")
        with pytest.raises(RemoteError, match=r"concurrent remote_exec would cause deadlock"):
            gateway.remote_exec("channel.send(1)").receive(PATIENCE_S)
        busy.send(None)
        busy.waitclose(PATIENCE_S)
        assert gateway.remote_exec("channel.send(1)").receive(PATIENCE_S) == 1

    def test_what_it_cannot_apply_is_its_sentence(self) -> None:
        pending = begin(XSpec(f"command=env//{WORKER}//chdir=/no/such/place"))
        with pytest.raises(HostNotFound, match=r"chdir: '/no/such/place' cannot be applied"):
            pending.finish()

    def test_words_in_front(self, gateways: Gateways) -> None:
        gateway = gateways(f"command=env XNET_TEST=1//{WORKER}//env:B=2")
        assert gateway.remote_exec("channel.send([process.env.XNET_TEST, process.env.B])").receive(
            PATIENCE_S
        ) == ["1", "2"]

    def test_through_a_gateway_of_python_but_not_of_another_language(self, gateways: Gateways) -> None:
        master = gateways("popen//id=master")
        far = gateways(f"popen//via=master//id=far//{WORKER}", master)
        channel = far.remote_exec(ECHO)
        channel.send((b"x" * MEGABYTE, 1.0))
        assert channel.receive(PATIENCE_S) == (b"x" * MEGABYTE, 1.0)
        with pytest.raises(
            ValueError,
            match=r"gateway far, through which .* executes javascript, and has no service 'relay': expected",
        ):
            begin(XSpec("popen//via=far"), far)

    def test_it_traces_like_ours(self, gateways: Gateways, tmp_path: Path) -> None:
        with stderr_in(tmp_path / "stderr") as said:
            gateway = gateways(f"popen//{WORKER}//env:EXECNET_DEBUG=2//id=traced")
            gateway.remote_exec("channel.send(1)").waitclose(PATIENCE_S)
            for line in (
                "received <Message CHANNEL_EXEC channel=1 ",
                "sent <Message CHANNEL_CLOSE channel=1 ",
            ):
                assert eventually(lambda line=line: f"traced-worker {line}" in said.read_text())  # type: ignore[misc]


@needs_node
class TestEnding:
    def test_it_ends_when_asked(self, node: Gateway) -> None:
        node.exit()
        assert wait_ended(node)
        assert node.returncode == 0

    def test_code_that_waits_sees_the_end(self, node: Gateway) -> None:
        channel = node.remote_exec("await channel.receive().catch((error) => channel.send(error.name))")
        assert eventually(lambda: node.remote_status().numexecuting == 1)
        node.exit()
        assert channel.receive(PATIENCE_S) == "EOFError"
        assert wait_ended(node)

    def test_a_death_says_how(self, node: Gateway) -> None:
        channel = node.remote_exec("console.error('last words'); process.kill(process.pid, 'SIGABRT')")
        with pytest.raises(EOFError, match=r"(?s)SIGABRT.*last words"):
            channel.receive(PATIENCE_S)

    def test_killing_what_we_started_ends_the_worker(self, node: Gateway) -> None:
        pid = node._rinfo().pid
        os.kill(node.pid, signal.SIGKILL)
        assert wait_ended(node)
        assert eventually(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """Return whether a process, not a child of ours, runs; one that waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.stop()


@needs_node
def test_over_ssh(gateways: Gateways, sshd: Sshd, tmp_path: Path) -> None:
    gateway = gateways(f"ssh=here//ssh_config={sshd.config}//{WORKER}//chdir={tmp_path}/made//env:A=b c")
    channel = gateway.remote_exec(
        "channel.send([process.cwd(), process.env.A]); channel.send(await channel.receive())"
    )
    assert channel.receive(PATIENCE_S) == [f"{tmp_path}/made", "b c"]
    channel.send(b"x" * 3 * MEGABYTE)
    assert channel.receive(PATIENCE_S) == b"x" * 3 * MEGABYTE
    gateway.exit()
    assert gateway.wait(PATIENCE_S) == 0
