"""What can go wrong in the sans-IO core, by whose fault.

* ``ProtocolError``: the base, never raised itself.

  * ``LocalProtocolError``: our caller asked for something the protocol forbids.
  * ``RemoteProtocolError``: the peer broke a rule; ``.code`` goes into the GOAWAY frame.
  * ``TooManyReferences``: one of them, which is said only if nothing else of the item is wrong.
  * ``PeerGoneAway``: the peer told us with GOAWAY that it ends the connection, and why.
"""

from __future__ import annotations

from xnet_wire.errors import ReferenceRefused
from xnet_wire.limits import MAX_CHANNEL_ID


class ProtocolError(Exception):
    """Base of the protocol errors of this package."""


class LocalProtocolError(ProtocolError):
    """This side asked for something that the protocol forbids in the present state."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule; the connection cannot go on.

    Attributes:
        code: Error code of the registry (see ``xnet_wire.codes``), sent in GOAWAY.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class TooManyReferences(RemoteProtocolError, ReferenceRefused):
    """References to more closed channels are held than were announced. Spec: CH-017."""


class PeerGoneAway(ProtocolError):
    """The peer sent GOAWAY: it ends the connection for the reason in the text.

    Attributes:
        code: Error code of the registry, as the peer sent it (it may be unknown here).
        last: The highest id of a channel of ours that the peer knows; what has a higher one it never
            looked at. Spec: ER-008. Where it did not say so readably, the highest there is.
    """

    def __init__(self, code: int, text: str, last: int = MAX_CHANNEL_ID) -> None:
        super().__init__(text)
        self.code = code
        self.last = last
