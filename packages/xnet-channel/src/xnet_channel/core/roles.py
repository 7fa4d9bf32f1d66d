"""The two ends of a connection. They differ in which may ask, and in the parity of channel ids."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

INITIATOR: Final = "initiator"
WORKER: Final = "worker"
