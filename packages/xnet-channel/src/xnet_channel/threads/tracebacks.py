"""Errors as the text that travels to the other side."""

from __future__ import annotations

from xnet_channel.threads.errors import INTERRUPT_TEXT


def format_error(error: BaseException) -> str:
    """Return the traceback of an error as text.

    KeyboardInterrupt gives the short text that nobody is warned about.
    """
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPT_TEXT
    import traceback  # only when something failed: it costs 5 ms at first use

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
