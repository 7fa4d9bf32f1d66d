"""Error texts of the peer cost it no credit: how much of them is kept is bounded here. Spec: LI-013."""

from __future__ import annotations

from sys import getsizeof
from weakref import ref

from xnet_channel.threads.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: What the errors of a connection take in memory before further ones are shortened.
KEPT_BYTES: Final = 4_194_304
#: Shorter texts are not counted, longer ones are shortened to so many characters.
SHORT_CHARACTERS: Final = 1_000
#: How many have to come until it is looked again whether the long ones are still there, when all were.
LOOK_AGAIN: Final = 64


class KeptErrors:
    """The errors that one peer has told and that somebody still has, as those that nobody has seen yet.

    Threads: the caller serialises.
    """

    def __init__(self) -> None:
        self._long: list[ref[RemoteError]] = []
        self._bytes = 0
        self._until_look = 1

    def remember(self, text: str) -> RemoteError:
        """Return the error of a text; if there are many long ones, of its end, which has the reason."""
        if len(text) <= SHORT_CHARACTERS:
            return RemoteError(text)
        if self._bytes > KEPT_BYTES:
            self._look()
        if self._bytes > KEPT_BYTES:
            return RemoteError(f"...{text[3 - SHORT_CHARACTERS :]}")
        error = RemoteError(text)
        self._bytes += getsizeof(text)
        self._long.append(ref(error))
        return error

    def _look(self) -> None:
        """Forget those that nobody has any more; seldom where that helps nothing: there are thousands."""
        self._until_look -= 1
        if self._until_look > 0:
            return
        there = [error for one in self._long if (error := one()) is not None]
        self._long = [ref(error) for error in there]
        self._bytes = sum([getsizeof(error.formatted) for error in there])
        self._until_look = LOOK_AGAIN if self._bytes > KEPT_BYTES else 1
