from __future__ import annotations

import os

import pytest

from xnet.command_line import output


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (123456, "123 kB"), (2.5e12, "2.5 TB")]
)
def test_sizes(count: float, text: str) -> None:
    assert output.size(count) == text


def test_what_others_wrote_cannot_act_on_a_terminal() -> None:
    assert output.printable("é \x1b[2J\n\u202e") == "é \\x1b[2J\\n\\u202e"


def test_sentences_quote_safely(capfd: pytest.CaptureFixture[str]) -> None:
    output.complain("it said:\n\x1b[2J\x07")
    assert capfd.readouterr().err == "xnet: it said:\n\\x1b[2J\\x07\n"


@pytest.mark.parametrize(
    ("text", "data"), [("é", "é".encode()), (os.fsdecode(b"\xff"), b"\xff"), ("\ud800", b"\\ud800")]
)
def test_every_text_can_be_written(text: str, data: bytes) -> None:
    assert output.encode(text) == data


def test_a_pipe_that_broke_and_a_table(capfd: pytest.CaptureFixture[str]) -> None:
    output.table(("a", "bb"), [("long", "1"), ("", "\x1b")])
    assert capfd.readouterr().out == "a     bb\nlong  1\n-     \\x1b\n"
    reading, writing = os.pipe()
    os.close(reading)
    before = os.dup(1)
    try:
        os.dup2(writing, 1)
        with pytest.raises(output.OutputError, match="cannot write to standard output") as caught:
            output.say("x")
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(writing)
    assert isinstance(caught.value.cause, BrokenPipeError)
