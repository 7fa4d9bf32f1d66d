"""Steps that send frames and say what has to come."""

from __future__ import annotations

import time
from typing import Any

from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CaseError, CheckFailed, NoAnswer
from xnet_conformance.frame_notation import exec_payload, frame_code, parse_frame, split, wrong_length
from xnet_conformance.frames import frame
from xnet_conformance.matching import mismatch
from xnet_conformance.python2 import as_python2
from xnet_conformance.scenario import Scenario, run_steps, step
from xnet_conformance.session import Event, describe_goaway, read_goaway, require_number
from xnet_conformance.specification import error_name
from xnet_conformance.value_equality import same_order
from xnet_conformance.values import Value, describe, format_value


@step("send")
def send(scenario: Scenario, raw: Any) -> None:
    """Send a frame: ``{NAME: {...}}``.

    ``ITEM`` in place of a name sends an item as a careful sender does. Fields that change how: ``length``
    (in the header), ``split: n`` (writes of n bytes), ``cut: n`` (only the first n bytes), ``overdraw:
    true`` (do not wait for credit).
    """
    name, fields = split(raw)
    session = scenario.session
    if name == "ITEM":
        session.send_item(
            scenario.channel(fields.get("ch")), scenario.value(fields["item"]), scenario.deadline
        )
        return
    one = parse_frame(scenario, raw)
    if "length" in fields:
        session.send_raw(
            wrong_length(one, require_number(fields["length"], "length")), f"{name} with a different length"
        )
    elif "cut" in fields:
        session.send_raw(one.encode()[: require_number(fields["cut"], "cut")], f"the beginning of {name}")
    elif "split" in fields:
        session.send_split([one], require_number(fields["split"], "split"))
    elif fields.get("overdraw") or name not in ("CHANNEL_DATA", "CHANNEL_PART", "CHANNEL_BATCH"):
        session.send(one)
    else:
        session.send_when_credited(one, scenario.deadline)


@step("raw")
def raw_bytes(scenario: Scenario, raw: Any) -> None:
    """Send ``{hex: ...}``, ``{zeros: n}`` or ``{frames: [...]}``, at once or in writes of ``split`` bytes.

    With ``keep: n`` the last n bytes of the frames are kept, which ``{kept: true}`` sends.
    """
    if "hex" in raw or "zeros" in raw:
        data = bytes.fromhex(raw["hex"]) if "hex" in raw else bytes(raw["zeros"])
        size = raw.get("split") or len(data)
        for at in range(0, len(data), size):
            scenario.session.send_raw(data[at : at + size])
            scenario.session.pump(time.monotonic())
        return
    if "kept" in raw:
        scenario.session.send_rest(scenario.bindings.pop("kept bytes"))
        return
    frames = [parse_frame(scenario, each) for each in raw["frames"]]
    if "keep" in raw:
        for one in frames:
            scenario.session.note_sent(one)
        data = b"".join(one.encode() for one in frames)
        scenario.session.send_beginning(data[: -raw["keep"]])
        scenario.bindings["kept bytes"] = data[-raw["keep"] :]
        return
    scenario.session.send_split(frames, raw.get("split") or 1 << 30)


@step("exec")
def execute(scenario: Scenario, raw: Any) -> None:
    """Send CHANNEL_EXEC: ``{ch: a, fixture: echo, args: {...}}`` or ``{ch: a, source: ...}``.

    With ``behind: true`` the request is sent as the first item of the channel. Spec: GW-006.
    """
    payload = exec_payload(scenario, {key: item for key, item in raw.items() if key not in ("ch", "behind")})
    channel = scenario.channel(raw["ch"])
    if raw.get("behind"):
        follows = exec_payload(scenario, {"follows": True})
        scenario.session.send(frame("CHANNEL_EXEC", channel, follows))
        scenario.session.send_item(channel, Value("bytes", payload), scenario.deadline)
    else:
        scenario.session.send(frame("CHANNEL_EXEC", channel, payload))


@step("repeat")
def repeat(scenario: Scenario, raw: Any) -> None:
    """Run steps several times: ``{times: n, steps: [...]}``; ``$i`` is the number of the turn."""
    for number in range(require_number(raw["times"], "times")):
        scenario.bindings["i"] = number
        run_steps(scenario, raw["steps"])


def next_event(scenario: Scenario, channel: int | None, what: str, deadline: float | None = None) -> Event:
    """Return and take the next event of a channel.

    Raises:
        NoAnswer: None came in time.
        TesteeGone: The stream ended.
        CheckFailed: The testee ended the connection with GOAWAY instead.
    """
    session = scenario.session
    session.wait(
        lambda: bool(session.first(channel) or session.goaway() or session.protocol_broken),
        deadline or scenario.deadline,
    )
    event = session.first(channel)
    if event is not None:
        session.inbox.remove(event)
        return event
    farewell = session.goaway()
    if farewell is not None:
        raise CheckFailed(
            f"the testee ended the connection while {what} was expected",
            expected=what,
            actual=f"GOAWAY {describe_goaway(farewell)}",
        )
    if session.protocol_broken is not None:
        raise CheckFailed(session.protocol_broken, expected=what)
    if session.link.ended:
        raise session.gone(f"{what} was expected")
    others = "; ".join(event.describe() for event in session.inbox[:5])
    raise NoAnswer(f"{what} did not come in time" + (f"; what came: {others}" if others else ""))


@step("expect")
def expect(scenario: Scenario, raw: Any) -> None:
    """Say what comes next on a channel: ``{ITEM: {ch: a, is: pattern}}`` or ``{CHANNEL_CLOSE: {ch: a}}``.

    Fields: ``ch`` (``{bind: b}`` for whichever comes), ``is`` (pattern for the value of the payload),
    ``text`` and ``code`` (patterns for these of a CHANNEL_CLOSE_ERROR), ``hex`` (the payload), ``within``
    (seconds).
    """
    name, fields = split(raw)
    if name != "ITEM":
        frame_code(name)
    channel = _channel(scenario, fields.get("ch", 0), name)
    what = f"{name} on channel {fields['ch']}" if fields.get("ch") else name
    event = next_event(scenario, channel, what, scenario.soon(fields.get("within")))
    compare(scenario, event, name, fields)


@step("drain")
def drain(scenario: Scenario, raw: Any) -> None:
    """Take the items that come on a channel until something else does: ``{ch: a}``."""
    session = scenario.session
    channel = scenario.channel(raw["ch"])
    while True:
        session.wait(lambda: session.first(channel) is not None, scenario.deadline)
        event = session.first(channel)
        if event is None or event.name != "ITEM":
            return
        session.inbox.remove(event)


def _channel(scenario: Scenario, name: Any, event: str) -> int | None:
    if not isinstance(name, dict):
        return scenario.known(name)
    session = scenario.session
    session.wait(lambda: any(e.name == event for e in session.inbox), scenario.deadline)
    found = next((e for e in session.inbox if e.name == event), None)
    if found is None:
        if session.link.ended:
            raise session.gone(f"{event} was expected")
        raise NoAnswer(f"no {event} came in time")
    scenario.bindings[name["bind"]] = found.channel
    return found.channel


def compare(scenario: Scenario, event: Event, name: str, fields: dict[str, Any]) -> None:
    """Check an event.

    Raises:
        CheckFailed: It is another.
    """
    wanted = f"{name} {fields.get('ch', 0)}" + (f" {fields['is']}" if "is" in fields else "")
    if event.name != name:
        raise CheckFailed(f"{event.name} came, {name} was expected", expected=wanted, actual=event.describe())
    problem = None
    for key in ("is", "text", "code"):
        if key in fields and problem is None:
            part = event.value if key == "is" else _part_of(event.value, key)
            if part is not None or key != "code":
                problem = scenario.mismatch(fields[key], part)
    if problem is None and "hex" in fields and event.payload != bytes.fromhex(fields["hex"]):
        expected = bytes.fromhex(fields["hex"])
        problem = f"the payload differs at byte {first_difference(expected, event.payload)}"
        wanted = f"{name} {fields['hex']}"
    if problem is not None:
        shown = describe(event.value, 1000) if event.value is not None else event.payload[:200].hex()
        raise CheckFailed(f"{name}: {problem}", expected=wanted, actual=shown)


def _part_of(error: Value | None, key: str) -> Value | None:
    """Return a part of a CHANNEL_CLOSE_ERROR; execnet's has no code (conduct asks others for it)."""
    if error is None or error.kind != "dict":
        return error if key == "text" else None
    return next((value for name, value in error.content if name.content == key), None)


def first_difference(one: bytes, other: bytes) -> int:
    """Return the offset of the first byte that differs."""
    return next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


@step("barrier")
def barrier(scenario: Scenario, raw: Any) -> None:
    """Send PING and wait for its PONG: what has not come by then does not come (FR-021); nothing else may.

    ``{allow: [a]}`` names channels on which something may have come, which stays to be expected.
    """
    session = scenario.session
    payload = f"barrier {scenario.step_number}".encode()
    session.send(frame("PING", 0, payload))
    event = next_event(scenario, 0, "PONG")
    if event.name != "PONG" or event.payload != payload:
        raise CheckFailed(
            f"{event.name} came, the PONG of the barrier was expected", actual=event.describe(), req="FR-021"
        )
    allowed = [scenario.known(name) for name in raw.get("allow", ())] if isinstance(raw, dict) else []
    unexpected = [event for event in session.inbox if event.channel not in allowed]
    if unexpected:
        raise CheckFailed(
            "something came that must not",
            expected="nothing before PONG",
            actual="; ".join(event.describe() for event in unexpected[:5]),
        )


@step("goaway")
def goaway(scenario: Scenario, raw: Any) -> None:
    """Expect the end with a code: ``CODE``, or ``{code: CODE, or: [CODES], text: pattern, last: ch}``.

    The stream ends after it (ER-002); what came before it and was not expected is not looked at.
    """
    fields = raw if isinstance(raw, dict) else {"code": raw}
    session = scenario.session
    session.wait(
        lambda: session.goaway() is not None or session.protocol_broken is not None, scenario.deadline
    )
    event = session.goaway()
    if event is None:
        if session.protocol_broken is not None:
            raise CheckFailed(session.protocol_broken, expected=f"GOAWAY {fields['code']}")
        if session.link.ended:
            raise CheckFailed(
                "the testee ended the connection without GOAWAY",
                expected=f"GOAWAY {fields['code']}",
                actual=session.how_it_ended(),
                req="ER-002",
            )
        came = "; ".join(event.describe() for event in session.inbox[-5:])
        raise NoAnswer(f"GOAWAY {fields['code']} did not come" + (f"; what came: {came}" if came else ""))
    code, text = _code_and_text(event)
    accepted = [fields["code"], *fields.get("or", ())]
    if error_name(code) not in accepted:
        raise CheckFailed(
            f"the testee ended the connection with {error_name(code)}, {' or '.join(accepted)} was expected",
            expected=" or ".join(accepted),
            actual=describe_goaway(event),
        )
    if "text" in fields:
        problem = mismatch(fields["text"], text, scenario.bindings)
        if problem is not None:
            raise CheckFailed(f"the text of GOAWAY: {problem}", actual=describe_goaway(event))
    if "last" in fields:
        check_last(event, scenario.known(fields["last"]) if fields["last"] else 0)
    if not session.wait(lambda: session.link.ended, scenario.deadline):
        raise CheckFailed(
            "the testee said GOAWAY and left its side of the stream open", req="ER-002", check="closed"
        )


def check_last(event: Event, last: int) -> None:
    """Check how far a GOAWAY says that the testee went. Spec: ER-008."""
    said = read_goaway(event).get("last")
    if said != last:
        raise CheckFailed(
            f'"last" in GOAWAY is {said}; the last channel that was opened is {last}',
            expected=str(last),
            actual=describe_goaway(event),
            req="ER-008",
        )


def _code_and_text(event: Event) -> tuple[int, Any]:
    if event.value is not None and event.value.kind == "dict":
        fields = {key.content: value for key, value in event.value.content}
        if "code" in fields and fields["code"].kind == "int":
            return int(fields["code"].content), fields.get("text")
    raise CheckFailed("the payload of GOAWAY has no code", actual=event.payload.hex(), req="ER-001")


@step("say_hello")
def say_hello(scenario: Scenario, raw: Any) -> None:
    """Send HELLO with these fields, in a case that begins without (``start: {handshake: false}``)."""
    scenario.session.fields.update(raw if isinstance(raw, dict) else {})
    scenario.session.say_hello()


@step("expect_hello")
def expect_hello(scenario: Scenario, raw: Any) -> None:
    """Check what the testee announced, by key; ``noise`` is the bytes before the preamble, as hex."""
    announced = scenario.session.wait_hello(scenario.deadline)
    for key, pattern in (raw or {}).items():
        if key == "noise":
            if scenario.session.noise != bytes.fromhex(pattern):
                raise CheckFailed("bytes came before the preamble", actual=repr(scenario.session.noise[:200]))
            continue
        if not hasattr(announced, key):
            raise CaseError(f"a HELLO has no {key!r}")
        found = getattr(announced, key)
        value = scenario.value(list(found) if isinstance(found, tuple) else found)
        problem = mismatch(pattern, value, scenario.bindings)
        if problem is not None:
            raise CheckFailed(f"{key} in the HELLO: {problem}")


@step("echoed")
def echoed(scenario: Scenario, raw: Any) -> None:
    """Send a value that comes back: ``{ch: a, hex: ..., is: tagged, back: tagged}``.

    The bytes may be any encoding of the value; what comes back must be the same value (or ``back``).
    Entries of dicts in another order are a SHOULD (VA-009).
    """
    channel = scenario.known(raw["ch"])
    wanted = scenario.value(raw["is"])
    payload = bytes.fromhex(raw["hex"]) if "hex" in raw else write_value(wanted)
    scenario.session.send_when_credited(frame("CHANNEL_DATA", channel, payload), scenario.deadline)
    event = next_event(scenario, channel, "the same value")
    if scenario.session.conduct.python2 and "back" not in raw:
        wanted = as_python2(wanted)
        compare(scenario, event, "ITEM", {"ch": raw["ch"]})
        problem = mismatch(format_value(wanted), event.value, scenario.bindings)
        if problem is not None:
            raise CheckFailed(f"ITEM: {problem}")
    else:
        compare(scenario, event, "ITEM", {"ch": raw["ch"], "is": raw.get("back", raw["is"])})
    if event.value is not None and "back" not in raw and not same_order(wanted, event.value):
        scenario.remarks.append(
            f"the entries of a dict came back in a different order: {describe(event.value)} (VA-009)"
        )


@step("items")
def items(scenario: Scenario, raw: Any) -> None:
    """Take items: ``{ch: a, count: n, is: pattern}``, or ``numbered: true`` for 0, 1, 2, ..."""
    channel = scenario.known(raw["ch"])
    for number in range(raw["count"]):
        event = next_event(scenario, channel, f"item {number + 1} of {raw['count']} on channel {raw['ch']}")
        fields = {"ch": raw["ch"]}
        if raw.get("numbered"):
            fields["is"] = number
        elif "is" in raw:
            fields["is"] = raw["is"]
        compare(scenario, event, "ITEM", fields)


def pause(scenario: Scenario, seconds: float) -> None:
    """Read for a while: only where a case is about time itself."""
    until = min(scenario.deadline, time.monotonic() + seconds)
    while scenario.session.pump(until):
        pass


@step("meanwhile")
def meanwhile(scenario: Scenario, raw: Any) -> None:
    """Read for some seconds, in a case that is about time itself (``timing: true``)."""
    if not scenario.case.timing:
        raise CaseError("meanwhile is for cases with timing: true; use a barrier to prove that nothing came")
    pause(scenario, float(raw))


@step("encoded")
def encoded(scenario: Scenario, raw: Any) -> None:
    """Send a value and expect a short encoding back: ``{ch: a, is: tagged, or: [hex, ...]}`` (VA-005)."""
    channel = scenario.known(raw["ch"])
    value = scenario.value(raw["is"])
    scenario.session.send_when_credited(frame("CHANNEL_DATA", channel, write_value(value)), scenario.deadline)
    event = next_event(scenario, channel, "the same value")
    compare(scenario, event, "ITEM", {"ch": raw["ch"], "is": raw["is"]})
    if event.payload.hex() not in raw["or"]:
        scenario.remarks.append(
            f"encoded as {event.payload.hex()}, {' or '.join(raw['or'])} would be shorter (VA-005)"
        )
