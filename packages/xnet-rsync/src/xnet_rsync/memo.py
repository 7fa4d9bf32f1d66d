"""Results that several threads ask for: made once, kept while there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Memo:
    """Bytes by key, those made last up to so many bytes; each is made once, by the first thread that asks.

    Targets that are about as quick as each other find what the first of them read and compressed. One that
    is far behind finds it gone, and reads it again: memory is bounded, and no target waits for the slowest.

    Threads: any.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._results: OrderedDict[object, bytes] = OrderedDict()
        self._making: dict[object, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: object, make: Callable[[], bytes]) -> bytes:
        """Return what is kept for the key, or make it.

        Raises:
            Exception: Whatever ``make`` raises; the next caller tries again.
        """
        # Looking is not locked: the threads of all targets do it for every file.
        found = self._results.get(key)
        if found is not None:
            return found
        with self._lock:
            found = self._results.get(key)
            if found is not None:
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._results.get(key)
            if found is None:
                found = make()
                with self._lock:
                    if key not in self._results:
                        self._results[key] = found
                        self._bytes += len(found)
                    self._making.pop(key, None)
                    while self._bytes > self._most_bytes:
                        self._bytes -= len(self._results.popitem(last=False)[1])
        return found

    def maybe(self, key: object) -> bytes | None:
        """Return what is kept for the key, if anything is."""
        return self._results.get(key)
