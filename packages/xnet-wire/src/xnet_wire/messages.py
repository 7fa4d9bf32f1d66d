"""Payloads of the control frames, one pair of functions for each.

``encode_x`` makes the payload from what the caller means; ``decode_x`` takes nothing on trust:
whatever the peer sent comes back checked, or as a ``WireError`` with a sentence.
"""

from __future__ import annotations

from xnet_wire import codes
from xnet_wire.errors import ValueFormatError, WireError
from xnet_wire.item_path import short_repr
from xnet_wire.limits import (
    CREDIT_BYTES,
    ERROR_TEXT_BYTES,
    GOAWAY_TEXT_BYTES,
    HELLO_BYTES,
    MAX_CREDIT_BYTES,
    MIN_CREDIT_BYTES,
    MIN_DEPTH,
    MIN_FRAME_BYTES,
    Limits,
)
from xnet_wire.values import ValueDecoder, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    Buffer = bytes | bytearray | memoryview

#: The protocol version this package speaks: (major, minor).
VERSION: Final = (1, 0)

_decoder: Final = ValueDecoder(max_depth=MIN_DEPTH)


class Hello:
    """What each side says first.

    Args:
        implementation: Free text that names the program, for messages.
        version: (major, minor): the highest this side speaks.
        features: Names of the optional features this side has.
        limits: What this side takes.
        credit: Window of every channel in bytes: what the peer may send unread.
        config: What an initiator asks of its worker; None from a worker.
    """

    __slots__ = ("config", "credit", "features", "implementation", "limits", "version")

    def __init__(
        self,
        implementation: str = "xnet",
        *,
        version: tuple[int, int] = VERSION,
        features: tuple[str, ...] = (),
        limits: Limits | None = None,
        credit: int = CREDIT_BYTES,
        config: dict[str, Any] | None = None,
    ) -> None:
        self.implementation = implementation
        self.version = version
        self.features = features
        self.limits = Limits() if limits is None else limits
        self.credit = credit
        self.config = config

    def __repr__(self) -> str:
        """Show all but the config, whose environment may hold secrets."""
        major, minor = self.version
        return f"<Hello {self.implementation!r} {major}.{minor} {self.limits} credit={self.credit}>"


class ExecRequest:
    """What a CHANNEL_EXEC frame asks the worker to run.

    Args:
        source: Python source text.
        file: Name for tracebacks, or None.
        call: Name of the function in the source to call with the channel, or None.
        kwargs: Keyword arguments for that call.
    """

    __slots__ = ("call", "file", "kwargs", "source")

    def __init__(
        self,
        source: str,
        file: str | None = None,
        call: str | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        self.source = source
        self.file = file
        self.call = call
        self.kwargs = {} if kwargs is None else kwargs

    def __repr__(self) -> str:
        """Show the size of the source, not the source."""
        return f"<ExecRequest file={self.file!r} call={self.call!r} source of {len(self.source)} characters>"


def encode_hello(hello: Hello) -> bytes:
    """Return the payload of a HELLO frame.

    Raises:
        DumpError: Our caller's config holds something that cannot be sent.
        ValueError: Our caller's config makes the payload too large.
    """
    content: dict[str, Any] = {
        "version": list(hello.version),
        "implementation": hello.implementation,
        "features": list(hello.features),
        "limits": hello.limits.as_map(),
        "credit": hello.credit,
    }
    if hello.config is not None:
        content["config"] = hello.config
    payload = encode(content, max_depth=MIN_DEPTH)
    if len(payload) > HELLO_BYTES:
        raise ValueError(
            f"HELLO takes {len(payload)} bytes with this configuration; at most {HELLO_BYTES} are allowed. "
            "A large environment is best set before the worker starts."
        )
    return payload


def decode_hello(payload: Buffer) -> Hello:
    """Check and return the peer's HELLO. Unknown keys are ignored.

    Raises:
        WireError: The peer sent something else (HELLO_MALFORMED). The version is not judged here.
    """
    code = codes.HELLO_MALFORMED
    if len(payload) > HELLO_BYTES:
        raise WireError(
            code, f"HELLO has a payload of {len(payload)} bytes; at most {HELLO_BYTES} are allowed."
        )
    content = _decode_map(payload, "HELLO", code)
    version = _take(content, "version", "HELLO", code)
    if type(version) is not list or len(version) != 2 or not all(_is_uint(part) for part in version):
        raise WireError(code, f'"version" in HELLO is {_show(version)}, expected [major, minor].')
    features = content.get("features", [])
    if type(features) is not list or not all(type(feature) is str for feature in features):
        raise WireError(code, f'"features" in HELLO is {_show(features)}, expected a list of texts.')
    implementation = content.get("implementation", "")
    if type(implementation) is not str:
        raise WireError(code, f'"implementation" in HELLO is {_show(implementation)}, expected a text.')
    config = content.get("config")
    if config is not None and type(config) is not dict:
        raise WireError(code, f'"config" in HELLO is {_show(config)}, expected a map.')
    credit = content.get("credit", CREDIT_BYTES)
    _check_range(credit, "credit", MIN_CREDIT_BYTES, MAX_CREDIT_BYTES)
    return Hello(
        implementation,
        version=(version[0], version[1]),
        features=tuple(features),
        limits=_decode_limits(content.get("limits", {})),
        credit=credit,
        config=config,
    )


#: The least a peer may announce for each limit.
_MINIMA: Final = {"frame": MIN_FRAME_BYTES, "item": 1, "depth": MIN_DEPTH, "channels": 1}


def _decode_limits(content: Any) -> Limits:
    """Check the map of limits in HELLO; what is absent has its default."""
    if type(content) is not dict:
        raise WireError(codes.HELLO_MALFORMED, f'"limits" in HELLO is {_show(content)}, expected a map.')
    limits = Limits()
    for name, minimum in _MINIMA.items():
        if name in content:
            _check_range(content[name], f"limits.{name}", minimum, 2**64 - 1)
            setattr(limits, name, content[name])
    return limits


def _check_range(value: Any, name: str, minimum: int, maximum: int) -> None:
    """Check an unsigned number in HELLO."""
    if not _is_uint(value) or not minimum <= value <= maximum:
        raise WireError(
            codes.HELLO_MALFORMED,
            f'"{name}" in HELLO is {_show(value)}, expected a number from {minimum} to {maximum}.',
        )


def encode_exec(request: ExecRequest) -> bytes:
    """Return the payload of a CHANNEL_EXEC frame.

    Raises:
        DumpError: Our caller's kwargs hold something that cannot be sent.
    """
    return encode(
        {"source": request.source, "file": request.file, "call": request.call, "kwargs": request.kwargs},
        max_depth=MIN_DEPTH,
    )


def decode_exec(payload: Buffer) -> ExecRequest:
    """Check and return what the initiator asks to run.

    Raises:
        WireError: The peer sent something else (PAYLOAD_MALFORMED).
    """
    code = codes.PAYLOAD_MALFORMED
    content = _decode_map(payload, "CHANNEL_EXEC", code)
    source = _take(content, "source", "CHANNEL_EXEC", code)
    if type(source) is not str:
        raise WireError(code, f'"source" in CHANNEL_EXEC is {_show(source)}, expected a text.')
    for name in ("file", "call"):
        value = content.get(name)
        if value is not None and type(value) is not str:
            raise WireError(code, f'"{name}" in CHANNEL_EXEC is {_show(value)}, expected a text or null.')
    kwargs = content.get("kwargs", {})
    if type(kwargs) is not dict or not all(type(key) is str for key in kwargs):
        raise WireError(code, f'"kwargs" in CHANNEL_EXEC is {_show(kwargs)}, expected a map from texts.')
    return ExecRequest(source, content.get("file"), content.get("call"), kwargs)


def encode_goaway(code: int, text: str) -> bytes:
    """Return the payload of a GOAWAY frame; a long text is cut."""
    return encode({"code": code, "text": _cut(text, GOAWAY_TEXT_BYTES)})


def decode_goaway(payload: Buffer) -> tuple[int, str]:
    """Check and return why the peer ends the connection: (code, text).

    Raises:
        WireError: The peer sent something else (PAYLOAD_MALFORMED).
    """
    content = _decode_map(payload, "GOAWAY", codes.PAYLOAD_MALFORMED)
    code, text = content.get("code"), content.get("text")
    if not _is_uint(code) or type(text) is not str:
        raise WireError(
            codes.PAYLOAD_MALFORMED,
            f"GOAWAY has code {_show(code)} and text {_show(text)}, expected a number and a text.",
        )
    return code, text  # type: ignore[return-value]


def encode_credit(credit_bytes: int) -> bytes:
    """Return the payload of a CHANNEL_CREDIT frame."""
    return encode(credit_bytes)


def decode_credit(payload: Buffer) -> int:
    """Check and return how much more the peer takes, in bytes.

    Raises:
        WireError: The peer sent something else than a number above 0 (PAYLOAD_MALFORMED).
    """
    credit = _decode(payload, "CHANNEL_CREDIT", codes.PAYLOAD_MALFORMED)
    if not _is_uint(credit) or credit == 0:
        raise WireError(
            codes.PAYLOAD_MALFORMED, f"CHANNEL_CREDIT carries {_show(credit)}, expected a number above 0."
        )
    return credit  # type: ignore[no-any-return]


def encode_reconfigure(strings: tuple[bool, bool]) -> bytes:
    """Return the payload of a RECONFIGURE frame: (py2str_as_py3str, py3str_as_py2str)."""
    return encode([bool(strings[0]), bool(strings[1])])


def decode_reconfigure(payload: Buffer) -> tuple[bool, bool]:
    """Check and return the coercion flags the peer asks for.

    Raises:
        WireError: The peer sent something else than two booleans (PAYLOAD_MALFORMED).
    """
    flags = _decode(payload, "RECONFIGURE", codes.PAYLOAD_MALFORMED)
    if type(flags) is not list or len(flags) != 2 or not all(type(flag) is bool for flag in flags):
        raise WireError(
            codes.PAYLOAD_MALFORMED, f"RECONFIGURE carries {_show(flags)}, expected an array of two booleans."
        )
    return flags[0], flags[1]


def encode_error_text(text: str) -> bytes:
    """Return the payload of a CHANNEL_CLOSE_ERROR frame; a long text is cut, with a note."""
    return encode(_cut(text, ERROR_TEXT_BYTES - 5))


def decode_error_text(payload: Buffer) -> str:
    """Check and return the text with which the peer closed a channel.

    Raises:
        WireError: The peer sent something else than a text (PAYLOAD_MALFORMED).
    """
    text = _decode(payload, "CHANNEL_CLOSE_ERROR", codes.PAYLOAD_MALFORMED)
    if type(text) is not str:
        raise WireError(
            codes.PAYLOAD_MALFORMED, f"CHANNEL_CLOSE_ERROR carries {_show(text)}, expected a text."
        )
    return text


def _cut(text: str, limit_bytes: int) -> str:
    """Return the text in at most ``limit_bytes`` of UTF-8, saying so where it was cut.

    The end of an error text says more than its middle, so both ends are kept. A lone surrogate,
    which UTF-8 cannot carry, arrives as a question mark.
    """
    data = text.encode("utf-8", "replace")
    if len(data) <= limit_bytes:
        return data.decode()
    note = f"\n[... cut here: the whole text has {len(data)} bytes, {limit_bytes} can be sent ...]\n"
    room = (limit_bytes - len(note)) // 2
    return data[:room].decode("utf-8", "ignore") + note + data[-room:].decode("utf-8", "ignore")


def _decode(payload: Buffer, frame: str, code: int) -> Any:
    """Decode the one value that a payload carries."""
    try:
        return _decoder.decode(payload)
    except ValueFormatError as error:
        raise WireError(code, f"The payload of {frame} is malformed. {error}") from None


def _decode_map(payload: Buffer, frame: str, code: int) -> dict[Any, Any]:
    """Decode the map that a payload carries."""
    content = _decode(payload, frame, code)
    if type(content) is not dict:
        raise WireError(code, f"{frame} carries {_show(content)}, expected a map.")
    return content


def _take(content: dict[Any, Any], key: str, frame: str, code: int) -> Any:
    """Return what a map must have."""
    if key not in content:
        raise WireError(code, f'{frame} has no "{key}".')
    return content[key]


def _is_uint(value: object) -> bool:
    """Tell whether a value is an unsigned integer; True is none."""
    return type(value) is int and value >= 0


def _show(value: object) -> str:
    """Return what a message says of a wrong value."""
    return short_repr(value)
