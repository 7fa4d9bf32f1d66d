"""How a bare worker ends, what it prints, what becomes of its children, and its traces.

Spec: GR-003 to GR-008, GW-040, TR-001 to TR-012, HS-020 to HS-022.
"""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import pytest

from bare_helpers import PREAMBLE, BareGateways, RawWorker, frame
from gateway_helpers import PATIENCE_S, Watched, busy, eventually, start_program
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire import frames, messages
from xnet_wire.hello import encode_hello
from xnet_wire.messages import Hello


def ends(worker: Gateway, within_s: float) -> int | None:
    """Ask it to end; return its exit status if it does in time."""
    worker.exit()
    return worker.wait(within_s)


class TestTerminating:
    def test_gr_005_at_once_if_there_is_nothing_to_wait_for(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        worker.remote_exec("pass").waitclose(PATIENCE_S)
        begin_s = time.monotonic()
        assert ends(worker, PATIENCE_S) == 0
        assert time.monotonic() - begin_s < 3 * busy()

    def test_gr_003_code_that_waits_sees_the_end_and_sends_its_last_words(
        self, bare: BareGateways, version: str
    ) -> None:
        worker = bare(version)
        channels = [
            worker.remote_exec(
                "channel.send(0)\ntry: channel.receive()\nexcept EOFError as error: channel.send(str(error))"
            )
            for _ in range(3)
        ]
        for channel in channels:
            channel.receive(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 0
        for channel in channels:
            assert "asked to end" in channel.receive(PATIENCE_S)

    @pytest.mark.parametrize("version", ["2.7", "3.6", "3.13", "pypy3"])  # each takes five seconds
    @pytest.mark.slow
    def test_gr_003_code_that_is_busy_is_interrupted(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        channel = worker.remote_exec("import time\nchannel.send(0)\nwhile True: time.sleep(60)")
        channel.receive(PATIENCE_S)
        begin_s = time.monotonic()
        assert ends(worker, PATIENCE_S) == 0
        assert 4 < time.monotonic() - begin_s < 10 * busy()
        with pytest.raises(RemoteError, match="keyboard-interrupted"):
            channel.receive(PATIENCE_S)

    @pytest.mark.slow
    def test_gr_005_gr_007_code_that_does_not_let_itself_be_interrupted(self, bare: BareGateways) -> None:
        worker = bare("2.7")
        channel = worker.remote_exec(
            "import time\nchannel.send(0)\nwhile True:\n  try: time.sleep(60)\n  except BaseException: pass"
        )
        channel.receive(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 1

    def test_threads_of_the_code_do_not_keep_it(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        worker.remote_exec(
            "import threading, time\n"
            "thread = threading.Thread(target=time.sleep, args=(100,)); thread.daemon = True; thread.start()"
        ).waitclose(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 0

    def test_exit_handlers_run(self, bare: BareGateways, version: str, tmp_path: Path) -> None:
        worker = bare(version)
        source = f"import atexit, os\natexit.register(os.mkdir, {str(tmp_path / 'ran')!r})"
        worker.remote_exec(source).waitclose(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 0
        assert (tmp_path / "ran").is_dir()

    def test_gr_006_requests_after_terminate_are_refused(self, version: str) -> None:
        with RawWorker(version) as worker:
            worker.greet()
            worker.say(frame(frames.CHANNEL_EXEC, 1, messages.encode_exec(messages.ExecRequest(BUSY))))
            assert worker.hear() == (frames.CHANNEL_DATA, 1, b"\x00")
            worker.say(frame(frames.GATEWAY_TERMINATE, 0, b"\xa0") * 2)
            worker.say(frame(frames.CHANNEL_DATA, 1, b"\x01"))
            worker.say(frame(frames.STATUS, 3))
            worker.say(frame(frames.CHANNEL_EXEC, 5, messages.encode_exec(messages.ExecRequest("pass"))))
            worker.say(frame(frames.PING, 0, b"p"))
            assert worker.hear()[:2] == (frames.CHANNEL_CLOSE_ERROR, 3)
            assert worker.hear()[:2] == (frames.CHANNEL_CLOSE_ERROR, 5)
            assert worker.hear() == (frames.PONG, 0, b"p")

    def test_gr_008_it_ends_when_its_initiator_is_killed(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        code = worker.remote_exec(
            "import time\nchannel.send(0)\nwhile not channel.isclosed(): time.sleep(0.001)"
        )
        code.receive(PATIENCE_S)
        process = Watched(worker.pid)
        worker.session.close(flush_s=0.0)  # which is what the kernel does for a process that is killed
        assert process.wait_gone(12 * busy())
        process.kill()

    def test_hs_009_an_input_that_ends_before_hello(self, version: str) -> None:
        with RawWorker(version) as worker:
            assert worker._take(9) == PREAMBLE
            worker.end.close()
            assert worker.process.wait(PATIENCE_S) == 0

    def test_nothing_is_printed_at_the_end(self, bare: BareGateways, version: str, tmp_path: Path) -> None:
        with open(tmp_path / "err", "wb") as err:
            worker = bare(version, stderr=err)
        for _ in range(3):
            worker.remote_exec("channel.setcallback(len, endmarker=())\nchannel.send(1)").receive(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 0
        assert (tmp_path / "err").read_text() == ""


BUSY = """
channel.send(0)
import time
while True:
    time.sleep(0.01)
"""


def test_gr_008_an_initiator_that_is_killed() -> None:
    """Spec: GR-008. A whole program as initiator, killed."""
    program = start_program(
        f"sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})\n"
        "from bare_helpers import BareGateways\n"
        "worker = BareGateways()('2.7')\n"
        "worker.remote_exec('import time; time.sleep(100)')\n"
        "print(worker.pid, flush=True)\ntime.sleep(100)\n"
    )
    assert program.stdout is not None
    process = Watched(int(program.stdout.readline()))
    program.kill()
    program.communicate()
    assert process.wait_gone(15 * busy())
    process.kill()


class TestOutput:
    def test_gw_040_nothing_gets_into_the_connection(
        self, bare: BareGateways, version: str, tmp_path: Path
    ) -> None:
        with open(tmp_path / "err", "wb") as err:
            worker = bare(version, stderr=err)
        channel = worker.remote_exec("""
import os, subprocess, sys
sys.stdout.write("by stdout\\n")
sys.stderr.write("by stderr\\n")
os.write(1, b"by descriptor\\n")
subprocess.call([sys.executable, "-c", "import os; os.write(1, b'by a child ' + os.read(0, 10) + b'\\\\n')"])
channel.send((sys.stdin.read(), os.read(0, 10) == b""))
""")
        assert channel.receive(PATIENCE_S) == ("", True)
        channel.waitclose(PATIENCE_S)
        lines = ["by stdout", "by stderr", "by descriptor", "by a child "]
        assert (tmp_path / "err").read_text().splitlines() == lines

    def test_children_do_not_hold_the_connection(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        channel = worker.remote_exec(
            "import os, subprocess\n"
            "child = subprocess.Popen(['sleep', '100'], close_fds=False)\n"
            "folder = '/proc/%d/fd/' % child.pid\n"
            "fds = [os.readlink(folder + fd) for fd in os.listdir(folder)]\n"
            "child.kill(); child.wait()\n"
            "channel.send([fd for fd in fds if 'pipe' in fd or 'socket' in fd])"
        )
        theirs = channel.receive(PATIENCE_S)
        assert len(theirs) <= 1  # our stderr, if that is a pipe

    def test_forked_children(self, bare: BareGateways, version: str, tmp_path: Path) -> None:
        """Neither the end of a fork nor its survival disturbs the connection."""
        with open(tmp_path / "err", "wb") as err:
            worker = bare(version, stderr=err)
        channel = worker.remote_exec("""
import os, sys
reader, writer = os.pipe()
pid = os.fork()
if pid == 0:
    try:
        channel.send("from the child")
    except (OSError, IOError) as error:
        os.write(writer, str(error).encode())
else:
    os.waitpid(pid, 0)
    channel.send(os.read(reader, 1000))
""")
        text = channel.receive(PATIENCE_S)
        assert "parent" in (text if isinstance(text, str) else text.decode())
        channel.waitclose(PATIENCE_S)
        surviving = worker.remote_exec("""
import os, time
pid = os.fork()
if pid:
    channel.send(pid)
else:
    time.sleep(100)
""")
        process = Watched(surviving.receive(PATIENCE_S))
        try:
            surviving.waitclose(PATIENCE_S)
            assert worker.remote_exec("channel.send(3)").receive(PATIENCE_S) == 3
            assert ends(worker, PATIENCE_S) == 0
            assert worker.session.wait_finished(PATIENCE_S)
        finally:
            process.kill()
        assert (tmp_path / "err").read_text() == ""


class TestConfig:
    def test_hs_020_hs_021_every_key(self, bare: BareGateways, version: str, tmp_path: Path) -> None:
        """Spec: HS-020, HS-021."""
        worker = bare(
            version,
            {"TO_GO": "1"},
            chdir=os.path.relpath(tmp_path / "ne\xfc"),
            env={"WORD": "h\xe9", "TO_GO": None},
            nice=3,
            dont_write_bytecode=True,
            unknown={1: 2},
        )
        channel = worker.remote_exec(
            "import os, sys\n"
            "value = os.environ['WORD']\n"
            "channel.send((os.getcwd(), value if isinstance(value, bytes) else value.encode('utf-8'),"
            " 'TO_GO' in os.environ, os.nice(0), sys.dont_write_bytecode, channel.gateway.id))"
        )
        channel.reconfigure(py2str_as_py3str=False)
        cwd, word, to_go, nice, switch, name = channel.receive(PATIENCE_S)
        assert (cwd if isinstance(cwd, str) else cwd.decode()) == str(tmp_path / "ne\xfc")
        assert (word if isinstance(word, bytes) else word.encode("latin-1")) == "h\xe9".encode()
        assert not to_go
        assert nice - os.nice(0) == 3
        assert switch is True
        assert name == f"bare{version}-worker"

    def test_hs_020_more_niceness_than_there_is(self, bare: BareGateways, version: str) -> None:
        """Spec: HS-020."""
        worker = bare(version, nice=10**30)
        assert worker.remote_exec("import os; channel.send(os.nice(0))").receive(PATIENCE_S) == 19

    @pytest.mark.parametrize(
        ("config", "words"),
        [
            ({"execmodel": "fibers"}, ["execmodel", "fibers", "main_thread_only"]),
            ({"stdout": "out.txt"}, ["stdout", "out.txt", "absolute path"]),
            ({"keepalive": 0}, ["keepalive", "0", "from 1 to 86400000"]),
            ({"chdir": "/nowhere/at/all"}, ["chdir", "/nowhere/at/all", "No such file"]),
        ],
    )
    def test_hs_022_a_refusal_names_key_value_and_reason(
        self, version: str, config: dict[str, str], words: list[str]
    ) -> None:
        with RawWorker(version) as worker:
            worker.say(frame(frames.HELLO, 0, encode_hello(Hello("x", config=config))))
            worker._take(9)
            code, text = worker.hear_goaway()
            assert code == 10
            for word in words:
                assert word in text
            assert worker.process.wait(PATIENCE_S) == 0


LINE = re.compile(r"\[\d+\] (\S+) (sent|received) <Message ([A-Z_]+|TYPE_\d+) channel=(\d+) lendata=(\d+)>")


class TestTrace:
    def talk(self, worker: Gateway) -> None:
        channel = worker.remote_exec("channel.send(channel.receive())")
        channel.send("h\xe9")
        assert channel.receive(PATIENCE_S) == "h\xe9"
        channel.waitclose(PATIENCE_S)
        assert ends(worker, PATIENCE_S) == 0

    @pytest.mark.parametrize("by_config", [False, True])
    def test_tr_001_tr_010_tr_011_to_stderr(
        self, bare: BareGateways, version: str, tmp_path: Path, by_config: bool
    ) -> None:
        """Spec: TR-001, TR-010, TR-021. Every frame, in order, and no payload; from the first frame on."""
        with open(tmp_path / "err", "wb") as err:
            if by_config:
                worker = bare(version, stderr=err, env={"EXECNET_DEBUG": "2"})
            else:
                worker = bare(version, {"EXECNET_DEBUG": "2"}, stderr=err)
        self.talk(worker)
        text = (tmp_path / "err").read_text("utf-8")
        found = [match.groups()[1:4] for match in map(LINE.match, text.splitlines()) if match]
        assert found == [
            ("sent", "HELLO", "0"),
            ("received", "HELLO", "0"),
            ("received", "CHANNEL_EXEC", "1"),
            ("received", "CHANNEL_DATA", "1"),
            ("sent", "CHANNEL_DATA", "1"),
            ("sent", "CHANNEL_CLOSE", "1"),
            ("received", "GATEWAY_TERMINATE", "0"),
            ("sent", "GOAWAY", "0"),
        ]
        names = {line.split()[1] for line in text.splitlines()}
        assert names <= {"worker", f"bare{version}-worker"}
        assert "h\xe9" not in text
        events = ["executing on channel 1", "executed on channel 1", "ending: ", "ends"]
        if not by_config:  # which comes with HELLO, when the start is over
            events.insert(0, "started, pid")
        places = [text.index(event) for event in events]
        assert places == sorted(places)

    def test_tr_001_to_a_file(self, bare: BareGateways, version: str, tmp_path: Path) -> None:
        worker = bare(version, {"EXECNET_DEBUG": "1", "TMPDIR": str(tmp_path)})
        pid = worker.pid
        self.talk(worker)
        lines = (tmp_path / f"execnet-debug-{pid}").read_text().splitlines()
        assert f"bare{version}-worker sent <Message CHANNEL_CLOSE channel=1 lendata=0>" in lines

    @pytest.mark.parametrize("by_config", [False, True])
    def test_tr_004_tr_020_for_machines(
        self, bare: BareGateways, version: str, tmp_path: Path, by_config: bool
    ) -> None:
        prefix = str(tmp_path / "a trace")
        environment = {"XNET_TRACE_JSON": prefix}
        if by_config:
            worker = bare(version, id='odd "name"', env=environment)
        else:
            worker = bare(version, environment, id='odd "name"')
        pid = worker.pid
        self.talk(worker)
        (path,) = tmp_path.iterdir()
        assert path.name == f"a trace-{pid}.jsonl"
        assert path.stat().st_mode & 0o777 == 0o600
        objects = [json.loads(line) for line in path.read_text().splitlines()]
        lines = [entry for entry in objects if "event" not in entry]
        for entry in objects:
            keys = {"event"} if "event" in entry else {"dir", "type", "channel", "length"}
            assert set(entry) == {"ns", "pid", "side"} | keys
            assert entry["pid"] == pid
        assert [(entry["dir"], entry["type"], entry["channel"]) for entry in lines] == [
            ("sent", "HELLO", 0),
            ("received", "HELLO", 0),
            ("received", "CHANNEL_EXEC", 1),
            ("received", "CHANNEL_DATA", 1),
            ("sent", "CHANNEL_DATA", 1),
            ("sent", "CHANNEL_CLOSE", 1),
            ("received", "GATEWAY_TERMINATE", 0),
            ("sent", "GOAWAY", 0),
        ]
        assert lines[-1]["side"] == 'odd_"name"-worker'
        times = [entry["ns"] for entry in objects]
        assert times == sorted(times)
        assert "executing on channel 1" in [entry.get("event") for entry in objects]

    def test_tr_003_a_file_that_cannot_be_written(self, bare: BareGateways, version: str) -> None:
        self.talk(bare(version, {"XNET_TRACE_JSON": "/nonexistent/trace", "EXECNET_DEBUG": "0"}))
        self.talk(bare(version, env={"EXECNET_DEBUG": "1", "TMPDIR": "/nonexistent"}, id="x"))

    def test_se_002_a_terminal_does_not_act_on_a_line(self, version: str) -> None:
        """Nor does text of the initiator look like a frame."""
        with RawWorker(version, {"EXECNET_DEBUG": "2"}) as worker:
            worker.say(frame(frames.HELLO, 0, encode_hello(Hello("x", config={"id": "a\x1b[2J b"}))))
            words = "sent <Message\x1b[31m\nsecond line"
            worker.say(frame(frames.GOAWAY, 0, messages.encode_goaway(0, words)))
            assert worker.process.wait(PATIENCE_S) == 0
            assert worker.process.stderr is not None
            text = worker.process.stderr.read().decode()
        assert "\x1b" not in text
        assert r"a\x1b[2J_b-worker received <Message GOAWAY" in text
        assert r"sent <Message\x1b[31m | second line" in text

    def test_tr_002_nothing_otherwise(self, bare: BareGateways, tmp_path: Path) -> None:
        with open(tmp_path / "err", "wb") as err:
            worker = bare("3.11", {"EXECNET_DEBUG": "3", "TMPDIR": str(tmp_path)}, stderr=err)
        self.talk(worker)
        assert [path.name for path in tmp_path.iterdir()] == ["err"]
        assert (tmp_path / "err").read_text() == ""


def test_many_workers_leave_nothing_behind(bare: BareGateways, version: str) -> None:
    workers = [bare(version) for _ in range(4)]
    watched = [Watched(worker.pid) for worker in workers]
    for worker in workers:
        worker.exit()
    assert all(process.wait_gone() for process in watched)
    assert eventually(lambda: all(worker.returncode == 0 for worker in workers))
    for process in watched:
        process.kill()
