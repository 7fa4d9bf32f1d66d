"""``Source``: source text for a worker in any language, with what it is told about it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: The language of functions and modules, and of workers that name none. Spec: GW-004.
PYTHON: Final = "python"


class Source:
    """Source text for ``remote_exec``, with what a worker in any language is told about it.

    Attributes:
        text: The source.
        language: In which it is, as in the worker's feature ``exec.LANGUAGE``; None: the worker's first one.
        call: Name of a function that the source defines, and that is called with the channel and the named
            arguments of ``remote_exec``; None: there is none.
        file: What messages and tracebacks call it.
    """

    __slots__ = ("call", "file", "language", "text")

    def __init__(
        self, text: str, *, language: str | None = None, call: str | None = None, file: str | None = None
    ) -> None:
        """Make it.

        Raises:
            TypeError: One of them is not text (our caller's fault).
        """
        for name, value in (("text", text), ("language", language), ("call", call), ("file", file)):
            if type(value) is not str and (value is not None or name == "text"):
                raise TypeError(f"Source() takes a string as {name}, not {type(value).__name__}")
        self.text = text
        self.language = language
        self.call = call
        self.file = file

    def __repr__(self) -> str:
        rest = [
            f"{name}={value!r}" for name in ("language", "call", "file") if (value := getattr(self, name))
        ]
        return f"Source({', '.join([shorten(repr(self.text)), *rest])})"


def shorten(text: str) -> str:
    """Keep a representation readable inside a sentence."""
    return text if len(text) <= 80 else f"{text[:77]}..."
