"""What users can catch."""

from __future__ import annotations

import builtins
import copy
import io
import pickle
import sys

import pytest

from xnet_channel.threads.error_data import format_error
from xnet_channel.threads.errors import INTERRUPT, INTERRUPT_TEXT, RemoteError, TimeoutError, remote_error
from xnet_wire.channel_errors import ChannelError


def test_texts_and_bases() -> None:
    error = RemoteError("text")
    assert (str(error), repr(error), error.formatted) == ("text", "RemoteError: text", "text")
    assert (error.code, error.type, error.message, error.frames) == ("error", None, None, ())
    assert issubclass(TimeoutError, builtins.TimeoutError)
    assert issubclass(TimeoutError, OSError)


def test_what_a_program_can_look_at_and_it_survives_pickle_and_copy() -> None:
    told = ChannelError("text", "busy", "KeyError", "'a'", [("f.py", 1, "f")])
    error = remote_error(told)
    for one in (error, pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (str(one), one.code, one.type, one.message) == ("text", "busy", "KeyError", "'a'")
        assert one.frames == (("f.py", 1, "f"),)


def test_warnings_but_not_about_interrupts(capsys: pytest.CaptureFixture[str]) -> None:
    remote_error(INTERRUPT).warn()
    assert capsys.readouterr().err == ""
    RemoteError("the reason").warn()
    assert "the reason" in capsys.readouterr().err


def test_tracebacks_as_text() -> None:
    assert format_error(KeyboardInterrupt()) == INTERRUPT_TEXT
    assert "ValueError: 1" in format_error(ValueError(1))


def test_a_warning_goes_to_the_interpreters_own_stderr_if_the_programs_is_closed_or_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = io.StringIO()
    closed.close()
    for gone in closed, None:
        own = io.StringIO()
        monkeypatch.setattr(sys, "__stderr__", own)
        monkeypatch.setattr(sys, "stderr", gone)
        RemoteError("lost").warn()
        assert own.getvalue().endswith("a remote error that nobody received: RemoteError: lost\n")
    monkeypatch.setattr(sys, "__stderr__", None)
    RemoteError("nobody is left").warn()
