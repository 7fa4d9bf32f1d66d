"""Errors as text."""

from __future__ import annotations

import sys

import pytest

from programs import output_of
from xnet_channel.platform.tracebacks import MOST_CALLS, describe_bug, format_traceback


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text today")


def text_of(error: BaseException) -> str:
    return format_traceback(error, error.__traceback__)


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - the test looks at it
        return caught


def test_where_it_was_raised_and_what_it_says() -> None:
    text = text_of(raised(ValueError("the words")))
    assert text.startswith("Traceback (most recent call last):\n")
    assert "in raised\n" in text
    assert text.endswith("ValueError: the words\n")


def test_what_it_came_from() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise OSError("second") from first
    except OSError as second:
        text = text_of(second)
    assert text.index("KeyError: 'first'") < text.index("direct cause") < text.index("OSError: second")


def test_an_error_that_was_never_raised_or_has_no_text() -> None:
    assert text_of(ValueError("made only")) == "ValueError: made only\n"
    assert "UnprintableError" in text_of(raised(UnprintableError()))


def test_a_plain_one_where_a_full_one_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traceback", None)
    text = ""
    source = "def f():\n    raise KeyError(1)  # here\ntry:\n    f()\nexcept KeyError as e:\n    1 / 0\n"
    try:
        exec(compile(source, "<odd>", "exec"), {})
    except ZeroDivisionError as error:
        text = format_traceback(error, error.__traceback__, ("<odd>", source))
    assert 'File "<odd>", line 2, in f\n    raise KeyError(1)  # here\nKeyError: 1\n' in text
    assert "During handling of the above exception" in text
    assert 'File "<odd>", line 6, in <module>\n    1 / 0\nZeroDivisionError: division by zero\n' in text
    assert text.endswith("(a plain traceback: ModuleNotFoundError while a full one was made)\n")
    assert "KeyError: 'a'\n\nThe above exception was the direct cause" in text_of(led_to_itself())


def led_to_itself() -> BaseException:
    first, second = KeyError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    return second


def test_a_plain_one_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "traceback", None)

    def endless() -> None:
        endless()

    with pytest.raises(RecursionError) as caught:
        endless()
    text = text_of(caught.value)
    assert text.count("\n") < 2 * MOST_CALLS
    assert "(more calls)" in text
    assert "<exception str() failed>" in text_of(raised(UnprintableError()))


def test_a_bug_in_one_sentence() -> None:
    line = raised.__code__.co_firstlineno + 2
    assert describe_bug(raised(ValueError("words"))) == f"ValueError: words at {__file__}:{line}"
    assert describe_bug(ValueError()) == "ValueError"


def test_a_hook_that_fails_is_no_end() -> None:
    program = """if 1:
        import os, sys
        from xnet_channel.platform.tracebacks import tell_excepthook
        os.dup2(1, 2)
        sys.excepthook = None
        import threading
        threading.excepthook = None
        tell_excepthook(KeyError("words"))
        print("goes on")
    """
    text = output_of(program)
    assert "TypeError" in text
    assert text.endswith("goes on\n")
