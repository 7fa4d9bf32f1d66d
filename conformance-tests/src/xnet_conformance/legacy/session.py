"""A connection to execnet's own worker: the same steps, with its payloads in place of ours.

What a case sends is written as ever and put into execnet's form here; what comes is read from it. There
is no HELLO, no credit, no PING and no CHANNEL_OPEN: a reference opens a channel. The barrier is a STATUS
request: execnet answers it in the thread that reads, in the order of messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.conduct import Conduct, Violation
from xnet_conformance.connecting import Workers
from xnet_conformance.errors import CaseError
from xnet_conformance.frames import Frame, frame
from xnet_conformance.hello import Announced
from xnet_conformance.legacy.dump_format import read_dump, write_dump
from xnet_conformance.session import Event, Session
from xnet_conformance.specification import TYPES_BY_CODE
from xnet_conformance.values import NULL, Value
from xnet_conformance.wire_log import WireLog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xnet_conformance.link import Link

#: What execnet's worker writes when its bootstrap is over.
_READY: Final = b"1"
_LAST_CODE: Final = 7
#: It announces nothing, and bounds nothing but what its length field can say.
_BOUNDLESS: Final = Announced(frame=2**31 - 1, credit=2**60)


class LegacyConduct(Conduct):
    """What both protocols forbid: unknown codes, and frames of a channel after its end."""

    says_goodbye = False

    def received(self, frame: Frame) -> None:
        """Judge a frame of the testee."""
        row = TYPES_BY_CODE.get(frame.type)
        if row is None or frame.type > _LAST_CODE:
            self.violations.append(Violation("FR-010", f"a frame of the unknown type {frame.type}"))
            return
        if not frame.channel:
            return
        account = self.account(frame.channel)
        if account.theirs_closed:
            text = f"{frame.name} on channel {frame.channel} after its CHANNEL_CLOSE"
            self.violations.append(Violation("CH-040", text))
        if frame.name in ("CHANNEL_CLOSE", "CHANNEL_CLOSE_ERROR"):
            account.theirs_closed = True


class LegacySession(Session):
    """The initiator of execnet 2.1.

    Args:
        link: The worker.
    """

    def __init__(self, link: Link) -> None:
        super().__init__(link, "worker")
        self.log = WireLog(read_dump)
        self.conduct = LegacyConduct("worker", _BOUNDLESS)
        self.conduct.theirs = _BOUNDLESS
        self.auto_credit = False
        self._cutter.limit_bytes = _BOUNDLESS.frame
        self.preamble_seen = True
        self._barriers: dict[int, bytes] = {}

    def say_hello(self) -> None:
        """Do nothing: an initiator of execnet begins with its requests."""

    def send(self, one: Frame) -> None:
        """Send a frame in execnet's form, if it has one."""
        if one.name != "CHANNEL_OPEN":
            super().send(self._translated(one))

    def send_split(self, frames: list[Frame], size: int) -> None:
        """Send frames in execnet's form, in writes of `size` bytes."""
        super().send_split([self._translated(one) for one in frames if one.name != "CHANNEL_OPEN"], size)

    def _translated(self, one: Frame) -> Frame:
        """Return a frame as execnet has it; a payload that is not a value stays as it is.

        Raises:
            CaseError: Execnet has no such frame.
        """
        if one.name == "PING":
            channel = self.fresh_channel()
            self._barriers[channel] = one.payload
            return frame("STATUS", channel)
        if one.type > _LAST_CODE:
            raise CaseError(f"execnet has no {one.name}: a case for it must not send one")
        if one.exact or not one.payload:
            return one
        try:
            value = read_value(one.payload)
        except NotAValue:
            return one
        if one.name == "CHANNEL_EXEC":
            value = _request(value)
        elif one.name == "RECONFIGURE":
            value = Value("tuple", value.content)
        elif one.name == "CHANNEL_CLOSE_ERROR" and value.kind == "dict":
            value = next(text for key, text in value.content if key.content == "text")
        return Frame(one.type, one.channel, write_dump(value))

    def _take(self, data: bytes) -> None:
        if self.theirs is None and data:
            if not data.startswith(_READY):
                self.protocol_broken = f"{data[:40]!r} came in place of {_READY!r}"
                self.noise += data
                return
            data = data[len(_READY) :]
            self.theirs = _BOUNDLESS
        super()._take(data)

    def _take_frame(self, one: Frame) -> None:
        self.frames.append(("received", one.name, one.channel, len(one.payload)))
        self.log.frame("received", one)
        self.conduct.received(one)
        if one.channel in self._barriers:
            if one.name == "CHANNEL_CLOSE":
                self.inbox.append(Event("PONG", 0, self._barriers.pop(one.channel)))
        elif one.channel not in self.retired:
            name = "ITEM" if one.name == "CHANNEL_DATA" else one.name
            self.inbox.append(Event(name, one.channel, one.payload, self._value(one)))

    def _value(self, one: Frame) -> Value | None:
        if not one.payload:
            return None
        try:
            return read_dump(one.payload)
        except NotAValue as error:
            self.conduct.violations.append(
                Violation("VA-001", f"the payload of {one.name} on channel {one.channel}: {error}")
            )
            return None


def _request(value: Value) -> Value:
    """Return the payload of CHANNEL_EXEC: source, file, name of a function and its arguments in a tuple."""
    fields = {key.content: item for key, item in value.content}
    kwargs = fields.get("kwargs", Value("dict", ()))
    return Value("tuple", (fields["source"], fields.get("file", NULL), fields.get("call", NULL), kwargs))


class LegacyWorkers(Workers):
    """Starts execnet's worker."""

    def session(self, link: Link, _fields: Mapping[str, Any]) -> Session:
        """Return a session that speaks execnet's protocol."""
        return LegacySession(link)
