"""One connection to a testee, with the runner as its peer: frames out, events in, and every rule watched."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.accounts import Account, cost_of
from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.conduct import ITEM_FRAMES, Conduct, Violation, read_items
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer, TesteeGone
from xnet_conformance.frames import PREAMBLE, Frame, FrameCutter, TooLong, frame
from xnet_conformance.hello import FEATURES, Announced, read_hello, write_hello
from xnet_conformance.specification import error_name
from xnet_conformance.values import Value, describe
from xnet_conformance.wire_log import WireLog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xnet_conformance.link import Link

_MOST_NOISE: Final = 65_536
#: Frames that `conduct` keeps account of, and no step expects.
_WATCHED: Final = frozenset({"CHANNEL_CREDIT", "RECONFIGURE", "CHANNEL_OPEN"})
#: More that no step takes is a flood; a case expects a few thousand at most.
_MOST_EVENTS: Final = 20_000


@attrs.frozen
class Event:
    """Something that came from the testee: a frame, or an item however it was framed (name ``ITEM``)."""

    name: str
    channel: int
    payload: bytes = b""
    value: Value | None = None

    def describe(self) -> str:
        """Return it as text for a failure."""
        text = f"{self.name} {self.channel}"
        if self.value is not None:
            return f"{text} {describe(self.value)}"
        return f"{text} h'{self.payload[:32].hex()}'" if self.payload else text


class Session:
    """The runner's end of a connection.

    Args:
        link: The testee.
        role: The testee's role, "worker" or "initiator".
        fields: Keys for the runner's HELLO, as tagged values.
        python2: The testee may send py2-str.

    Attributes:
        inbox: Events that no step has taken yet.
        retired: Channels of earlier cases; what still comes on them is watched and not kept.
        frames: Way, type, channel and length of every frame.
    """

    def __init__(
        self, link: Link, role: str, fields: Mapping[str, Any] | None = None, *, python2: bool = False
    ) -> None:
        self.link = link
        self.role = role
        self.fields = dict(fields or {})
        self.log = WireLog()
        self.conduct = Conduct(role, _announced(self.fields), python2=python2)
        self.theirs: Announced | None = None
        self.inbox: list[Event] = []
        self.retired: set[int] = set()
        self.frames: list[tuple[str, str, int, int]] = []
        self.noise = b""
        self.auto_credit = True
        self.auto_pong = True
        #: Questions that were not answered.
        self.unanswered: list[bytes] = []
        #: The runner is a worker that has not sent its preamble.
        self.preamble_due = False
        self.protocol_broken: str | None = None
        self.preamble_seen = role == "initiator"
        self._cutter = FrameCutter(self.conduct.ours.frame)
        self._next_id = 1 if role == "worker" else 2
        #: What waits until a frame that was sent in part is complete.
        self._held: bytearray | None = None

    # ---- sending ------------------------------------------------------------------------------

    def send_preamble(self) -> None:
        """Send the preamble of a worker, once."""
        if self.preamble_due:
            self.preamble_due = False
            self.send_raw(PREAMBLE, "preamble")

    def say_hello(self) -> None:
        """Send HELLO, after the preamble if that is due."""
        self.send_preamble()
        self.conduct.ours = _announced(self.fields)
        self._cutter.limit_bytes = self.conduct.ours.frame
        self.send(frame("HELLO", 0, write_hello(self.fields)))

    def send(self, one: Frame) -> None:
        """Send a frame and keep the accounts."""
        self.note_sent(one)
        if self._held is None:
            self.link.write(one.encode())
        else:
            self._held += one.encode()

    def send_beginning(self, data: bytes) -> None:
        """Send what ends within a frame; what is sent by itself meanwhile, as answers are, waits."""
        self.link.write(data)
        self._held = self._held or bytearray()

    def send_rest(self, data: bytes) -> None:
        """Send the rest of that frame, and what has waited for it."""
        held, self._held = self._held or b"", None
        self.link.write(data + held)

    def send_split(self, frames: list[Frame], size: int) -> None:
        """Send frames in writes of `size` bytes, each with a moment for the testee to read it."""
        for one in frames:
            self.note_sent(one)
        data = b"".join(one.encode() for one in frames)
        for at in range(0, len(data), size):
            self.send_beginning(data[at : at + size])
            self.pump(time.monotonic())
        self.send_rest(b"")

    def send_raw(self, data: bytes, what: str = "raw bytes") -> None:
        """Send bytes without looking at them."""
        self.log.raw("sent", data, what)
        self.link.write(data)

    def note_sent(self, one: Frame) -> None:
        """Keep accounts and log of a frame that is sent."""
        self.conduct.sent(one)
        self.frames.append(("sent", one.name, one.channel, len(one.payload)))
        self.log.frame("sent", one)

    def send_item(self, channel: int, value: Value, deadline: float) -> None:
        """Send an item as a careful sender does: in parts, and with credit for each.

        Raises:
            NoAnswer: Credit did not come back.
        """
        data = write_value(value)
        theirs = self.theirs or Announced()
        most = min(262_144, theirs.frame, theirs.credit // 4)
        while len(data) > most:
            self.send_when_credited(frame("CHANNEL_PART", channel, data[:most]), deadline)
            data = data[most:]
        self.send_when_credited(frame("CHANNEL_DATA", channel, data), deadline)

    def send_when_credited(self, one: Frame, deadline: float) -> None:
        """Send a frame once there is credit for it.

        Raises:
            NoAnswer: Credit did not come back.
        """
        account = self.account(one.channel)
        cost = cost_of(one)
        if not self.wait(lambda: account.ours_left >= cost or account.theirs_closed, deadline):
            raise NoAnswer(
                f"no credit came back on channel {one.channel}: {account.ours_left} bytes are left, {cost} "
                f"are needed, {account.ours_spent} were used and {account.returned} returned (FC-014)"
            )
        self.send(one)

    def return_credit(self, channel: int, amount: int) -> None:
        """Give credit back."""
        account = self.account(channel)
        account.due = max(0, account.due - amount)
        self.send(frame("CHANNEL_CREDIT", channel, write_value(Value("int", amount))))

    def fresh_channel(self) -> int:
        """Return the next id of the runner's parity; it is for the case to open it. Spec: CH-001."""
        self._next_id += 2
        self.account(self._next_id - 2)
        return self._next_id - 2

    def account(self, channel: int) -> Account:
        """Return what is known about a channel."""
        return self.conduct.account(channel)

    # ---- receiving ----------------------------------------------------------------------------

    def wait(self, done: Callable[[], bool], deadline: float) -> bool:
        """Read until `done()`; return False if the deadline passed or nothing more can come first."""
        while not done():
            if (self.link.ended and not self.link.received) or not self.pump(deadline):
                return done()
        return True

    def pump(self, deadline: float) -> bool:
        """Read what there is, waiting for it until the deadline; return False if nothing happened."""
        happened = self.link.pump(deadline)
        if self.link.received:
            data = bytes(self.link.received)
            self.link.received.clear()
            self._take(data)
        return happened

    def wait_hello(self, deadline: float) -> Announced:
        """Wait for the testee's HELLO.

        Raises:
            TesteeGone: It ended instead.
            NoAnswer: Nothing came.
            CheckFailed: It was against its rules.
        """
        self.wait(lambda: self.theirs is not None or self.protocol_broken is not None, deadline)
        if self.theirs is not None:
            return self.theirs
        noise = f"; it wrote {self.noise[:200]!r}" if self.noise else ""
        if self.protocol_broken is not None:
            raise CheckFailed(self.protocol_broken + noise, check="hello", req="HS-001")
        if self.link.ended:
            raise TesteeGone(f"the testee ended before its HELLO{noise}")
        raise NoAnswer(f"no HELLO came{noise}")

    def first(self, channel: int | None) -> Event | None:
        """Return the first event of a channel (of any, if None) that has not been taken."""
        return next((event for event in self.inbox if channel is None or event.channel == channel), None)

    def take_violations(self) -> list[Violation]:
        """Return what the testee broke since the last call."""
        found, self.conduct.violations = self.conduct.violations, []
        return found

    def goaway(self) -> Event | None:
        """Return the GOAWAY of the testee, if one came."""
        return next((event for event in self.inbox if event.name == "GOAWAY"), None)

    def _take(self, data: bytes) -> None:
        if not self.preamble_seen:
            self.noise += data
            at = self.noise.find(PREAMBLE)
            if at < 0:
                if len(self.noise) > _MOST_NOISE + len(PREAMBLE):
                    self.protocol_broken = "65,536 bytes came without the preamble"
                return
            data = self.noise[at + len(PREAMBLE) :]
            self.noise = self.noise[:at]
            self.preamble_seen = True
            self.log.raw("received", self.noise + PREAMBLE, "preamble")
        if self.protocol_broken is not None:
            return
        try:
            frames = self._cutter.feed(data)
        except TooLong as error:
            self._break("FR-004", str(error))
            return
        for one in frames:
            self._take_frame(one)
            if len(self.inbox) > _MOST_EVENTS:
                self._break("", f"{_MOST_EVENTS:,} unexpected events came")
                return

    def _break(self, req: str, text: str) -> None:
        self.protocol_broken = text
        self.conduct.violations.append(Violation(req, text))

    def _take_frame(self, one: Frame) -> None:
        self.frames.append(("received", one.name, one.channel, len(one.payload)))
        self.log.frame("received", one)
        self.conduct.received(one)
        if one.name == "HELLO" and self.theirs is None:
            try:
                self.theirs = self.conduct.theirs = read_hello(one.payload)
            except CheckFailed as error:
                self._break(error.req, str(error))
        elif one.name in ITEM_FRAMES:
            self._take_item(one)
        elif one.name == "PING":
            if self.auto_pong:
                self.send(frame("PONG", 0, one.payload))
            else:
                self.unanswered.append(one.payload)
        elif one.channel not in self.retired and one.name not in _WATCHED and not 128 <= one.type <= 191:
            self.inbox.append(Event(one.name, one.channel, one.payload, _maybe_value(one)))

    def _take_item(self, one: Frame) -> None:
        account = self.account(one.channel)
        try:
            items = read_items(one, account)
        except NotAValue as error:
            self.conduct.violations.append(Violation(error.req, f"an item on channel {one.channel}: {error}"))
            items = []
        for value, data in items:
            self.conduct.value(value)
            if one.channel in self.retired:
                continue
            self.inbox.append(Event("ITEM", one.channel, data, value))
        account.due += cost_of(one)
        if self.auto_credit and account.due >= self.conduct.ours.credit // 2 and not account.theirs_closed:
            self.return_credit(one.channel, account.due)

    # ---- the end ------------------------------------------------------------------------------

    def how_it_ended(self) -> str:
        """Say what is known about the end of the stream."""
        event = self.goaway()
        if event is not None:
            return f"it said GOAWAY: {describe_goaway(event)}"
        if self.link.process is not None:
            status = self.link.wait_exit(time.monotonic() + 1)
            return "the process is still running" if status is None else f"exit status {status}"
        return "the stream ended"

    def gone(self, what: str) -> TesteeGone:
        """Return the error for an unexpected end."""
        return TesteeGone(f"the connection ended while {what}; {self.how_it_ended()}")


def describe_goaway(event: Event) -> str:
    """Return code and text of a GOAWAY."""
    fields = read_goaway(event)
    if not fields:
        return f"h'{event.payload.hex()}'"
    return f"{error_name(fields.get('code', -1))}, {fields.get('text')!r}, last {fields.get('last')}"


def read_goaway(event: Event) -> dict[Any, Any]:
    """Return the content of a GOAWAY, nothing if it is not a map."""
    if event.value is None or event.value.kind != "dict":
        return {}
    return {key.content: value.content for key, value in event.value.content}


def _maybe_value(one: Frame) -> Value | None:
    if one.name in ("PING", "PONG") or not one.payload:
        return None
    try:
        return read_value(one.payload)
    except NotAValue:
        return None


def _announced(fields: Mapping[str, Any]) -> Announced:
    """Return what the runner announces; what a case makes malformed on purpose counts as the default."""
    limits = fields.get("limits")
    known = {}
    if isinstance(limits, dict):
        known = {k: v for k, v in limits.items() if k in ("frame", "item", "depth", "channels")}
    if isinstance(fields.get("credit"), int):
        known["credit"] = fields["credit"]
    if any(type(number) is not int or number < 1 for number in known.values()):
        known = {}
    given = fields.get("features", FEATURES)
    features = tuple(map(str, given)) if isinstance(given, (list, tuple)) else ()
    return Announced(features=features, **known)


def require_number(value: object, what: str) -> int:
    """Return a number of a case.

    Raises:
        CaseError: It is not a number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise CaseError(f"{what} is {value!r}, expected a number")
