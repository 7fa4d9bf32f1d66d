"""Errors as text and as data."""

from __future__ import annotations

from programs import output_of
from xnet_channel.threads.error_data import format_error
from xnet_channel.threads.errors import INTERRUPT_TEXT


class Interrupted(KeyboardInterrupt):
    pass


def test_an_interrupt_is_the_text_that_nobody_is_warned_about() -> None:
    assert format_error(KeyboardInterrupt()) == INTERRUPT_TEXT
    assert format_error(Interrupted("^C")) == INTERRUPT_TEXT


def test_nothing_is_loaded_before_something_fails() -> None:
    program = """if 1:
        import sys
        before = "traceback" in sys.modules  # by the interpreter itself
        from xnet_channel.threads.error_data import format_error
        format_error(KeyboardInterrupt())
        print("traceback" in sys.modules and not before)
        print(format_error(ValueError(1)).strip())
    """
    assert output_of(program) == "False\nValueError: 1\n"
