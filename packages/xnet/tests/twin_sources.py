# mypy: allow-untyped-defs, allow-untyped-calls
"""What the programs of ``test_same_as_execnet_*`` send: without annotations, as execnet wants it."""

import functools
import os

GLOBAL = 3


def sends_its_arguments(channel, first, second=2, *more, keyword=3, **others):
    channel.send([first, second, list(more), keyword, others])


def sends_one(channel):
    channel.send(1)


def uses_builtins(channel):
    channel.send(sorted(map(str, range(3))))


def imports_inside(channel):
    import sys

    channel.send(sys.platform)


def defines_inside(channel):
    def inner():
        return "inner"

    channel.send(inner())


def has_a_comprehension(channel):
    channel.send([number for number in range(3)])  # noqa: C416


def calls_itself_by_name(channel):
    channel.send(calls_itself_by_name.__name__)


def fails(channel):
    raise KeyError("key")


def shows_itself(channel):
    import inspect
    import os.path
    import sys

    code = sys._getframe().f_code
    channel.send([code.co_name, os.path.basename(code.co_filename), inspect.getsource(code)])


def takes_no_channel():
    pass


def calls_it_otherwise(chan):
    pass


def uses_a_global(channel):
    channel.send(GLOBAL)


def uses_an_import(channel):
    channel.send(os.sep)


def returns_something(channel):
    return 5


def make_closure():
    value = 1

    def closure(channel):
        channel.send(value)

    return closure


def make_nested():
    def nested(channel):
        channel.send(7)

    return nested


NESTED = make_nested()
CLOSURE = make_closure()


def make_wrapper(function):
    @functools.wraps(function)
    def wrapper(*arguments, **keywords):
        return function(*arguments, **keywords)

    return wrapper


WRAPPER = make_wrapper(sends_one)


class Holder:
    def method(self, channel):
        channel.send(1)

    @staticmethod
    def static(channel):
        channel.send(1)


if __name__ == "__channelexec__":
    channel.send([GLOBAL, __name__])  # type: ignore[name-defined]  # noqa: F821
