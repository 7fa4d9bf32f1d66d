"""What can go wrong with a sync.

* ``SyncError`` (a ``RemoteError``): some targets, or some files of them, were not served; it says which.
  All others were.
* ``ProtocolError``: a receiver said what it must not say. It ends one target, as part of a ``SyncError``.
* ``FileNotFoundError``, ``OSError`` (builtin): there is no source, there are no targets.
"""

from __future__ import annotations

from xnet_channel.threads.errors import RemoteError


class ProtocolError(Exception):
    """The receiver broke the protocol."""


class SyncError(RemoteError):
    """Some targets were not served, or not in full; the text has a line for each problem."""
