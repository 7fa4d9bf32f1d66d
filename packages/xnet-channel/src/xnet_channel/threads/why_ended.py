"""Why a connection ended, in a sentence, as far as the connection itself knows."""

from __future__ import annotations

from xnet_channel.core.errors import PeerGoneAway, RemoteProtocolError
from xnet_wire import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.core.errors import ProtocolError

#: Codes of failures that are not the peer's: it is none, or the fault is ours.
NOT_OF_THE_PEER: Final = codes.PREAMBLE_MISSING, codes.INTERNAL_ERROR


def describe_end(name: str, failure: ProtocolError | None, error: OSError | None) -> str:
    """Say why the connection ended.

    Args:
        name: Of the session.
        failure: ``Connection.failure``.
        error: What reading it raised, if anything.
    """
    if isinstance(failure, PeerGoneAway):
        code = codes.NAMES.get(failure.code, f"error {failure.code}")
        return f"{name}: the other side ended the connection with {code}: {failure}"  # [ER-004]
    if isinstance(failure, RemoteProtocolError) and failure.code in NOT_OF_THE_PEER:
        return f"{name}: {failure}"
    if failure is not None:
        return f"{name}: the other side broke the protocol: {failure}"
    if error is not None:
        return f"{name}: the connection broke: {error}"
    return f"{name}: the other side ended the connection"
