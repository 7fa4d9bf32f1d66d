"""Sending to and hearing from a receiver, with a clock that shows how long it lets us wait."""

from __future__ import annotations

from xnet_channel.platform.native import CLOCK
from xnet_rsync.errors import ProtocolError, TargetGone, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final, NoReturn

    from xnet_channel.threads.channel import Channel
    from xnet_rsync.result import TargetResult

#: What a message costs beside its large part, roughly; for the figures of the result.
MESSAGE_BYTES: Final = 40
#: A window has no more messages: each costs 64 bytes of it besides its own.
MOST_WAITING: Final = 16_384
#: How long it takes at most until it is known how an interpreter ended, in seconds.
REASON_S: Final = 1.0


class Conversation:
    """What is said on the channel of one receiver.

    Attributes:
        waiting_since_s: Monotonic time since when the receiver lets us wait; None while it does not.
    """

    def __init__(
        self,
        channel: Channel,
        result: TargetResult,
        handlers: Mapping[str, Callable[..., bool]],
        busy_timeout_s: float | None = None,
    ) -> None:
        """Prepare.

        Args:
            channel: To the receiver.
            result: Where the bytes are counted.
            handlers: What to call with the elements of each message, to learn whether it brings the sync
                further; the first has to be ``ready``.
            busy_timeout_s: After how much time with messages that do not it is given up; None: never.
        """
        self._channel = channel
        self._result = result
        self._handlers = handlers
        self._is_ready = False
        self._has_sent = False
        self._busy_timeout_s = busy_timeout_s
        self._busy_since_s: float | None = None
        self.waiting_since_s: float | None = None

    def send_message(self, *message: object) -> None:
        """Send a short message."""
        self._send(list(message))
        self._result.bytes_sent += MESSAGE_BYTES

    def send_table(self, message: list[object]) -> None:
        """Send a message with a table in it."""
        self._send(message)
        self._result.bytes_sent += MESSAGE_BYTES + sum([len(part) for part in message if type(part) is bytes])

    def send_content(self, content: bytes) -> None:
        """Send content."""
        self._send(content)
        self._result.bytes_sent += len(content)

    def hear(self, timeout: float | None = None) -> None:
        """Act on the next message.

        Raises:
            TimeoutError: None has come.
            RemoteError, EOFError: The receiver failed or is gone.
            ProtocolError: It said something that it must not say.
        """
        self.waiting_since_s = CLOCK.monotonic()
        try:
            message = self._channel.receive(timeout)
        finally:
            self.waiting_since_s = None
        handler = None
        if isinstance(message, list) and message and isinstance(message[0], str):
            handler = self._handlers.get(message[0])
        if handler is None or self._is_ready == (message[0] == "ready"):
            raise ProtocolError(
                f"the receiver said {shown(message)}, which is not a message of this conversation"
            )
        self._is_ready = True
        try:
            gets_further = handler(*message[1:])
        except TypeError as error:
            raise ProtocolError(f"the receiver said {shown(message)}: {error}") from error
        if gets_further:
            self._busy_since_s = None
        else:
            self._check_busy()

    def _check_busy(self) -> None:
        """Give up a receiver that has been busy for too long. Spec: RS-009."""
        now_s = CLOCK.monotonic()
        if self._busy_since_s is None:
            self._busy_since_s = now_s
        elif self._busy_timeout_s is not None and now_s - self._busy_since_s > self._busy_timeout_s:
            raise TimeoutError(
                f"for {self._busy_timeout_s:g} s the receiver has said that it is at work, without"
                " any progress; busy_timeout= allows more"
            )

    def hear_what_is_there(self) -> None:
        """Act on all that has arrived, if anything was sent since it was looked last. Spec: RS-006."""
        if not self._has_sent:
            return
        self._has_sent = False
        try:
            # Not for ever, if one comes after the other: more have not arrived when this begins.
            for _ in range(MOST_WAITING):
                self.hear(0)
        except self._channel.TimeoutError:
            pass

    def hear_until(self, condition: Callable[[], bool]) -> None:
        """Act on messages until the condition holds."""
        while not condition():
            self.hear()

    def _send(self, item: object) -> None:
        self._has_sent = True
        self._busy_since_s = None
        self.waiting_since_s = CLOCK.monotonic()
        try:
            self._channel.send(item)
        except OSError as error:
            self._raise_reason(error)
        finally:
            self.waiting_since_s = None

    def _raise_reason(self, error: OSError) -> NoReturn:
        """Raise why nothing can be sent: what the receiver said last, or how its interpreter ended."""
        try:
            while True:
                self._channel.receive(REASON_S)
        except (EOFError, self._channel.TimeoutError):
            pass
        gateway = self._channel.gateway
        gateway.join(REASON_S)
        if not gateway.hasreceiver():
            try:
                gateway.newchannel()
            except OSError as reason:
                raise TargetGone(str(reason)) from error
        raise TargetGone(str(error)) from error
