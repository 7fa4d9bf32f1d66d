"""Leaving values of environment variables out of what is written: they may be secrets.

Errors name the specification they are about, as it was given; whoever shows them to others may not know that.
"""

from __future__ import annotations

from xnet_gateway.xspec import ENV_PREFIX, SEPARATOR


def hide_in_spec(text: str) -> str:
    """Return the text of a specification, of whatever sense, without the values of its variables."""
    return SEPARATOR.join(_hide_entry(entry) for entry in text.split(SEPARATOR))


def hide_in_message(message: str, spec: str) -> str:
    """Return a message without the values of a specification's variables."""
    for entry in spec.split(SEPARATOR):
        hidden = _hide_entry(entry)
        if hidden != entry:
            # As it is, and as repr() writes it.
            for written in (entry, repr(entry)[1:-1]):
                message = message.replace(written, hidden)
    return message


def _hide_entry(entry: str) -> str:
    name, equals, value = entry.partition("=")
    return f"{name}=..." if entry.startswith(ENV_PREFIX) and equals and value else entry
