"""The rules that every frame of a testee is held to, whatever a case is about.

A case says what shall come; this says what must never come. A violation fails the case in which it happened,
under the check ``conduct``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from xnet_conformance.accounts import Account, cost_of
from xnet_conformance.cbor_reading import NotAValue, read_value, read_values
from xnet_conformance.channel_error import channel_error_problem
from xnet_conformance.hello import PYTHON_STRINGS, Announced
from xnet_conformance.specification import TYPES_BY_CODE

if TYPE_CHECKING:
    from xnet_conformance.frames import Frame
    from xnet_conformance.values import Value

ITEM_FRAMES: Final = frozenset({"CHANNEL_DATA", "CHANNEL_PART", "CHANNEL_BATCH"})
_REQUESTS: Final = frozenset({"STATUS", "INFO", "CHANNEL_EXEC"})
_CLOSING: Final = frozenset({"CHANNEL_CLOSE", "CHANNEL_CLOSE_ERROR"})
#: What opens a channel. Spec: CH-008.
_OPENING: Final = _REQUESTS | {"CHANNEL_OPEN"}
_MOST_GOAWAY_TEXT: Final = 4_096
_MOST_CHANNEL_ERROR: Final = 65_536
_MOST_VIOLATIONS: Final = 1_000
_MOST_PING: Final = 64
_MOST_TERMINATE_MS: Final = 86_400_000
_MOST_ANSWER: Final = 65_536
_MOST_PART: Final = 262_144


@attrs.frozen
class Violation:
    """A rule that the testee broke."""

    req: str
    text: str


class Conduct:
    """Watches one connection from its first byte.

    Args:
        role: The testee's.
        ours: What the runner announced.
        python2: The testee may send py2-str.
    """

    #: Whether the last frame of a testee that was asked to end is GOAWAY (GR-012).
    says_goodbye = True

    def __init__(self, role: str, ours: Announced, *, python2: bool = False) -> None:
        self.role = role
        self.ours = ours
        self.theirs = Announced()
        self.python2 = python2
        self.accounts: dict[int, Account] = {}
        self.violations: list[Violation] = []
        self.said_hello = False
        self.heard_hello = False
        self.goaway = False
        self.terminated = False
        #: The runner has sent GATEWAY_TERMINATE.
        self.asked_to_end = False
        #: What RECONFIGURE for the gateway said last.
        self.flags: list[bool] | None = None
        #: The channels that each side has opened and that are not closed; a close counts when the runner sees
        #: it.
        self.ours_open: set[int] = set()
        self.theirs_open: set[int] = set()
        #: The lowest id of each parity that was never opened.
        self._unborn = [2, 1]
        self._pings: list[bytes] = []
        self._parity = 0 if role == "worker" else 1

    def account(self, channel: int) -> Account:
        """Return the account of a channel, which begins with its first use."""
        if channel not in self.accounts:
            self.accounts[channel] = Account(self.theirs.credit, self.ours.credit)
        return self.accounts[channel]

    def unborn(self, channel: int) -> bool:
        """Say whether no channel of this id, or above it, was ever opened."""
        return channel >= self._unborn[channel % 2]

    @property
    def last_of_testee(self) -> int:
        """The highest id of a channel that the testee has opened, 0 for none."""
        return max(0, self._unborn[self._parity] - 2)

    def sent(self, frame: Frame) -> None:
        """Note a frame of the runner."""
        if frame.name == "HELLO":
            self.heard_hello = True
        elif frame.name == "PING":
            self._pings.append(frame.payload)
        elif frame.name == "GATEWAY_TERMINATE":
            self.asked_to_end = True
        if not frame.channel:
            return
        if frame.name in _OPENING and frame.channel % 2 != self._parity and self.unborn(frame.channel):
            self._open(frame.channel, self.ours_open)
        account = self.account(frame.channel)
        cost = cost_of(frame)
        account.ours_left -= cost
        account.ours_spent += cost
        if frame.name == "CHANNEL_CREDIT":
            credit = _value(frame.payload)
            if credit is not None and credit.kind == "int":
                account.theirs_left += credit.content
        elif frame.name in _CLOSING:
            account.ours_closed = True
            self._close(frame.channel)
        elif frame.name == "CHANNEL_LAST_MESSAGE":
            account.ours_ended = True
        elif frame.name in _REQUESTS:
            account.answer = frame.name != "CHANNEL_EXEC"
            account.late = self.asked_to_end

    def received(self, frame: Frame) -> None:
        """Judge a frame of the testee."""
        if self.goaway:
            self._broken("ER-002", f"{frame.name} after GOAWAY")
            return
        row = TYPES_BY_CODE.get(frame.type)
        if row is None:
            if not 128 <= frame.type <= 191:
                self._broken("FR-010", f"a frame of the unknown type {frame.type}")
            return
        if row.name == "OUTPUT":
            self._broken("FR-012", "OUTPUT, which version 1.0 does not allow")
            return
        if row.direction not in ("both", self.role):
            self._broken("FR-008", f"a {self.role} sent {row.name}")
        if (row.channel == "zero" and frame.channel) or (row.channel == "nonzero" and not frame.channel):
            self._broken("FR-014", f"{row.name} on channel {frame.channel}")
            return
        self._hello_order(frame)
        self._payload(frame)
        if row.name == "PONG":
            self._pong(frame)
        if row.name == "GOAWAY":
            self.goaway = True
        if row.name == "GATEWAY_TERMINATE":
            self._after_terminate(frame)
            self.terminated = True
        if frame.channel and frame.name in _OPENING:
            self._opening(frame)
        elif frame.channel:
            if self.unborn(frame.channel):
                self._broken("CH-008", f"{frame.name} on channel {frame.channel}, which was never opened")
            if row.name != "RECONFIGURE":
                self._channel(frame)

    def value(self, value: Value) -> None:
        """Check a value inside an item of the testee."""
        depth = self._judge(value)
        if depth > self.ours.depth:
            self._broken("VA-008", f"an item of depth {depth}; {self.ours.depth} was announced")

    def _broken(self, req: str, text: str) -> None:
        if len(self.violations) < _MOST_VIOLATIONS:
            self.violations.append(Violation(req, text))

    def _hello_order(self, frame: Frame) -> None:
        if frame.name == "HELLO":
            if self.said_hello:
                self._broken("HS-006", "a second HELLO")
            self.said_hello = True
        elif not self.said_hello:
            self._broken("HS-006", f"{frame.name} before HELLO")
        elif not self.heard_hello and frame.name != "GOAWAY":
            self._broken("HS-007", f"{frame.name} before the runner said HELLO")

    def _payload(self, frame: Frame) -> None:
        rule = TYPES_BY_CODE[frame.type].payload
        size = len(frame.payload)
        if rule == "empty" and size:
            self._broken("FR-009", f"{frame.name} with {size} bytes of payload")
        elif frame.name in ("PING", "PONG") and size > _MOST_PING:
            self._broken("FR-020", f"{frame.name} with {size} bytes")
        elif frame.name == "CHANNEL_PART" and not size:
            self._broken("CH-032", "an empty CHANNEL_PART")
        elif rule == "credit":
            value = _value(frame.payload)
            if value is None or value.kind != "int" or value.content < 1:
                self._broken("FC-010", "CHANNEL_CREDIT whose payload is not an unsigned integer above 0")
        elif rule == "channel-error":
            problem = channel_error_problem(_value(frame.payload), late=self.account(frame.channel).late)
            if problem is not None:
                self._broken(*problem)
            if size > _MOST_CHANNEL_ERROR:
                self._broken("CH-042", f"CHANNEL_CLOSE_ERROR with {size} bytes")
        elif rule == "goaway":
            self._goaway(frame)
        elif rule == "terminate":
            self._terminate(frame)
        elif rule == "reconfigure" and PYTHON_STRINGS not in self.ours.features:
            self._broken("PY-010", "RECONFIGURE, for which the runner has not announced the feature")
        elif rule == "reconfigure":
            value = _value(frame.payload)
            if value is None or value.kind != "list" or [v.kind for v in value.content] != ["bool", "bool"]:
                self._broken("VA-040", "RECONFIGURE whose payload is not an array of two booleans")
            elif not frame.channel:
                self.flags = [flag.content for flag in value.content]

    def _pong(self, frame: Frame) -> None:
        """A PING has one PONG, and PONGs have the order of their PINGs."""
        if frame.payload in self._pings:
            if frame.payload != self._pings[0]:
                self._broken("FR-021", f"the PONG h'{frame.payload.hex()}' overtook that of an earlier PING")
            self._pings.remove(frame.payload)
        else:
            self._broken("FR-020", f"a PONG h'{frame.payload.hex()}' that answers no PING")

    def _terminate(self, frame: Frame) -> None:
        value = _value(frame.payload)
        if value is None or value.kind != "dict":
            self._broken("GR-001", "GATEWAY_TERMINATE whose payload is not a map")
            return
        for key, time in value.content:
            known = key.content in ("finish", "interrupt")
            if known and (time.kind != "int" or not 0 <= time.content <= _MOST_TERMINATE_MS):
                self._broken("GR-001", f"GATEWAY_TERMINATE with the time {time.content}")

    def _goaway(self, frame: Frame) -> None:
        value = _value(frame.payload)
        fields = (
            {k.content: v for k, v in value.content} if value is not None and value.kind == "dict" else {}
        )
        code, text = fields.get("code"), fields.get("text")
        if code is None or code.kind != "int" or text is None or text.kind != "str":
            self._broken("ER-001", "GOAWAY whose payload is not a map with a code and a text")
            return
        self._last(fields.get("last"))
        if len(text.content.encode()) > _MOST_GOAWAY_TEXT:
            self._broken("ER-003", f"GOAWAY with a text of {len(text.content.encode())} bytes")

    def _last(self, last: Value | None) -> None:
        """It is a channel that the runner has opened, or 0; the testee need not have come to each."""
        parity = 1 - self._parity
        if last is None or last.kind != "int":
            self._broken("ER-008", "GOAWAY without the last channel that was opened")
        elif last.content and (last.content % 2 != parity or last.content < 0 or self.unborn(last.content)):
            self._broken("ER-008", f"GOAWAY says that channel {last.content} was opened; it was not")

    def _channel(self, frame: Frame) -> None:
        account = self.account(frame.channel)
        if frame.name == "CHANNEL_CREDIT":
            self._credit(frame, account)
            return
        if account.theirs_closed:
            self._broken("CH-040", f"{frame.name} on channel {frame.channel} after its CHANNEL_CLOSE")
        if frame.name in ITEM_FRAMES:
            self._after_terminate(frame)
            self._item(frame, account)
        elif frame.name == "CHANNEL_LAST_MESSAGE":
            if account.theirs_ended:
                self._broken("CH-050", f"a second CHANNEL_LAST_MESSAGE on channel {frame.channel}")
            if account.pieces:
                self._broken(
                    "FC-024", f"CHANNEL_LAST_MESSAGE on channel {frame.channel} in the middle of an item"
                )
            account.theirs_ended = True
        else:
            account.theirs_closed = True
            self._close(frame.channel)

    def _opening(self, frame: Frame) -> None:
        if frame.channel % 2 != self._parity:
            self._broken(
                "CH-001", f"{frame.name} on channel {frame.channel}, whose id is not the {self.role}'s"
            )
        elif not self.unborn(frame.channel):
            highest = self._unborn[self._parity] - 2
            self._broken(
                "CH-008", f"{frame.name} opens channel {frame.channel} after channel {highest}; ids rise"
            )
        else:
            self._open(frame.channel, self.theirs_open)
        if len(self.theirs_open) > self.ours.channels:
            self._broken(
                "CH-011",
                f"{frame.name} opens channel {frame.channel}, one more than the {self.ours.channels} that "
                "the runner takes",
            )
        self._after_terminate(frame)

    def _open(self, channel: int, side: set[int]) -> None:
        self._unborn[channel % 2] = channel + 2
        side.add(channel)
        self.account(channel)

    def _close(self, channel: int) -> None:
        self.ours_open.discard(channel)
        self.theirs_open.discard(channel)

    def _after_terminate(self, frame: Frame) -> None:
        if self.terminated:
            self._broken("GR-002", f"{frame.name} after GATEWAY_TERMINATE")

    def _credit(self, frame: Frame, account: Account) -> None:
        value = _value(frame.payload)
        if value is None or value.kind != "int":
            return
        account.returned += value.content
        account.ours_left += value.content
        account.steps.append(value.content)
        if account.returned > account.ours_spent:
            self._broken(
                "FC-011",
                f"{account.returned} bytes of credit were returned on channel {frame.channel}, "
                f"{account.ours_spent} were used up",
            )

    def _item(self, frame: Frame, account: Account) -> None:
        size, cost = len(frame.payload), cost_of(frame)
        if account.theirs_ended:
            self._broken("CH-050", f"{frame.name} on channel {frame.channel} after CHANNEL_LAST_MESSAGE")
        if cost > account.theirs_left:
            self._broken(
                "FC-003",
                f"{frame.name} on channel {frame.channel} costs {cost} bytes; "
                f"{account.theirs_left} bytes of credit are left",
            )
        account.theirs_left -= cost
        account.theirs_spent += cost
        window = self.ours.credit
        if account.answer:
            if cost > _MOST_ANSWER:
                self._broken("GW-022", f"the answer on channel {frame.channel} costs {cost} bytes")
        elif cost > window // 2:
            self._broken(
                "FC-020", f"{frame.name} costs {cost} bytes, more than half of the window of {window}"
            )
        if frame.name == "CHANNEL_PART":
            account.part_sizes.append(size)
            most = min(_MOST_PART, self.ours.frame, window // 4)
            if size > most:
                self._broken("FC-021", f"CHANNEL_PART of {size} bytes; at most {most} are allowed here")
        elif frame.name == "CHANNEL_BATCH" and account.pieces:
            self._broken("FC-024", f"CHANNEL_BATCH on channel {frame.channel} in the middle of an item")
        if sum(map(len, account.pieces)) + size > self.ours.item:
            self._broken("VA-008", f"an item above the announced limit of {self.ours.item} bytes")

    def _judge(self, value: Value) -> int:
        """Return the depth."""
        kind, content = value.kind, value.content
        if kind == "py2str" and not self.python2:
            self._broken("VA-030", "a py2-str from a peer that is not Python 2")
        elif kind == "py2str" and PYTHON_STRINGS not in self.ours.features:
            self._broken("PY-010", "a py2-str, for which the runner has not announced the feature")
        if kind == "surrogates" and "surrogates" not in self.ours.features:
            self._broken(
                "VA-013", "a text with surrogates, for which the runner has not announced the feature"
            )
        if kind == "channel" and (content == 0 or self.unborn(content)):
            self._broken("CH-010", f"a reference to channel {content}, which was never opened")
        if kind == "dict":
            return 1 + max([max(self._judge(k), self._judge(v)) for k, v in content], default=0)
        if kind in ("list", "tuple", "set", "frozenset"):
            # A list, no generator: some versions of Python 3.12 bound calls through C, whatever the limit is.
            return (1 if kind == "list" else 2) + max([self._judge(one) for one in content], default=0)
        if kind == "int":
            return 0 if -(1 << 64) <= content < 1 << 64 else 1
        return {"complex": 2, "channel": 1, "py2str": 1, "surrogates": 1}.get(kind, 0)


def _value(payload: bytes) -> Value | None:
    try:
        return read_value(payload)
    except NotAValue:
        return None


def read_items(frame: Frame, account: Account) -> list[tuple[Value, bytes]]:
    """Return the items that a frame of the testee completes, each with its bytes.

    Raises:
        NotAValue: They are none.
    """
    if frame.name == "CHANNEL_PART":
        account.pieces.append(frame.payload)
        return []
    if frame.name == "CHANNEL_BATCH":
        return read_values(frame.payload)
    data = b"".join([*account.pieces, frame.payload])
    account.pieces.clear()
    return [(read_value(data, as_encoded=True), data)]
