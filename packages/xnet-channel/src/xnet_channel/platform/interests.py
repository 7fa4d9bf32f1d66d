"""What a descriptor can be watched for; the values are those of ``selectors``.

A file of its own, so that a session can be made without loading the reactor: a worker that only
waits and computes never needs one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

READ: Final = 1
WRITE: Final = 2
