"""Lines of a trace, as text and as JSON. Spec: TR-001, TR-002, TR-003, TR-020."""

from __future__ import annotations

import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xnet_wire import frames
from xnet_wire.trace import RECEIVED, SENT, Tracer, format_message, open_tracer, quote_json

#: The grammar of 70-trace.md.
LINE = re.compile(r"(\[\d+\] )?[^\s]+ ((sent|received) <Message \w+ channel=\d+ lendata=\d+>|[^\n]*)\n")


class Files:
    """In place of a disk."""

    def __init__(self) -> None:
        self.opened: dict[str, io.StringIO] = {}

    def open(self, path: str) -> object:
        self.opened[path] = io.StringIO()
        return self.opened[path].write

    def text(self, path: str) -> str:
        return self.opened[path].getvalue()


def tracer_for(environ: dict[str, str], files: Files, stderr: io.StringIO) -> Tracer | None:
    return open_tracer(environ, 42, lambda: "/temp", stderr.write, files.open, lambda: 1000)  # type: ignore[arg-type]


def use(tracer: Tracer) -> None:
    tracer.message("gw0", SENT, frames.CHANNEL_EXEC, 1, 17)
    tracer.message("gw0", RECEIVED, 200, 0, 0)
    tracer.event("gw0", "worker started")


def test_tr001_1_appends_to_a_file_in_the_temporary_directory() -> None:
    files, stderr = Files(), io.StringIO()
    tracer = tracer_for({"EXECNET_DEBUG": "1"}, files, stderr)
    assert tracer is not None
    use(tracer)
    assert files.text("/temp/execnet-debug-42") == (
        "gw0 sent <Message CHANNEL_EXEC channel=1 lendata=17>\n"
        "gw0 received <Message TYPE_200 channel=0 lendata=0>\n"
        "gw0 worker started\n"
    )
    assert stderr.getvalue() == ""


def test_tr001_2_writes_to_standard_error_with_the_pid() -> None:
    files, stderr = Files(), io.StringIO()
    tracer = tracer_for({"EXECNET_DEBUG": "2"}, files, stderr)
    assert tracer is not None
    use(tracer)
    assert stderr.getvalue() == (
        "[42] gw0 sent <Message CHANNEL_EXEC channel=1 lendata=17>\n"
        "[42] gw0 received <Message TYPE_200 channel=0 lendata=0>\n"
        "[42] gw0 worker started\n"
    )
    assert not files.opened


@pytest.mark.parametrize(
    "environ", [{}, {"EXECNET_DEBUG": ""}, {"EXECNET_DEBUG": "0"}, {"XNET_TRACE_JSON": ""}]
)
def test_tr002_otherwise_there_is_no_tracer(environ: dict[str, str]) -> None:
    assert open_tracer(environ, 42, unwanted, unwanted, unwanted, unwanted) is None  # type: ignore[arg-type]


def unwanted(*args: object) -> None:
    raise AssertionError("nothing is asked of the system when tracing is off")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines\r\nor\u2028three", "gw0 two | lines | or | three"),
        ("\x1b]0;title\x07 \x9b2J\x08\x00\t\x7f", r"gw0 \x1b]0;title\x07 \x9b2J\x08\x00\t\x7f"),
        ("grüße \u200b\u202e \ud800", r"gw0 grüße \u200b\u202e \ud800"),
        ("sent <Message PING channel=0 lendata=0>", "gw0 | sent <Message PING channel=0 lendata=0>"),
        ("received <", "gw0 | received <"),
        ("was sent <", "gw0 was sent <"),
    ],
)
def test_se002_what_the_peer_says_is_shown_and_not_interpreted(text: str, line: str) -> None:
    out = io.StringIO()
    Tracer(42, out.write).event("gw0", text)
    assert out.getvalue() == f"{line}\n"


def test_a_name_is_one_printable_word() -> None:
    assert format_message("g w\x1b[2J\x00\ud800ü", SENT, frames.PING, 0, 0) == (
        r"g_w\x1b[2J\x00\ud800ü sent <Message PING channel=0 lendata=0>"
    )


def test_tr020_json_lines_are_for_machines() -> None:
    files = Files()
    tracer = tracer_for({"XNET_TRACE_JSON": "/logs/run"}, files, io.StringIO())
    assert tracer is not None
    use(tracer)
    lines = [json.loads(line) for line in files.text("/logs/run-42.jsonl").splitlines()]
    common = {"ns": 1000, "pid": 42, "side": "gw0"}
    assert lines == [
        {**common, "dir": "sent", "type": "CHANNEL_EXEC", "channel": 1, "length": 17},
        {**common, "dir": "received", "type": "TYPE_200", "channel": 0, "length": 0},
        {**common, "event": "worker started"},
    ]


def test_both_forms_at_once() -> None:
    files, stderr = Files(), io.StringIO()
    tracer = tracer_for({"EXECNET_DEBUG": "2", "XNET_TRACE_JSON": "p"}, files, stderr)
    assert tracer is not None
    use(tracer)
    assert len(stderr.getvalue().splitlines()) == 3
    assert len(files.text("p-42.jsonl").splitlines()) == 3


@given(st.text(), st.text())
def test_whatever_it_is_called_a_line_is_a_line(side: str, text: str) -> None:
    stream = io.StringIO()
    tracer = Tracer(1, stream.write)
    tracer.message(side, SENT, 4, 1, 2)
    assert LINE.fullmatch(stream.getvalue())
    tracer.event(side, text)
    assert stream.getvalue().count("\n") == 2


@given(st.text(alphabet=st.characters()))
def test_json_strings_are_json(text: str) -> None:
    assert json.loads(quote_json(text)) == text
    assert quote_json(text).isascii()


def test_tr003_a_sink_that_fails_disturbs_nobody() -> None:
    def full(line: str) -> None:
        raise OSError("no space left")

    closed = io.StringIO()
    closed.close()
    use(Tracer(1, full, full))
    use(Tracer(1, closed.write))

    def read_only(path: str) -> object:
        raise PermissionError(path)

    environ = {"EXECNET_DEBUG": "1", "XNET_TRACE_JSON": "p"}
    assert open_tracer(environ, 1, str, unwanted, read_only) is None  # type: ignore[arg-type]


def test_format_message() -> None:
    assert format_message("gw0-worker", RECEIVED, 3, 1, 17) == (
        "gw0-worker received <Message CHANNEL_EXEC channel=1 lendata=17>"
    )
