"""What can go wrong with a sync.

* ``SyncError`` (a ``RemoteError``): some targets, or some files of them, were not served; it says which.
  All others were.
* ``ProtocolError``, ``TargetGone``: a receiver said what it must not say, or hears nothing any more. They
  end one target, as part of a ``SyncError``.
* ``FileNotFoundError``, ``OSError``, ``ValueError`` (builtin): there is no source, there are no targets, a
  pattern is not valid.
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


def shown(value: object, depth: int = 1) -> str:
    """Return what an error says of a value that a receiver sent, however large it is."""
    if isinstance(value, (str, bytes)):
        return repr(value[:100])
    if isinstance(value, list) and depth:
        more = ", ..." if len(value) > 5 else ""
        return f"[{', '.join([shown(one, depth - 1) for one in value[:5]])}{more}]"
    if (
        value is None
        or isinstance(value, (bool, float))
        or (isinstance(value, int) and value.bit_length() < 300)
    ):
        return repr(value)
    return f"<{type(value).__name__}>"
