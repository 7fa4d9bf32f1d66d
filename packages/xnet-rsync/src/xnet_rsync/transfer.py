"""One target: the conversation with its receiver, in a thread of its own. Spec: 67-rsync.md."""

from __future__ import annotations

from collections import deque

from xnet_rsync import compression, messages
from xnet_rsync.contents import PIECE_BYTES, SMALL_BYTES, Changed, KeepsChanging
from xnet_rsync.conversation import Conversation
from xnet_rsync.copies import Copies
from xnet_rsync.entries import FILE
from xnet_rsync.errors import ProtocolError, shown
from xnet_rsync.result import PlannedAction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final

    from xnet_channel.threads.channel import Channel
    from xnet_rsync.chunk_list import ChunkList
    from xnet_rsync.contents import Contents
    from xnet_rsync.entries import Entry
    from xnet_rsync.index import Index
    from xnet_rsync.result import TargetResult

#: How many tables of the index may be without an answer. Spec: RS-024.
UNANSWERED_TABLES: Final = 4


class WalkFailed(Exception):
    """The index will not be complete: the thread that walks has failed, and says why itself."""


class Transfer:
    """Serves one receiver."""

    def __init__(
        self,
        channel: Channel,
        begin: dict[str, object],
        index: Index,
        contents: Contents,
        result: TargetResult,
        tell: Callable[[str, Any], None],
        compress: bool = False,
        busy_timeout_s: float | None = None,
    ) -> None:
        """Prepare.

        Args:
            channel: To code that serves the receiver's side.
            begin: The options it gets.
            index: What there is.
            contents: Where contents come from.
            result: What it fills in.
            tell: Called with the name and the value of each event, in the thread that runs ``run``.
            compress: Whether to compress.
            busy_timeout_s: See ``Conversation``.
        """
        self._begin = begin
        self._index = index
        self._contents = contents
        self._result = result
        self._tell = tell
        self._compress = compress
        self._method = compression.ZLIB if compress else compression.STORED
        self._dry_run = bool(begin.get("dry_run"))
        self._unanswered: deque[int] = deque()
        self._needed: list[tuple[Entry, int]] = []
        self._open: dict[int, Entry] = {}  # asked for, and neither there nor given up
        self._named: set[int] = set()
        self._known: dict[int, int] = {}  # number -> version of the file that the receiver knows
        self._lists: dict[int, ChunkList] = {}  # sent, and not settled
        self._wants: deque[tuple[Entry, list[tuple[int, int]] | None]] = deque()
        self._wanting: set[int] = set()  # lists without an answer
        self._whole: set[int] = set()  # asked for in full after all
        self._copies = Copies(contents)
        self._pack: list[Entry] = []
        self._pack_bytes = 0
        self._planned: set[int] = set()
        self._finished = self._done = False
        handlers: dict[str, Callable[..., bool]] = {
            "ready": self._on_ready,
            "needs": self._on_needs,
            "plan": self._on_plan,
            "want": self._on_want,
            "whole": self._on_whole,
            "got": self._on_got,
            "busy": lambda: False,
            "problem": self._on_problem,
            "removed": self._on_removed,
            "done": self._on_done,
        }
        self._talk = Conversation(channel, result, handlers, busy_timeout_s)

    @property
    def waiting_since_s(self) -> float | None:
        """Monotonic time since when the receiver lets us wait; None while it does not."""
        return self._talk.waiting_since_s

    def run(self) -> None:
        """Bring the target up to date.

        Raises:
            RemoteError, EOFError, TargetGone, TimeoutError: The receiver failed, is gone, or gets no further.
            ProtocolError: It said something it must not say.
            WalkFailed: There is nothing to go by.
        """
        self._talk.send_message("begin", self._begin)
        self._send_index()
        if not self._dry_run:
            self._send_contents()
        self._finished = True
        self._talk.send_message("finish")
        while not self._done:
            self._talk.hear()

    # -- the index ----------------------------------------------------------------------------------

    def _send_index(self) -> None:
        if self._index.entries[0].kind == FILE:
            self._unanswered.append(0)
        number = 0
        following = 1
        while (table := self._index.maybe_table(number)) is not None:
            self._talk.hear_what_is_there()
            self._talk.hear_until(lambda: len(self._unanswered) < UNANSWERED_TABLES)
            if table.owners is not None:
                self._talk.send_table(table.owners)
            self._talk.send_table(table.message(self._method))
            self._unanswered.append(table.first)
            following = table.first + table.count
            number += 1
        if not self._index.ended:
            raise WalkFailed
        self._talk.hear_until(lambda: len(self._unanswered) < UNANSWERED_TABLES)
        self._talk.send_message("listed")
        self._unanswered.append(following)
        self._talk.hear_until(lambda: not self._unanswered)
        self._result.files_needed = len(self._needed)
        self._result.bytes_needed = sum([entry.size for entry, _ in self._needed])
        self._tell("list", self._result.bytes_needed)

    # -- contents -----------------------------------------------------------------------------------

    def _send_contents(self) -> None:
        self._copies.repeated_sizes = self._index.repeated_sizes()
        needed = iter(self._needed)
        following = next(needed, None)
        while True:
            self._talk.hear_what_is_there()
            if self._wants:
                self._flush_pack()
                self._serve_want(*self._wants.popleft())
            elif following is not None and self._may_send(*following):
                self._serve_need(*following)
                following = next(needed, None)
            elif self._pack:
                self._flush_pack()
            elif self._open:
                self._talk.hear()
            elif following is None:
                return

    def _may_send(self, entry: Entry, kind: int) -> bool:
        """Return whether the receiver has room for another list. Spec: RS-052."""
        if kind != messages.CHUNKS or entry.number not in self._open or not self._lists:
            return True
        waiting = sum([len(one.lengths) for one in self._lists.values()])
        # A file of this size has about as many chunks as the square root says, and fewer than four times
        # that.
        return (
            len(self._lists) < messages.MOST_LISTS and waiting + 4 * entry.size**0.5 < messages.MOST_RECORDS
        )

    def _serve_need(self, entry: Entry, kind: int) -> None:
        if entry.number not in self._open:
            return
        entry = self._contents.latest(entry)
        if kind == messages.CHUNKS and entry.version == 0:
            self._trying(entry, self._send_chunks)
        elif not self._send_copy(entry):
            self._send_whole(entry)

    def _send_whole(self, entry: Entry) -> None:
        if entry.size > SMALL_BYTES or entry.version:
            self._flush_pack()
            self._trying(entry, self._send_stream)
            return
        if self._pack_bytes + entry.size > PIECE_BYTES:
            self._flush_pack()
        self._pack.append(entry)
        self._pack_bytes += entry.size + 8

    def _flush_pack(self) -> None:
        pack, self._pack, self._pack_bytes = self._pack, [], 0
        if not pack:
            return
        try:
            content = self._contents.pack(pack, self._method)
        except (Changed, OSError):
            self._send_pack_without_changed(pack)
            return
        for entry in pack:
            self._tell("sending", entry)
        self._talk.send_content(content)

    def _send_pack_without_changed(self, entries: list[Entry]) -> None:
        """Send small files of which at least one is not what it was."""
        for entry in entries:
            try:
                self._contents.small(entry)
                self._pack.append(entry)
            except (Changed, OSError):  # noqa: PERF203 - each by itself
                self._trying(entry, self._send_stream)
        if len(self._pack) < len(entries):
            self._flush_pack()
        else:  # it was there again, or there is one that changes all the time
            for entry in entries:
                self._trying(entry, self._send_stream)
            self._pack = []

    def _send_stream(self, entry: Entry, spans: Iterable[tuple[int, int]] | None = None) -> None:
        self._tell("sending", entry)
        self._say_meta(entry)
        started = False
        try:
            for content in self._contents.stream(entry, self._method, spans):
                if entry.number not in self._open:
                    return  # it has failed meanwhile
                started = True
                self._talk.send_content(content)
                self._talk.hear_what_is_there()
        except (Changed, OSError):
            if started:
                self._talk.send_message("again", entry.number)
            raise

    def _send_chunks(self, entry: Entry) -> None:
        found = self._contents.chunks(entry)
        self._lists[entry.number] = found
        self._wanting.add(entry.number)
        for message in found.messages(entry.number, self._method):
            self._talk.send_table(message)
            self._talk.hear_what_is_there()

    def _serve_want(self, entry: Entry, ranges: list[tuple[int, int]] | None) -> None:
        found = self._lists.get(entry.number)
        if entry.number not in self._open:
            return
        if ranges is None or found is None:
            self._lists.pop(entry.number, None)
            self._trying(self._contents.latest(entry), self._send_stream)
        elif ranges:
            spans = found.spans(ranges)
            self._trying(entry, lambda entry: self._send_stream(entry, spans))

    def _send_copy(self, entry: Entry) -> bool:
        """Have a file copied that was sent before, if there is one; return whether there is. Spec: RS-060."""
        found = self._copies.maybe_same(entry)
        if found is None:
            return False
        same, digest = found
        self._flush_pack()
        self._tell("sending", entry)
        self._say_meta(entry)
        self._talk.send_message("copy", entry.number, same.folder, same.name, digest)
        return True

    def _trying(self, entry: Entry, send: Callable[[Entry], None]) -> None:
        """Send a file. If it changes meanwhile, look again and send it in full; if it is gone, say so."""
        try:
            while True:
                try:
                    send(entry)
                    return
                except Changed:  # noqa: PERF203 - a few times at most
                    if self._lists.pop(entry.number, None) is not None:
                        self._wanting.discard(entry.number)
                        self._talk.send_message("again", entry.number)
                    entry = self._contents.renew(entry)
                    send = self._send_stream
        except FileNotFoundError:
            self._result.vanished.append(entry.path)
        except OSError as error:
            self._result.add_error(f"{entry.path}: cannot be read: {error.strerror or error}")
        except KeepsChanging:
            self._result.add_error(f"{entry.path}: kept changing, and was left as it was at the target")
        self._settle(entry.number)
        self._talk.send_message("skip", entry.number)

    def _say_meta(self, entry: Entry) -> None:
        if self._known.get(entry.number, 0) != entry.version:
            self._known[entry.number] = entry.version
            self._talk.send_message("meta", entry.number, entry.mode, entry.size, entry.mtime_ns)

    # -- what the receiver says; each returns whether the sync gets further, which is so many times only ---

    def _on_ready(self, facts: object) -> bool:
        if not isinstance(facts, dict) or facts.get("version") != messages.VERSION:
            version = shown(facts.get("version") if isinstance(facts, dict) else facts)
            raise ProtocolError(f"the receiver began with {version}; expected version {messages.VERSION}")
        if self._compress:
            self._method = compression.choose(facts.get("compression"))
        return True

    def _on_needs(self, first: object, numbers: object, kinds: object) -> bool:
        if not self._unanswered or first != self._unanswered.popleft():
            raise ProtocolError(f"the receiver answered an index from {shown(first)}, which was not sent")
        for number, kind in messages.decode_needs(numbers, kinds, len(self._index.entries)):
            entry = self._file(number)
            # An empty file has no list of chunks. Spec: RS-025.
            kinds_of_it = (messages.WHOLE, messages.CHUNKS) if entry.size else (messages.WHOLE,)
            if number in self._named or kind not in kinds_of_it:
                raise ProtocolError(f"the receiver needs {entry.path!r} again, or as the unknown kind {kind}")
            self._named.add(number)
            self._open[number] = entry
            self._needed.append((entry, kind))
        return True

    def _on_plan(self, numbers: object, actions: object) -> bool:
        planned = messages.decode_needs(numbers, actions, len(self._index.entries) - len(self._planned))
        for number, action in planned:
            if not self._dry_run or number >= len(self._index.entries) or action not in PlannedAction.NAMES:
                raise ProtocolError(f"the receiver plans {action} with {number}")
            if number in self._planned:
                raise ProtocolError(f"the receiver plans something with {number} again")
            self._planned.add(number)
            self._result.planned.append(PlannedAction(action, self._index.entries[number]))
        return False

    def _on_want(self, number: object, ranges: object) -> bool:
        entry = self._asked(number)
        if entry.number not in self._wanting:
            raise ProtocolError(f"the receiver wants chunks of {entry.path!r}, of which it has no list")
        self._wanting.discard(entry.number)
        decoded = messages.decode_ranges(ranges, len(self._lists[entry.number].lengths))
        self._wants.append((entry, decoded))
        return True

    def _on_whole(self, number: object) -> bool:
        entry = self._asked(number)
        if entry.number in self._whole:
            raise ProtocolError(f"the receiver wants all of {entry.path!r} again")
        self._whole.add(entry.number)
        self._wanting.discard(entry.number)
        self._wants.append((entry, None))
        return True

    def _on_got(self, numbers: object) -> bool:
        got = messages.decode_numbers(numbers, len(self._open))
        for number in got:
            entry = self._contents.latest(self._asked(number))
            self._settle(entry.number)
            self._result.files_done += 1
            self._result.bytes_done += entry.size
            self._tell("got", entry)
        return bool(got)

    def _on_problem(self, number: object, text: object) -> bool:
        # Only a text that is as long as it may be is worth reading. Spec: RS-008.
        if not isinstance(text, str) or len(text) > messages.LONGEST_PROBLEM or not _is_entry(number):
            raise ProtocolError(f"the receiver has a problem {shown(number)} {shown(text)}")
        self._result.add_error(text)
        return type(number) is int and self._settle(number)

    def _on_removed(self, paths: object) -> bool:
        if not self._finished or not self._begin.get("delete"):
            raise ProtocolError("the receiver has removed something without being asked to")
        self._result.add_removed(messages.decode_paths(paths))
        return False

    def _on_done(self, facts: object) -> bool:
        if not self._finished:
            raise ProtocolError("the receiver is done, and was not told that all has been sent")
        self._done = True
        return True

    def _settle(self, number: int) -> bool:
        """Wait no more for a file; return whether it was waited for."""
        self._lists.pop(number, None)
        self._wanting.discard(number)
        return self._open.pop(number, None) is not None

    def _file(self, number: int) -> Entry:
        if number >= len(self._index.entries) or self._index.entries[number].kind != FILE:
            raise ProtocolError(f"the receiver asked for {number}, which is not a file")
        return self._index.entries[number]

    def _asked(self, number: object) -> Entry:
        if type(number) is not int or number not in self._open:
            raise ProtocolError(f"the receiver named {shown(number)}, which it is not waiting for")
        return self._open[number]


def _is_entry(number: object) -> bool:
    """Return whether this may be the number of what a problem is about; None is everything else."""
    return number is None or type(number) is int
