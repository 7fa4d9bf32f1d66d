"""What the sender must not say, and how it is refused. Spec: RS-003."""

from .system import NUMBERS


class Refused(Exception):
    """The sender said what it must not say. Spec: RS-003."""


class NoDestination(Exception):
    """The destination cannot be made or opened: the sender says this without the traceback."""


def must(condition, text, *values):
    """Refuse what the sender said unless the condition holds."""
    if not condition:
        raise Refused("rsync: refused what the sender said: " + text % values)


def must_be_number(value, least=0, most=2**32 - 1):
    """Refuse a value of a message that is not a number in a range."""
    must(
        isinstance(value, NUMBERS) and not isinstance(value, bool) and least <= value <= most,
        "%r is not a number from %d to %d", value, least, most,
    )
