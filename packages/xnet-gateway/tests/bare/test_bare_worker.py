"""What a bare worker does for its initiator, on every interpreter."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from bare_helpers import BareGateways
from gateway_helpers import PATIENCE_S, eventually
from xnet_channel.threads.errors import RemoteError
from xnet_gateway.gateway import Gateway
from xnet_wire import frames, messages, values
from xnet_wire.limits import ITEM_COST_BYTES

ECHO = "for item in channel: channel.send(item)"


def is_py2(worker: Gateway) -> bool:
    return bool(worker._rinfo().version_info[0] == 2)


def run(worker: Gateway, source: Any, **kwargs: Any) -> Any:
    """Return the first item that the code sends."""
    return worker.remote_exec(source, **kwargs).receive(PATIENCE_S)


class TestQuestions:
    def test_gw_030_info(self, worker: Gateway, version_of: str) -> None:
        info = worker._rinfo(update=True)
        if not version_of.startswith("pypy"):
            assert version_of == f"{info.version_info[0]}.{info.version_info[1]}"
        assert info.pid == worker.pid
        assert info.cwd == os.getcwd()
        assert info.executable is not None
        assert Path(info.executable).exists()
        assert info.platform.startswith("linux")

    def test_gw_020_fr_023_status_while_the_main_thread_is_busy(self, worker: Gateway) -> None:
        busy = worker.remote_exec(
            "import time\nchannel.send(1)\nwhile not channel.isclosed(): time.sleep(0.001)"
        )
        busy.receive(PATIENCE_S)
        status = worker.remote_status()
        assert (status.numchannels, status.numexecuting, status.execmodel) == (1, 1, "thread")
        assert worker.session.ping(b"x", PATIENCE_S)
        assert worker._rinfo(update=True).pid == worker.pid
        busy.close()
        assert eventually(lambda: worker.remote_status().numexecuting == 0)
        assert worker.remote_status().numchannels == 0

    def test_gw_021_an_execution_is_not_counted_after_its_close(self, worker: Gateway) -> None:
        for _ in range(50):
            worker.remote_exec("pass").waitclose(PATIENCE_S)
            assert worker.remote_status().numexecuting == 0

    def test_gw_022_answers_fit_the_smallest_window(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        for text in (b"x", "\u20ac".encode(), "\U0001f600".encode()):
            source = f"import sys\nsys.executable = {text!r} * 100000\n"
            source += "if sys.version_info[0] > 2: sys.executable = sys.executable.decode()"
            worker.remote_exec(source).waitclose(PATIENCE_S)
            details = worker._rinfo(update=True).details
            assert details["executable"].startswith(text.decode() * 1000)
            assert len(values.encode(details)) + ITEM_COST_BYTES <= 65_536
        assert len(values.encode(worker.remote_status().details)) + ITEM_COST_BYTES <= 65_536


class TestExecuting:
    def test_gw_017_gw_019_namespace(self, worker: Gateway) -> None:
        source = "import sys\nchannel.send((__name__, sorted(globals()), sys.argv, repr(channel)))"
        name, names, argv, shown = run(worker, source)
        assert name == "__channelexec__"
        assert set(names) - {"__builtins__", "__package__"} == {"__name__", "channel", "sys"}
        assert argv == ["-c"]
        assert shown.startswith("<Channel id=")

    def test_gw_003_a_function_with_arguments(self, worker: Gateway) -> None:
        source = "def function(channel, text, number=0, **rest): channel.send([text, number, rest])"
        kwargs = {"text": "h\xe9", "number": 2**70, "more": (1,)}
        request = messages.encode_exec(messages.ExecRequest(source, "f.py", "function", kwargs))
        channel = worker.session.request(frames.CHANNEL_EXEC, request)
        assert channel.receive(PATIENCE_S) == ["h\xe9", 2**70, {"more": (1,)}]

    def test_a_function(self, worker: Gateway, version_of: str) -> None:
        def function(channel, text):  # type: ignore[no-untyped-def]
            channel.send(text)

        def annotated(channel: Any, text: str) -> None:
            channel.send(text)

        assert run(worker, function, text="h\xe9") == "h\xe9"
        if version_of not in ("2.7", "3.6"):
            assert run(worker, annotated, text="h\xe9") == "h\xe9"
        else:  # it comes from a file whose annotations are postponed, which they do not know
            with pytest.raises(
                RemoteError, match="The source cannot be parsed by the interpreter it was sent"
            ):
                run(worker, annotated, text="h\xe9")

    def test_gw_002_arguments_are_not_coerced_by_reconfigure(self, bare: BareGateways, version: str) -> None:
        worker = bare(version)
        worker.reconfigure(py3str_as_py2str=True)
        source = "def function(channel, **kwargs):\n"
        source += "    values = (kwargs['value'], channel.receive())\n"
        source += "    channel.send([type(value).__name__ for value in values])"
        request = messages.encode_exec(messages.ExecRequest(source, None, "function", {"value": "text"}))
        channel = worker.session.request(frames.CHANNEL_EXEC, request)
        channel.send("text")
        coerced = ["unicode", "str"] if version == "2.7" else ["str", "bytes"]
        assert channel.receive(PATIENCE_S) in (coerced, [name.encode() for name in coerced])

    def test_gw_011_code_cannot_close_its_own_channel(self, worker: Gateway) -> None:
        """It stays open: what is sent after the attempt arrives."""
        source = "try: channel.close()\nexcept (OSError, IOError) as error: channel.send(str(error))"
        channel = worker.remote_exec(source)
        assert "not explicitly" in channel.receive(PATIENCE_S)
        channel.waitclose(PATIENCE_S)

    def test_gw_013_gw_015_executions_one_after_the_other_are_all_on_the_main_thread(
        self, worker: Gateway
    ) -> None:
        source = (
            "import threading\nchannel.send(isinstance(threading.current_thread(), threading._MainThread))"
        )
        for _ in range(20):
            channel = worker.remote_exec(source)
            assert channel.receive(PATIENCE_S) is True
            channel.waitclose(PATIENCE_S)

    def test_gw_005_gw_013_executions_at_the_same_time_are_on_threads(self, worker: Gateway) -> None:
        channels = [worker.remote_exec(ECHO) for _ in range(5)]
        for _ in range(3):
            for number, channel in enumerate(channels):
                channel.send(number)
            assert [channel.receive(PATIENCE_S) for channel in channels] == [0, 1, 2, 3, 4]
        assert worker.remote_status().numexecuting == 5
        for channel in channels:
            channel.close()
        assert eventually(lambda: worker.remote_status().numexecuting == 0)

    def test_gw_014_main_thread_only(self, bare: BareGateways, version: str) -> None:
        worker = bare(version, execmodel="main_thread_only")
        first = worker.remote_exec(ECHO)
        second = worker.remote_exec("pass")
        with pytest.raises(
            RemoteError, match="concurrent remote_exec would cause deadlock for main_thread_only"
        ):
            second.waitclose(PATIENCE_S)
        assert worker.remote_status().execmodel == "main_thread_only"
        first.send(1)
        assert first.receive(PATIENCE_S) == 1
        first.close()
        assert eventually(lambda: worker.remote_status().numexecuting == 0)
        worker.remote_exec("pass").waitclose(PATIENCE_S)

    def test_gw_016_who_has_the_result_may_send_the_next(self, bare: BareGateways, version: str) -> None:
        worker = bare(version, execmodel="main_thread_only")
        for number in range(100):
            assert worker.remote_exec(f"channel.send({number})").receive(PATIENCE_S) == number
        assert worker.remote_status().numqueued == 0

    @pytest.mark.parametrize("place", ["null", "file"])
    def test_hs_020_where_it_prints(
        self, bare: BareGateways, version: str, place: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "out"
        path.write_text("before\n")
        worker = bare(version, stdout=str(path) if place == "file" else place)
        source = "import os, sys\nprint('said'); sys.stdout.flush(); os.system('echo and its child')"
        worker.remote_exec(source).waitclose(PATIENCE_S)
        assert path.read_text() == ("before\nsaid\nand its child\n" if place == "file" else "before\n")
        assert "said" not in "".join(capfd.readouterr())

    def test_gw_010_an_error_is_a_traceback_with_source_lines(self, worker: Gateway) -> None:
        """Spec: GW-010, GW-018. Without frames of ours."""
        with pytest.raises(RemoteError) as caught:
            worker.remote_exec("def f():\n    raise KeyError('h')  # here\n\nf()").waitclose(PATIENCE_S)
        text = str(caught.value)
        assert text.startswith(
            'Traceback (most recent call last):\n  File "<remote exec>", line 4, in <module>\n    f()'
        )
        assert "File \"<remote exec>\", line 2, in f\n    raise KeyError('h')" in text
        assert "KeyError: 'h'" in text
        assert "bare worker" not in text

    def test_tracebacks_through_the_worker_show_its_lines(self, worker: Gateway) -> None:
        with pytest.raises(RemoteError) as caught:
            worker.remote_exec("channel.send(object())").waitclose(PATIENCE_S)
        text = str(caught.value)
        assert "channel.send(object())" in text
        assert 'File "<xnet bare worker/encoding.py>", line' in text
        assert "payload = encode(item, link.peer_limits" in text
        assert "can't serialize an object of type object." in text

    def test_gw_018_inspect_shows_the_source(self, worker: Gateway) -> None:
        source = "import inspect, linecache\n"
        worker.remote_exec(source).waitclose(PATIENCE_S)
        source += "def f():\n    return 42\nchannel.send(inspect.getsource(f))"
        assert run(worker, source) == "def f():\n    return 42\n"

    def test_errors_of_every_kind(self, worker: Gateway) -> None:
        for source, words in (
            ("raise SystemExit(3)", "SystemExit"),
            ("raise ValueError(u'h\\xe9\\u20ac')", "ValueError"),
            ("class E(Exception):\n    def __str__(self): raise TypeError\nraise E()", "E"),
            ("class E(BaseException): pass\nraise E('base')", "base"),
            ("def f(): f()\nf()", "ecursion"),
            ("channel.close()", "when the execution ends, not explicitly"),
        ):
            with pytest.raises(RemoteError, match=words):
                worker.remote_exec(source).waitclose(PATIENCE_S)
        worker.remote_exec("raise EOFError").waitclose(PATIENCE_S)
        assert run(worker, "channel.send(1)") == 1

    def test_gw_010_code_that_makes_tracebacks_impossible(self, worker: Gateway) -> None:
        """A plain traceback arrives, and the worker lives on."""
        source = "import sys; sys.modules['traceback'] = sys.modules['linecache'] = None\n"
        with pytest.raises(
            RemoteError,
            match=r"(?s)Traceback .* line 2, in .*KeyError: .*words.*\n\(a plain traceback: \w+Error",
        ):
            worker.remote_exec(source + "raise KeyError('words')").waitclose(PATIENCE_S)
        undo = "import sys; del sys.modules['traceback'], sys.modules['linecache']; channel.send(1)"
        assert run(worker, undo) == 1

    def test_nothing_of_ours_is_imported_from_the_future(self, worker: Gateway) -> None:
        source = "def function(x: int): pass\nchannel.send(function.__annotations__['x'] is int)"
        if not is_py2(worker):
            assert run(worker, source) is True
        assert run(worker, "channel.send(3 / 2)") == (1 if is_py2(worker) else 1.5)

    def test_ch_042_a_long_error_is_cut(self, worker: Gateway) -> None:
        with pytest.raises(RemoteError) as caught:
            worker.remote_exec("raise ValueError('x' * 200000 + 'the end')").waitclose(PATIENCE_S)
        assert "cut here" in str(caught.value)
        assert str(caught.value).rstrip().endswith("the end")

    def test_a_source_of_another_version_fails_with_a_sentence(self, worker: Gateway) -> None:
        with pytest.raises(RemoteError) as caught:
            worker.remote_exec("x = = 1").waitclose(PATIENCE_S)
        text = str(caught.value)
        assert text.startswith('Traceback (most recent call last):\n  File "<remote exec>", line 1')
        assert "SyntaxError" in text
        assert "The source cannot be parsed by the interpreter it was sent to, " in text
        if is_py2(worker):
            with pytest.raises(RemoteError, match=r"sent to, cpython-2\.7\.\d+ \(/.*python2.*\)\.") as caught:
                worker.remote_exec("print(f'{1}')").waitclose(PATIENCE_S)

    def test_a_source_that_declares_its_encoding(self, worker: Gateway) -> None:
        source = "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\nchannel.send(u'h\xe9')"
        assert run(worker, source) == "h\xe9"

    def test_a_missing_function(self, worker: Gateway) -> None:
        request = messages.encode_exec(messages.ExecRequest("pass", call="nobody"))
        with pytest.raises(RemoteError, match="nobody"):
            worker.session.request(frames.CHANNEL_EXEC, request).waitclose(PATIENCE_S)

    def test_a_request_above_the_frame_limit(self, worker: Gateway) -> None:
        source = "text = u'" + "x" * 2_000_000 + "'\nchannel.send(len(text))"
        assert run(worker, source) == 2_000_000

    def test_gw_012_code_runs_on_when_its_channel_is_closed(self, worker: Gateway) -> None:
        source = """
other = channel.receive()
try:
    channel.receive()
except EOFError:
    other.send("end")
try:
    channel.send(1)
except (OSError, IOError) as error:
    other.send(str(error))
"""
        channel = worker.remote_exec(source)
        other = worker.newchannel()
        channel.send(other)
        channel.close()
        assert other.receive(PATIENCE_S) == "end"
        assert "cannot send (already closed?)" in other.receive(PATIENCE_S)
