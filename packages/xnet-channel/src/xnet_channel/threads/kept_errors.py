"""Errors of the peer cost it no credit: how much of them is kept is bounded here. Spec: LI-013."""

from __future__ import annotations

from _weakref import ref
from sys import getsizeof

from xnet_channel.threads.errors import RemoteError, remote_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from xnet_wire.channel_errors import ChannelError, Frame

#: What the errors of a connection take in memory before further ones are shortened.
KEPT_BYTES: Final = 4_194_304
#: Errors that take less are not counted.
SHORT_BYTES: Final = 2_048
#: To how many characters texts are shortened, and words that programs compare.
SHORT_CHARACTERS: Final = 1_000
SHORT_WORD: Final = 100
#: How many have to come until it is looked again whether the long ones are still there, when all were.
LOOK_AGAIN: Final = 64


class KeptErrors:
    """The errors of one peer that are still held, for example because they were not seen yet.

    Threads: the caller serialises.
    """

    def __init__(self) -> None:
        self._long: list[ref[RemoteError]] = []
        self._bytes = 0
        self._until_look = 1

    def remember(self, told: ChannelError) -> RemoteError:
        """Return an error as users see it; if there are many long ones, the end of its text."""
        size_bytes = _size_of(told.frames, told.text, told.code, told.type, told.message)
        if size_bytes <= SHORT_BYTES:
            return remote_error(told)
        if self._bytes > KEPT_BYTES:
            self._look()
        if self._bytes > KEPT_BYTES:
            text = told.text
            if len(text) > SHORT_CHARACTERS:  # its end has the reason
                text = f"...{text[3 - SHORT_CHARACTERS :]}"
            return RemoteError(text, code=told.code[:SHORT_WORD], type=told.type and told.type[:SHORT_WORD])
        error = remote_error(told)
        self._bytes += size_bytes
        self._long.append(ref(error))
        return error

    def _look(self) -> None:
        """Forget those that are not held any more; rarely if that does not help: there may be thousands."""
        self._until_look -= 1
        if self._until_look > 0:
            return
        there = [error for one in self._long if (error := one()) is not None]
        self._long = [ref(error) for error in there]
        self._bytes = sum(
            [_size_of(one.frames, one.formatted, one.code, one.type, one.message) for one in there]
        )
        self._until_look = LOOK_AGAIN if self._bytes > KEPT_BYTES else 1


def _size_of(frames: Sequence[Frame], *texts: str | None) -> int:
    """Return what an error takes in memory, in bytes."""
    size_bytes = sum([getsizeof(text) for text in texts if text is not None])
    for frame in frames:
        size_bytes += getsizeof(frame) + getsizeof(frame[0]) + getsizeof(frame[1]) + getsizeof(frame[2])
    return size_bytes
