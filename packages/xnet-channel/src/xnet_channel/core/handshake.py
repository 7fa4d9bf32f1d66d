"""How a connection begins: magic line, then one HELLO each way.

Spec: HS.
"""

from __future__ import annotations

from xnet_channel.core import roles
from xnet_channel.core.errors import RemoteProtocolError
from xnet_wire import codes, frames, messages
from xnet_wire.limits import NOISE_BYTES
from xnet_wire.messages import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from xnet_channel.core.outgoing import Buffer, Outgoing
    from xnet_wire.messages import Hello

#: What a worker writes before its first frame. It cannot be part of any text encoding's normal
#: output, and its line ends show a transport that rewrites them.
PREAMBLE: Final = b"\x89XNET\r\n\x1a\n"


class Handshake:
    """The opening of one connection.

    Attributes:
        noise: What came before the magic line.
        peer: The peer's HELLO, valid once ``complete``.
        complete: Whether both HELLOs have passed.
        version: The version in force, once complete.
    """

    __slots__ = ("_local", "_out", "_role", "complete", "noise", "peer", "version")

    peer: Hello

    def __init__(self, role: str, local: Hello, out: Outgoing) -> None:
        self._role = role
        self._local = local
        self._out = out
        self.noise = bytearray()
        self.complete = False
        self.version = VERSION

    def start(self) -> None:
        """Queue the magic line (worker only) and our HELLO."""
        if self._role == roles.WORKER:
            self._out.raw(PREAMBLE)
        self._out.frame(frames.HELLO, 0, messages.encode_hello(self._local))

    def skip_noise(self, data: Buffer) -> bytes | None:
        """Look for the magic line.

        Returns:
            What follows it, or None while it has not come.

        Raises:
            RemoteProtocolError: PREAMBLE_MISSING, too much came that is not it.
        """
        self.noise += data
        found = self.noise.find(PREAMBLE)
        if found >= 0:
            rest = bytes(self.noise[found + len(PREAMBLE) :])
            del self.noise[found:]
            return rest
        if len(self.noise) > NOISE_BYTES:
            raise RemoteProtocolError(
                codes.PREAMBLE_MISSING,
                f"{len(self.noise)} bytes came from the other side and none of them begin an xnet "
                f"connection; they start with {bytes(self.noise[:200])!r}",
            )
        return None

    def receive_hello(self, payload: bytes | bytearray) -> Hello:
        """Take the peer's HELLO.

        Raises:
            RemoteProtocolError: HELLO_MALFORMED or VERSION_UNSUPPORTED.
        """
        if self.complete:
            raise RemoteProtocolError(codes.STATE_VIOLATION, "the peer sent a second HELLO")
        hello = messages.decode_hello(payload)
        major, minor = hello.version
        if major != VERSION[0]:
            raise RemoteProtocolError(
                codes.VERSION_UNSUPPORTED,
                f"the peer ({hello.implementation}) speaks protocol version {major}.{minor}, "
                f"this side ({self._local.implementation}) speaks {VERSION[0]}.{VERSION[1]}; "
                "the major versions must be equal",
            )
        self.version = (major, min(minor, VERSION[1]))
        self.peer = hello
        self.complete = True
        return hello
