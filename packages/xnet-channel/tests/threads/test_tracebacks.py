"""Errors as text."""

from __future__ import annotations

from programs import output_of
from xnet_channel.threads.errors import INTERRUPT_TEXT
from xnet_channel.threads.tracebacks import format_error


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text today")


class Interrupted(KeyboardInterrupt):
    pass


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - the test looks at it
        return caught


def test_where_it_was_raised_and_what_it_says() -> None:
    text = format_error(raised(ValueError("the words")))
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
        text = format_error(second)
    assert text.index("KeyError: 'first'") < text.index("direct cause") < text.index("OSError: second")


def test_an_error_that_was_never_raised_or_has_no_text() -> None:
    assert format_error(ValueError("made only")) == "ValueError: made only\n"
    assert "UnprintableError" in format_error(raised(UnprintableError()))


def test_an_interrupt_is_the_text_that_nobody_is_warned_about() -> None:
    assert format_error(raised(KeyboardInterrupt())) == INTERRUPT_TEXT
    assert format_error(Interrupted("^C")) == INTERRUPT_TEXT


def test_nothing_is_loaded_before_something_fails() -> None:
    program = """if 1:
        import sys
        before = "traceback" in sys.modules  # by the interpreter itself
        from xnet_channel.threads.tracebacks import format_error
        format_error(KeyboardInterrupt())
        print("traceback" in sys.modules and not before)
        print(format_error(ValueError(1)).strip())
    """
    assert output_of(program) == "False\nValueError: 1\n"
