"""A thread that does something for a test, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from threads_helpers import PATIENCE_S


class Background:
    """Does the action at once, in a thread of its own.

    Attributes:
        outcome: What the action returned, or the exception that it ended with.
    """

    def __init__(self, action: Callable[..., object], *arguments: object) -> None:
        self.outcome: object = None
        self._action = action
        self._arguments = arguments
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._action(*self._arguments)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.outcome = error

    @property
    def ident(self) -> int | None:
        return self._thread.ident

    @property
    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> object:
        """Wait for its end and return the outcome."""
        self._thread.join(PATIENCE_S)
        assert not self.goes_on, "it does not come to its end"
        return self.outcome
