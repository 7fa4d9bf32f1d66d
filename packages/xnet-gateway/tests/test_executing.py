"""Where code runs, what it sees, and how its end is reported. Spec: GW-003 to GW-019."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gateway_helpers import PATIENCE_S, STRESS, Gateways, eventually
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire import values
from xnet_wire.limits import ITEM_COST_BYTES

SAY_THREAD = """
import threading
channel.send(threading.current_thread() is threading.main_thread())
"""
BUSY = SAY_THREAD + "channel.receive()\n"


def run(gateway: Gateway, source: str) -> list[object]:
    """Execute and return everything that was sent."""
    channel = gateway.remote_exec(source)
    channel.waitclose(PATIENCE_S)
    return list(channel)


def error_of(gateway: Gateway, source: str) -> str:
    channel = gateway.remote_exec(source)
    with pytest.raises(RemoteError) as caught:
        channel.waitclose(PATIENCE_S)
    return caught.value.formatted


class TestWhere:
    def test_gw_013_first_on_the_main_thread_further_ones_elsewhere(self, gateways: Gateways) -> None:
        gateway = gateways()
        busy = [gateway.remote_exec(BUSY) for _ in range(4)]
        assert [channel.receive(PATIENCE_S) for channel in busy] == [True, False, False, False]
        busy[0].send(None)
        busy[0].waitclose(PATIENCE_S)
        assert run(gateway, SAY_THREAD) == [True]  # idle again, though others run

    def test_gw_015_sequential_executions_are_always_on_the_main_thread(self, gateways: Gateways) -> None:
        gateway = gateways()
        for number in range(20_000 if STRESS else 1000):
            channel = gateway.remote_exec(SAY_THREAD)
            channel.waitclose(PATIENCE_S)
            assert channel.receive(0) is True, number

    def test_gw_015_main_thread_only_never_refuses_sequential_executions(self, gateways: Gateways) -> None:
        gateway = gateways("popen//execmodel=main_thread_only")
        for _ in range(1000):
            assert run(gateway, SAY_THREAD) == [True]

    def test_gw_016_who_has_the_result_may_send_the_next(self, gateways: Gateways) -> None:
        """The execution is not over yet: its channel has not been closed when the item is here."""
        gateway = gateways("popen//execmodel=main_thread_only")
        for number in range(300):
            assert gateway.remote_exec(f"channel.send({number})").receive(PATIENCE_S) == number

    def test_gw_014_a_refusal_of_a_large_request_comes_where_any_error_does(self, gateways: Gateways) -> None:
        gateway = gateways("popen//execmodel=main_thread_only")
        first = gateway.remote_exec(BUSY)
        assert first.receive(PATIENCE_S) is True
        second = gateway.remote_exec("#" * 3_000_000)  # more than the window: it waits for credit meanwhile
        with pytest.raises(RemoteError, match="concurrent remote_exec would cause deadlock"):
            second.waitclose(PATIENCE_S)
        first.send(None)
        first.waitclose(PATIENCE_S)

    def test_gw_014_main_thread_only_refuses_a_second_and_the_first_goes_on(self, gateways: Gateways) -> None:
        gateway = gateways("popen//execmodel=main_thread_only")
        first = gateway.remote_exec("channel.send(1)\nchannel.send(channel.receive() + 1)")
        assert first.receive(PATIENCE_S) == 1
        refused = gateway.remote_exec("channel.send('never')")
        with pytest.raises(RemoteError) as caught:
            refused.receive(PATIENCE_S)
        assert "concurrent remote_exec would cause deadlock for main_thread_only execmodel" in str(
            caught.value
        )
        assert gateway._rinfo(update=True).pid == gateway.pid
        first.send(41)
        assert first.receive(PATIENCE_S) == 42
        first.waitclose(PATIENCE_S)
        assert run(gateway, SAY_THREAD) == [True]

    def test_gw_012_code_runs_on_when_the_initiator_closes_its_channel(self, gateways: Gateways) -> None:
        gateway = gateways()
        report = gateway.newchannel()
        channel = gateway.remote_exec("""
            report = channel.receive()
            try:
                channel.receive()
            except EOFError:
                report.send("ended")
            try:
                channel.send(1)
            except OSError as error:
                report.send(str(error))
        """)
        channel.send(report)
        channel.close()
        assert report.receive(PATIENCE_S) == "ended"
        assert "cannot send (already closed?)" in report.receive(PATIENCE_S)

    def test_gw_011_code_cannot_close_its_own_channel(self, shared: Gateway) -> None:
        """It stays open: what is sent after the attempt arrives."""
        source = """
            try:
                channel.close()
            except OSError as error:
                channel.send(str(error))
        """
        assert "not explicitly" in str(run(shared, source))


class TestStatus:
    def test_gw_020_counts_while_busy(self, gateways: Gateways) -> None:
        gateway = gateways()
        busy = [gateway.remote_exec(BUSY) for _ in range(3)]
        for channel in busy:
            channel.receive(PATIENCE_S)
        status = gateway.remote_status()
        assert (status.numchannels, status.numexecuting, status.numqueued) == (3, 3, 0)
        assert status.execmodel == "thread"
        for channel in busy:
            channel.send(None)
            channel.waitclose(PATIENCE_S)
        status = gateway.remote_status()
        assert (status.numchannels, status.numexecuting, status.numqueued) == (0, 0, 0)

    def test_gw_021_an_execution_is_not_counted_after_its_close(self, gateways: Gateways) -> None:
        gateway = gateways("popen//execmodel=main_thread_only")
        for _ in range(300):
            gateway.remote_exec("pass").waitclose(PATIENCE_S)
            assert gateway.remote_status().numexecuting == 0

    def test_gw_005_fr_023_answers_while_the_interpreter_computes(self, gateways: Gateways) -> None:
        gateway = gateways("popen//execmodel=main_thread_only")
        channel = gateway.remote_exec("channel.send(1)\nwhile channel.isclosed() is False: sum(range(1000))")
        channel.receive(PATIENCE_S)
        for _ in range(20):
            assert gateway.remote_status().execmodel == "main_thread_only"
            assert gateway.remote_status().numexecuting == 1
        assert gateway._rinfo(update=True).pid == gateway.pid
        assert gateway.session.ping(b"x", PATIENCE_S)
        channel.close()
        assert eventually(lambda: gateway.remote_status().numexecuting == 0)

    def test_gw_030_info_after_the_directory_is_gone(self, gateways: Gateways, tmp_path: Path) -> None:
        gateway = gateways(f"popen//chdir={tmp_path / 'made'}")
        assert gateway._rinfo().cwd == str(tmp_path / "made")
        run(gateway, "import os\nos.rmdir(os.getcwd())")
        assert gateway._rinfo(update=True).cwd is None
        assert run(gateway, "channel.send(1)") == [1]

    def test_gw_022_answers_fit_the_smallest_window(self, gateways: Gateways) -> None:
        gateway = gateways()
        for character in ("x", "\u20ac", "\U0001f600"):
            run(gateway, f"import sys\nsys.executable = {character!r} * 100_000")
            details = gateway._rinfo(update=True).details
            assert details["executable"].startswith(character * 1000)
            assert len(values.encode(details)) + ITEM_COST_BYTES <= 65_536
        assert len(values.encode(gateway.remote_status().details)) + ITEM_COST_BYTES <= 65_536

    def test_gw_030_a_path_with_odd_bytes_arrives_with_them_replaced(
        self, gateways: Gateways, tmp_path: Path
    ) -> None:
        odd = tmp_path / "odd-\udcff-name"
        odd.mkdir()
        gateway = gateways()
        gateway.remote_exec(f"import os; os.chdir({os.fsencode(odd)!r})").waitclose(PATIENCE_S)
        assert gateway._rinfo().cwd == str(tmp_path / "odd-\ufffd-name")


class TestSees:
    def test_gw_017_gw_019_names_and_arguments(self, shared: Gateway) -> None:
        source = """
            import sys
            channel.send((__name__, sys.argv, sorted(n for n in globals() if not n.startswith("__"))))
        """
        assert run(shared, source) == [("__channelexec__", ["-c"], ["channel", "sys"])]

    def test_gw_017_namespaces_are_apart(self, shared: Gateway) -> None:
        run(shared, "left_behind = 1")
        assert "NameError" in error_of(shared, "left_behind")

    def test_gw_040_stdin_is_empty(self, shared: Gateway) -> None:
        assert run(shared, "import sys\nchannel.send(sys.stdin.read())") == [""]

    @pytest.mark.parametrize("fd", [0, 1, 2])
    def test_gw_040_writing_to_standard_descriptors_disturbs_nothing(
        self, gateways: Gateways, fd: int
    ) -> None:
        gateway = gateways("popen//stdout=null")
        source = f"""
            import os, subprocess, sys
            try:
                for _ in range(50):
                    os.write({fd}, bytes(range(256)) * 20)
            except OSError:
                pass
            subprocess.run([sys.executable, "-c", "import os; os.write({fd or 1}, b'x' * 5000)"])
            channel.send("alive")
        """
        assert run(gateway, source) == ["alive"]
        assert run(gateway, f"import os; os.close({fd}); channel.send(1)") == [1]

    def test_gw_040_the_connection_is_not_inherited(self, shared: Gateway) -> None:
        source = """
            import os
            channel.send([fd for fd in map(int, os.listdir("/proc/self/fd"))
                          if fd > 2 and os.path.exists(f"/proc/self/fd/{fd}") and os.get_inheritable(fd)])
        """
        assert run(shared, source) == [[]]

    def test_the_path_begins_with_the_current_directory_and_ends_with_ours(self, shared: Gateway) -> None:
        """What runs there finds what a plain interpreter finds, in the same order; ours is behind."""
        channel = shared.remote_exec("import os, sys\nchannel.send((sys.path, os.__file__))")
        path, library = channel.receive(PATIENCE_S)
        assert path[0] == ""
        ours = next(index for index, folder in enumerate(path) if "xnet-gateway" in folder)
        assert path.index(str(Path(library).parent)) < ours


class TestErrors:
    def test_gw_018_tracebacks_have_the_lines_of_the_source(self, shared: Gateway) -> None:
        text = error_of(shared, "def helper():\n    return 1 / 0  # here\n\nhelper()\n")
        assert "return 1 / 0  # here" in text
        assert "helper()" in text
        assert "ZeroDivisionError" in text
        assert "exec_task" not in text  # ours is of no interest to the user

    def test_gw_018_each_execution_has_its_own_lines(self, shared: Gateway) -> None:
        """The name is the same for all sources without a file."""
        first = error_of(shared, "raise ValueError('one')  # first source")
        second = error_of(shared, "\nraise ValueError('two')  # second source")
        assert "# first source" in first
        assert "# second source" in second

    def test_gw_010_syntax_errors_and_missing_functions(self, shared: Gateway) -> None:
        text = error_of(shared, "a = 1\nb = = 2\n")
        assert text.startswith('Traceback (most recent call last):\n  File "<remote exec>", line 2\n')
        assert "SyntaxError" in text
        assert "exec_task" not in text
        assert "b = = 2" in text
        assert error_of(shared, "\0").startswith("Traceback (most recent call last):\n")

    def test_gw_010_eof_error_is_a_normal_end(self, shared: Gateway) -> None:
        channel = shared.remote_exec("channel.send(1)\nraise EOFError('nothing more')")
        channel.waitclose(PATIENCE_S)
        assert list(channel) == [1]

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("raise SystemExit(3)", "SystemExit: 3"),
            ("import sys\nsys.exit()", "SystemExit"),
            ("raise GeneratorExit", "GeneratorExit"),
            ("class E(BaseException): pass\nraise E('x')", "E: x"),
            ("class E(Exception):\n def __str__(self): raise ValueError('no')\nraise E", "E"),
            ("class E(Exception):\n def __str__(self): raise SystemExit(9)\nraise E", "E"),
            ("class E(Exception):\n def __str__(self): raise KeyboardInterrupt\nraise E", "E"),
            ("class E(Exception):\n def __str__(self): return 7\nraise E", "E"),
            ("raise ValueError('\\udc80 lone')", "ValueError"),
            ("def f(): f()\nf()", "RecursionError"),
            ("assert False, [channel] * 3", "AssertionError"),
        ],
    )
    def test_gw_010_every_error_arrives_and_the_worker_lives_on(
        self, shared: Gateway, source: str, expected: str
    ) -> None:
        assert expected in error_of(shared, source)
        assert run(shared, SAY_THREAD) == [True]

    def test_gw_010_keyboard_interrupt_has_a_short_text(self, shared: Gateway) -> None:
        assert error_of(shared, "raise KeyboardInterrupt") == "keyboard-interrupted"
        assert run(shared, SAY_THREAD) == [True]

    @pytest.mark.parametrize("size", [65_000, 65_536, 70_000, 3_000_000])
    def test_ch_042_huge_texts_are_shortened(self, shared: Gateway, size: int) -> None:
        text = error_of(shared, f"raise ValueError('\u00e9' * {size})")
        assert "ValueError" in text
        assert len(text.encode()) <= 65_536
        assert run(shared, SAY_THREAD) == [True]

    def test_gw_010_items_come_before_the_error(self, shared: Gateway) -> None:
        channel = shared.remote_exec("for i in range(100): channel.send(i)\n1/0")
        assert [channel.receive(PATIENCE_S) for _ in range(100)] == list(range(100))
        with pytest.raises(RemoteError, match="ZeroDivisionError"):
            channel.receive(PATIENCE_S)
        with pytest.raises(EOFError):
            channel.receive(PATIENCE_S)

    def test_errors_in_other_threads_of_user_code_do_not_matter(self, shared: Gateway) -> None:
        source = """
            import threading
            def fail():
                raise SystemExit
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
            channel.send("alive")
        """
        assert run(shared, source) == ["alive"]


def test_many_threads_execute_at_once(shared: Gateway) -> None:
    """Answers never get mixed up between callers."""
    results: dict[int, list[object]] = {}

    def work(number: int) -> None:
        results[number] = [run(shared, f"channel.send({number * 1000 + i})") for i in range(25)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert results == {number: [[number * 1000 + i] for i in range(25)] for number in range(8)}
