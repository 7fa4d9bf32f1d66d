"""Errors as text and as data."""

from __future__ import annotations

import pytest

from programs import output_of
from xnet_channel.threads.error_data import MOST_FRAMES, as_data, describe_reason, format_error
from xnet_channel.threads.errors import INTERRUPT_TEXT, RemoteError
from xnet_wire.channel_errors import ChannelError


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


class Untold(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


def deeply(levels: int) -> None:
    if levels:
        deeply(levels - 1)
    raise IndexError("deep")


def test_what_a_program_gives_as_its_reason() -> None:
    assert describe_reason("enough") == ChannelError("enough")
    there = RemoteError("there", code="cancelled", type="a.B", message="m", frames=[("f.py", 3, "f")])
    assert describe_reason(there) == ChannelError(str(there), "cancelled", "a.B", "m", [("f.py", 3, "f")])
    told = describe_reason(IndexError("out"))
    assert (told.text, told.type, told.message, list(told.frames)) == ("out", "IndexError", "out", [])


def test_an_error_that_cannot_say_what_it_is_has_its_calls() -> None:
    try:
        raise Untold
    except Untold as error:
        told = as_data(error, error.__traceback__, "what people see")
    assert (told.text, told.type, told.message, len(told.frames)) == ("what people see", None, None, 1)


def test_of_very_many_calls_the_first_and_the_last_are_told() -> None:
    with pytest.raises(IndexError) as caught:
        deeply(2 * MOST_FRAMES + 10)
    frames = as_data(caught.value, caught.tb, "deep").frames
    assert len(frames) == 2 * MOST_FRAMES
    assert frames[0][2] == "test_of_very_many_calls_the_first_and_the_last_are_told"
    assert frames[-1][1] == deeply.__code__.co_firstlineno + 3
