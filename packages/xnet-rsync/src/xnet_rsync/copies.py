"""Files with the same content: what was sent once is copied at the receiver. Spec: RS-060."""

from __future__ import annotations

from xnet_rsync.contents import Changed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_rsync.contents import Contents
    from xnet_rsync.entries import Entry


class Copies:
    """What one receiver has been sent, by content.

    Attributes:
        repeated_sizes: Which sizes several files have; only these can be equal.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self.repeated_sizes: set[int] = set()
        self._heads: dict[tuple[int, bytes], Entry] = {}
        self._contained: dict[bytes, Entry] = {}  # digest -> what was sent with this content

    def maybe_same(self, entry: Entry) -> tuple[Entry, bytes] | None:
        """Return a file that was sent before and has the same content, with its digest; None if none has.

        In the latter case the file counts as sent from now on.
        """
        if entry.size not in self.repeated_sizes:
            return None
        try:
            head = (entry.size, self._contents.head(entry))
            other = self._heads.setdefault(head, entry)
            if other is entry:
                return None
            other = self._contents.latest(other)
            self._contained.setdefault(self._contents.digest(other), other)
            digest = self._contents.digest(entry)
        except (Changed, OSError):
            return None  # sending it will show what is wrong
        same = self._contained.setdefault(digest, entry)
        return None if same is entry else (same, digest)
