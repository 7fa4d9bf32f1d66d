"""How a connection begins: magic line, then one HELLO each way.

Spec: HS-001 to HS-017.
"""

from __future__ import annotations

from xnet_channel.core import roles
from xnet_channel.core.errors import LocalProtocolError, RemoteProtocolError
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


#: How much of the noise an error shows; ``Handshake.noise`` has all of it.
SHOWN_NOISE_BYTES: Final = 4_096


class Handshake:
    """The opening of one connection.

    Attributes:
        noise: What came before the magic line.
        peer: The peer's HELLO, valid once ``complete``.
        complete: Whether both HELLOs have passed.
        local_bytes: Length of our HELLO's payload, 0 before it is sent.
        peer_bytes: Length of the peer's, 0 before it has come.
        version: The version in force, once complete.
    """

    __slots__ = (
        "_local", "_out", "_role", "complete", "local_bytes", "noise", "peer", "peer_bytes", "version",
    )  # fmt: skip

    peer: Hello

    def __init__(self, role: str, local: Hello, out: Outgoing) -> None:
        self._role = role
        self._local = local
        self._out = out
        self.local_bytes = self.peer_bytes = 0
        self.noise = bytearray()
        self.complete = False
        self.version = VERSION

    def start(self) -> None:
        """Queue the magic line (worker only) and our HELLO.

        Raises:
            LocalProtocolError: That has been done. Spec: HS-008.
        """
        if self.local_bytes:
            raise LocalProtocolError("a connection is started once, with one HELLO")
        payload = messages.encode_hello(self._local)
        self.local_bytes = len(payload)
        if self._role == roles.WORKER:
            self._out.raw(PREAMBLE)
        self._out.frame(frames.HELLO, 0, payload)

    def skip_noise(self, data: Buffer) -> bytes | None:
        """Look for the magic line.

        Returns:
            What follows it, or None while it has not come.

        Raises:
            RemoteProtocolError: PREAMBLE_MISSING, too much came that is not it. Spec: HS-003, HS-004.
        """
        # What was searched before need not be searched again, but for a beginning of the magic line.
        begin = max(0, len(self.noise) - len(PREAMBLE) + 1)
        self.noise += data
        found = self.noise.find(PREAMBLE, begin)
        if (self._certain_noise(begin) if found < 0 else found) > NOISE_BYTES:
            if found >= 0:
                del self.noise[found:]
            raise RemoteProtocolError(
                codes.PREAMBLE_MISSING,
                f"more than {NOISE_BYTES} bytes came from the other side before an xnet connection began; "
                + self.describe_noise(),
            )
        if found < 0:
            return None
        rest = bytes(self.noise[found + len(PREAMBLE) :])
        del self.noise[found:]
        return rest

    def describe_noise(self) -> str:
        """Say what came before the magic line: it often says why that did not come."""
        noise = bytes(self.noise)
        if len(noise) <= SHOWN_NOISE_BYTES:
            return f"it said {noise!r}" if noise else "it said nothing"
        half = SHOWN_NOISE_BYTES // 2
        return f"it said {len(noise)} bytes, from {noise[:half]!r} to {noise[-half:]!r}"

    def _certain_noise(self, begin: int) -> int:
        """Return how much of what came cannot belong to the magic line."""
        for size in range(min(len(PREAMBLE) - 1, len(self.noise) - begin), 0, -1):
            if self.noise.endswith(PREAMBLE[:size]):
                return len(self.noise) - size
        return len(self.noise)

    def receive_hello(self, payload: bytes | bytearray) -> Hello:
        """Take the peer's HELLO.

        Raises:
            WireError: HELLO_MALFORMED or VERSION_UNSUPPORTED. Spec: HS-013 to HS-015.
        """
        hello = messages.decode_hello(payload, from_worker=self._role == roles.INITIATOR)
        major, minor = hello.version
        self.version = (major, min(minor, VERSION[1]))  # Spec: HS-016
        self.peer = hello
        self.peer_bytes = len(payload)
        self.complete = True
        return hello
