"""Payloads of the control frames, one pair of functions for each.

``encode_x`` makes the payload from what the caller means; ``decode_x`` takes nothing on trust:
whatever the peer sent comes back checked, or as a ``WireError`` with a sentence. HELLO, the
largest of them, is in ``hello`` and can be had from here too; what closes channels is in ``channel_errors``.

Spec: FR-009, FR-015; for each payload its rule in schema/messages.cddl.
"""

from __future__ import annotations

from xnet_wire import codes
from xnet_wire.errors import DumpError, WireError
from xnet_wire.hello import FEATURES, VERSION, Hello, decode_hello, encode_hello
from xnet_wire.item_path import short_repr
from xnet_wire.limits import CONTROL_DEPTH, GOAWAY_TEXT_BYTES, MAX_CHANNEL_ID, TERMINATE_MS
from xnet_wire.payloads import check_text_map, cut_text, decode_map, decode_payload, is_text, is_uint
from xnet_wire.value_types import DEFAULT_STRINGS, PYTHON_STRINGS_FEATURE
from xnet_wire.values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Buffer = bytes | bytearray | memoryview

__all__ = [
    "FEATURES",
    "VERSION",
    "ExecRequest",
    "Hello",
    "decode_credit",
    "decode_exec",
    "decode_following",
    "decode_goaway",
    "decode_hello",
    "decode_reconfigure",
    "decode_terminate",
    "encode_credit",
    "encode_exec",
    "encode_goaway",
    "encode_hello",
    "encode_reconfigure",
    "encode_terminate",
    "knows_strings",
]


class ExecRequest:
    """What a CHANNEL_EXEC frame asks the worker to run.

    Args:
        source: Source text.
        file: Name for tracebacks, or None.
        call: Name of the function in the source to call with the channel, or None.
        kwargs: Named arguments for that call.
        language: In which the source is, or None for the first that the worker has named.
        service: Name of a service of the worker's that is wanted in place of a source, or None.
        follows: None of that is known yet: it is the first item of the channel. Spec: GW-006.
    """

    __slots__ = ("call", "file", "follows", "kwargs", "language", "service", "source")

    def __init__(
        self,
        source: str,
        file: str | None = None,
        call: str | None = None,
        kwargs: dict[str, Any] | None = None,
        language: str | None = None,
        *,
        service: str | None = None,
        follows: bool = False,
    ) -> None:
        self.source = source
        self.file = file
        self.call = call
        self.kwargs = {} if kwargs is None else kwargs
        self.language = language
        self.service = service
        self.follows = follows

    def __repr__(self) -> str:
        """Show the size of the source, not the source."""
        if self.follows:
            return "<ExecRequest that follows>"
        if self.service is not None:
            return f"<ExecRequest service={self.service!r}>"
        return f"<ExecRequest file={self.file!r} call={self.call!r} source of {len(self.source)} characters>"


def encode_exec(request: ExecRequest, surrogates: bool = False) -> bytes:
    """Return the payload of a CHANNEL_EXEC frame.

    Args:
        request: What to run.
        surrogates: Whether the receiver takes texts with surrogates, which kwargs may have then.

    Raises:
        DumpError: Our caller's kwargs hold something that cannot be sent, or are nested deeper than
            62 levels: the payload and the map of them take two of those a control payload has.
    """
    if request.follows:
        return encode({"follows": True})
    texts: dict[str, str | None]
    if request.service is not None:
        texts = {"service": request.service}
    else:
        texts = {"source": request.source, "file": request.file, "call": request.call}
    if request.language is not None:
        texts["language"] = request.language
    content = {**texts, "kwargs": request.kwargs}
    try:
        return encode(content, max_depth=CONTROL_DEPTH)
    except DumpError:
        if not surrogates:
            raise
    encode(
        {**texts, "kwargs": dict.fromkeys(request.kwargs)}
    )  # Where the rule says text, they have no place.
    return encode(content, max_depth=CONTROL_DEPTH, surrogates=True)


def decode_exec(payload: Buffer) -> ExecRequest:
    """Check and return what the initiator asks to run.

    Raises:
        WireError: The peer sent something else (PAYLOAD_MALFORMED).
    """
    code = codes.PAYLOAD_MALFORMED
    content = decode_map(payload, "CHANNEL_EXEC", code)
    kinds = [f'"{key}"' for key in ("source", "service", "follows") if key in content]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        raise WireError(code, f'CHANNEL_EXEC has {found} of "source", "service" and "follows", expected one.')
    if "follows" in content:
        follows = content["follows"]
        if follows is not True:
            raise WireError(code, f'"follows" in CHANNEL_EXEC is {short_repr(follows)}, expected true.')
        return ExecRequest("", follows=True)
    asked = content["service"] if "service" in content else content["source"]
    if not is_text(asked):
        raise WireError(code, f"{kinds[0]} in CHANNEL_EXEC is {short_repr(asked)}, expected a text.")
    for name in ("file", "call", "language"):
        value = content.get(name)
        if value is not None and not is_text(value):
            raise WireError(
                code, f'"{name}" in CHANNEL_EXEC is {short_repr(value)}, expected a text or null.'
            )
    kwargs = content.get("kwargs", {})
    check_text_map(kwargs, '"kwargs" in CHANNEL_EXEC', code)
    if "service" in content:
        return ExecRequest("", kwargs=kwargs, service=asked)
    return ExecRequest(asked, content.get("file"), content.get("call"), kwargs, content.get("language"))


def decode_following(item: object) -> ExecRequest:
    """Check and return the request that is the first item of its channel. Spec: GW-007, GW-008.

    Raises:
        WireError: It is not such a request (the peer's fault).
    """
    if type(item) is not bytes:
        problem = f"{short_repr(item)}, expected bytes"
        raise WireError(codes.PAYLOAD_MALFORMED, f"The request that follows CHANNEL_EXEC is {problem}.")
    request = decode_exec(item)
    if request.follows:
        raise WireError(
            codes.PAYLOAD_MALFORMED, "The request that follows CHANNEL_EXEC says that it follows yet again."
        )
    return request


def encode_terminate(finish_ms: int | None = None, interrupt_ms: int | None = None) -> bytes:
    """Return the payload of a GATEWAY_TERMINATE frame.

    Args:
        finish_ms: How long executions may go on, 0 to ``TERMINATE_MS``; None for the default.
        interrupt_ms: The same for how long after they were interrupted.
    """
    times = {"finish": finish_ms, "interrupt": interrupt_ms}
    return encode({key: time for key, time in times.items() if time is not None})


def decode_terminate(payload: Buffer) -> tuple[int | None, int | None]:
    """Check and return how long executions may go on, in ms: (finish, interrupt), None for the default.

    Raises:
        WireError: The peer sent something else (PAYLOAD_MALFORMED).
    """
    content = decode_map(payload, "GATEWAY_TERMINATE", codes.PAYLOAD_MALFORMED)
    for name in ("finish", "interrupt"):
        time = content.get(name, 0)
        if not is_uint(time) or time > TERMINATE_MS:
            raise WireError(
                codes.PAYLOAD_MALFORMED,
                f'"{name}" in GATEWAY_TERMINATE is {short_repr(time)},'
                f" expected milliseconds, 0 to {TERMINATE_MS}.",
            )
    return content.get("finish"), content.get("interrupt")


def encode_goaway(code: int, text: str, last: int = 0) -> bytes:
    """Return the payload of a GOAWAY frame; a long text is cut.

    Args:
        code: Why, see ``codes``.
        text: The same for people.
        last: The highest id of a channel that the peer has opened here, 0 for none. Spec: ER-008.
    """
    return encode({"code": code, "text": cut_text(text, GOAWAY_TEXT_BYTES), "last": last})


def decode_goaway(payload: Buffer) -> tuple[int, str, int]:
    """Check and return why the peer ends the connection, and how far it came: (code, text, last).

    Raises:
        WireError: The peer sent something else (PAYLOAD_MALFORMED).
    """
    content = decode_map(payload, "GOAWAY", codes.PAYLOAD_MALFORMED)
    code, text = content.get("code"), content.get("text")
    if not is_uint(code) or not is_text(text):
        raise WireError(
            codes.PAYLOAD_MALFORMED,
            f"GOAWAY has code {short_repr(code)} and text {short_repr(text)}, expected a number and a text.",
        )
    last = content.get("last")
    if not is_uint(last) or last > MAX_CHANNEL_ID:  # type: ignore[operator]
        raise WireError(
            codes.PAYLOAD_MALFORMED,
            f'"last" in GOAWAY is {short_repr(last)}, expected 0 or the id of a channel.',
        )
    return code, text, last  # type: ignore[return-value]


def encode_credit(credit_bytes: int) -> bytes:
    """Return the payload of a CHANNEL_CREDIT frame."""
    return encode(credit_bytes)


def decode_credit(payload: Buffer) -> int:
    """Check and return how much more the peer takes, in bytes.

    Raises:
        WireError: The peer sent something else than a number above 0 (PAYLOAD_MALFORMED).
    """
    credit = decode_payload(payload, "CHANNEL_CREDIT", codes.PAYLOAD_MALFORMED)
    if not is_uint(credit) or credit == 0:
        raise WireError(
            codes.PAYLOAD_MALFORMED,
            f"CHANNEL_CREDIT carries {short_repr(credit)}, expected a number above 0.",
        )
    return credit  # type: ignore[no-any-return]


def encode_reconfigure(strings: tuple[bool, bool]) -> bytes:
    """Return the payload of a RECONFIGURE frame: (py2str_as_py3str, py3str_as_py2str)."""
    return encode([bool(strings[0]), bool(strings[1])])


def knows_strings(peer: Hello, strings: tuple[bool, bool]) -> bool:
    """Return whether a peer is to be told of coercion flags; without the feature it has the default ones.

    Raises:
        ValueError: They are others, which the peer does not know. Spec: PY-010.
    """
    known = PYTHON_STRINGS_FEATURE in peer.features
    if not known and strings != DEFAULT_STRINGS:
        raise ValueError(
            f"the other side ({peer.implementation}) does not accept strings of Python 2 or flags for them: "
            f"it has not announced the feature {PYTHON_STRINGS_FEATURE!r}"
        )
    return known


def decode_reconfigure(payload: Buffer) -> tuple[bool, bool]:
    """Check and return the coercion flags the peer asks for.

    Raises:
        WireError: The peer sent something else than two booleans (PAYLOAD_MALFORMED).
    """
    flags = decode_payload(payload, "RECONFIGURE", codes.PAYLOAD_MALFORMED)
    if type(flags) is not list or len(flags) != 2 or not all(type(flag) is bool for flag in flags):
        raise WireError(
            codes.PAYLOAD_MALFORMED,
            f"RECONFIGURE carries {short_repr(flags)}, expected an array of two booleans.",
        )
    return flags[0], flags[1]
