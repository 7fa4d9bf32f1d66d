"""One target: the conversation with its receiver, in a thread of its own."""

from __future__ import annotations

from collections import deque

from xnet_rsync import messages
from xnet_rsync.contents import PIECE_BYTES, SMALL_BYTES, Changed
from xnet_rsync.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_rsync.contents import Contents
    from xnet_rsync.entries import Entry
    from xnet_rsync.index import Index

#: How many tables of the index may be without an answer. Spec: RS-024.
UNANSWERED_TABLES: Final = 4


class Transfer:
    """Serves one receiver.

    Attributes:
        problems: What could not be done, as sentences.
    """

    def __init__(
        self,
        channel: Channel,
        begin: dict[str, object],
        index: Index,
        contents: Contents,
        method: int,
        tell: Callable[..., None],
    ) -> None:
        """Prepare.

        Args:
            channel: To code that serves the receiver's side.
            begin: The options it gets.
            index: What there is.
            contents: Where contents come from.
            method: How to compress.
            tell: Called with the name and the values of each event; in the thread that runs ``run``.
        """
        self._channel = channel
        self._begin = begin
        self._index = index
        self._contents = contents
        self._method = method
        self._tell = tell
        self._unanswered: deque[int] = deque()
        self._needed: list[Entry] = []
        self._open: set[int] = set()
        self._done = False
        self.problems: list[str] = []
        self._handlers: dict[str, Callable[..., None]] = {
            "ready": self._on_ready,
            "needs": self._on_needs,
            "got": self._on_got,
            "problem": self._on_problem,
            "done": self._on_done,
        }

    def run(self) -> None:
        """Bring the target up to date.

        Raises:
            RemoteError, EOFError, OSError: The receiver failed or is gone.
            ProtocolError: It said something it must not say.
        """
        self._channel.send(["begin", self._begin])
        if self._index.entries[0].kind == 2:
            self._unanswered.append(0)
        number = 0
        while (table := self._index.maybe_table(number)) is not None:
            while len(self._unanswered) >= UNANSWERED_TABLES:
                self._hear()
            self._channel.send(table.message(self._method))
            self._unanswered.append(table.first)
            number += 1
        while self._unanswered:
            self._hear()
        self._tell("list", sum(entry.size for entry in self._needed))
        self._send_contents()
        while self._open:
            self._hear()
        self._channel.send(["finish"])
        while not self._done:
            self._hear()

    def _hear(self, timeout: float | None = None) -> None:
        message = self._channel.receive(timeout)
        if not isinstance(message, list) or not message or message[0] not in self._handlers:
            raise ProtocolError(f"the receiver said {message!r:.100}, which is no message")
        try:
            self._handlers[message[0]](*message[1:])
        except TypeError as error:
            raise ProtocolError(f"the receiver said {message!r:.100}: {error}") from error

    def _hear_what_is_there(self) -> None:
        try:
            while True:
                self._hear(0)
        except self._channel.TimeoutError:
            pass

    # -- contents -----------------------------------------------------------------------------------

    def _send_contents(self) -> None:
        pack: list[Entry] = []
        size = 0
        for entry in self._needed:
            if entry.size > SMALL_BYTES:
                self._send_stream(entry)
                continue
            if pack and size + entry.size > PIECE_BYTES:
                self._send_pack(pack)
                pack, size = [], 0
            pack.append(entry)
            size += entry.size
        if pack:
            self._send_pack(pack)

    def _send_pack(self, entries: list[Entry]) -> None:
        message, failed = self._contents.pack(entries, self._method)
        for entry in entries:
            self._tell("report", entry)
        self._channel.send(message)
        for entry, error in failed:
            self._cannot_send(entry, error)
        self._hear_what_is_there()

    def _send_stream(self, entry: Entry) -> None:
        self._tell("report", entry)
        try:
            for message in self._contents.stream(entry, self._method):
                self._channel.send(message)
                self._hear_what_is_there()
        except Changed as error:
            self._cannot_send(entry, error)
        except FileNotFoundError as error:
            self._cannot_send(entry, error)

    def _cannot_send(self, entry: Entry, error: Exception) -> None:
        self._channel.send(["skip", entry.number])
        self._open.discard(entry.number)

    # -- what the receiver says ---------------------------------------------------------------------

    def _on_ready(self, facts: dict[str, Any]) -> None:
        pass

    def _on_needs(self, first: object, numbers: object, kinds: object) -> None:
        if not self._unanswered or first != self._unanswered.popleft():
            raise ProtocolError(f"the receiver answered to entries from {first!r}, which was not asked")
        for number in messages.decode_numbers(numbers):
            entry = self._entry(number)
            self._open.add(number)
            self._needed.append(entry)

    def _on_got(self, numbers: object) -> None:
        for number in messages.decode_numbers(numbers):
            self._close(number)
            self._tell("ack", self._entry(number))

    def _on_problem(self, number: object, text: object) -> None:
        if not isinstance(text, str):
            raise ProtocolError(f"the receiver has a problem {text!r:.100}")
        if number is not None:
            self._open.discard(number)
        self.problems.append(text)

    def _on_done(self, facts: dict[str, Any]) -> None:
        self._done = True

    def _entry(self, number: int) -> Entry:
        if not 0 <= number < len(self._index.entries) or self._index.entries[number].kind != 2:
            raise ProtocolError(f"the receiver asked for {number}, which is no file")
        return self._index.entries[number]

    def _close(self, number: int) -> None:
        if number not in self._open:
            raise ProtocolError(f"the receiver has got {number}, which it did not need")
        self._open.discard(number)
