"""What can go wrong with a sync.

* ``SyncError`` (a ``RemoteError``): some targets, or some files of them, were not served; it says which.
  All others were.
* ``ProtocolError``, ``TargetGone``: a receiver said what it must not say, or hears nothing any more. They
  end one target, as part of a ``SyncError``.
* ``FileNotFoundError``, ``OSError``, ``ValueError`` (builtin): there is no source, there are no targets, a
  pattern is none.
"""

from __future__ import annotations

from xnet_channel.threads.errors import RemoteError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_rsync.result import SyncResult


class ProtocolError(Exception):
    """The receiver broke the protocol."""


class TargetGone(Exception):
    """Nothing can be sent to the receiver any more."""


class SyncError(RemoteError):
    """Some targets were not served, or not in full; the text has a line for each problem.

    Attributes:
        result: How all of them went.
    """

    def __init__(self, result: SyncResult) -> None:
        super().__init__("\n".join(result.errors))
        self.result = result
