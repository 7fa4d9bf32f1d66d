"""HELLO: what each side says first, and how the other side checks it.

Spec: HS-010 to HS-022 (10-preamble-hello.md), LI-001.
"""

from __future__ import annotations

from xnet_wire import codes
from xnet_wire.errors import WireError
from xnet_wire.item_path import short_repr
from xnet_wire.limits import (
    CONTROL_DEPTH,
    CREDIT_BYTES,
    HELLO_BYTES,
    MAX_CREDIT_BYTES,
    MIN_CREDIT_BYTES,
    Limits,
)
from xnet_wire.payloads import check_text_map, decode_payload, is_text, is_uint, take
from xnet_wire.value_types import PYTHON_STRINGS_FEATURE, SURROGATES_FEATURE
from xnet_wire.values import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    Buffer = bytes | bytearray | memoryview

#: The protocol version this package speaks: (major, minor).
VERSION: Final = (1, 0)
#: The optional features of this package.
FEATURES: Final = (SURROGATES_FEATURE, PYTHON_STRINGS_FEATURE)


class Hello:
    """What each side says first.

    Args:
        implementation: Free text that names the program, for messages.
        version: (major, minor): the highest this side speaks.
        features: Names of the optional features this side has; by default those of this package.
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
        features: tuple[str, ...] = FEATURES,
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
    payload = encode(content, max_depth=CONTROL_DEPTH)
    if len(payload) > HELLO_BYTES:
        raise ValueError(
            f"HELLO takes {len(payload)} bytes with this configuration; at most {HELLO_BYTES} are allowed. "
            "Set a large environment before the worker starts."
        )
    return payload


def decode_hello(payload: Buffer, from_worker: bool = False) -> Hello:
    """Check and return the peer's HELLO. Unknown keys are ignored.

    The version is judged first, so that a later major version may change all the rest.

    Spec: HS-010 to HS-015.

    Args:
        payload: The payload of the frame.
        from_worker: Whether a worker sent it: then there is nothing to configure, and whatever it
            has as "config" is ignored. Spec: HS-012.

    Raises:
        WireError: The peer speaks another major version (VERSION_UNSUPPORTED), or sent something
            that is not a HELLO (HELLO_MALFORMED).
    """
    code = codes.HELLO_MALFORMED
    if len(payload) > HELLO_BYTES:
        raise WireError(
            code, f"HELLO has a payload of {len(payload)} bytes; at most {HELLO_BYTES} are allowed."
        )
    content = decode_payload(payload, "HELLO", code)
    if type(content) is not dict:
        raise WireError(code, f"HELLO is {short_repr(content)}, expected a map.")
    version = take(content, "version", "HELLO", code)
    if type(version) is not list or len(version) != 2 or not all(is_uint(part) for part in version):
        raise WireError(code, f'"version" in HELLO is {short_repr(version)}, expected [major, minor].')
    if version[0] != VERSION[0]:
        raise WireError(
            codes.VERSION_UNSUPPORTED,
            f"the peer speaks protocol version {short_repr(version[0])}.{short_repr(version[1])}, "
            f"this side speaks {VERSION[0]}.{VERSION[1]}; the major versions must be equal",
        )
    check_text_map(content, "HELLO", code)
    features = content.get("features", [])
    if type(features) is not list or not all(map(is_text, features)):
        raise WireError(code, f'"features" in HELLO is {short_repr(features)}, expected a list of texts.')
    implementation = content.get("implementation", "")
    if not is_text(implementation):
        raise WireError(code, f'"implementation" in HELLO is {short_repr(implementation)}, expected a text.')
    credit = content.get("credit", CREDIT_BYTES)
    _check_range(credit, "credit", MIN_CREDIT_BYTES, MAX_CREDIT_BYTES)
    return Hello(
        implementation,
        version=(version[0], version[1]),
        features=tuple(features),
        limits=_decode_limits(content.get("limits", {})),
        credit=credit,
        config=None if from_worker or "config" not in content else _decode_config(content["config"]),
    )


def _decode_limits(content: Any) -> Limits:
    """Check the map of limits in HELLO; what is absent has its default."""
    check_text_map(content, '"limits" in HELLO', codes.HELLO_MALFORMED)
    known = {name: content[name] for name in Limits.MINIMA if name in content}
    for name, number in known.items():
        _check_range(number, f"limits.{name}", Limits.MINIMA[name], 2**64 - 1)
    return Limits(**known)


_CONFIG_TYPES: Final[dict[str, type]] = {
    "id": str,
    "execmodel": str,
    "chdir": str,
    "nice": int,
    "env": dict,
    "alias": bool,
    "dont_write_bytecode": bool,
    "keepalive": int,
    "stdout": str,
}
_TYPE_NAMES: Final[dict[type, str]] = {str: "a text", int: "a number", dict: "a map", bool: "true or false"}


def _decode_config(config: Any) -> dict[str, Any]:
    """Check what the initiator asks of its worker; unknown keys stay as they are."""
    code = codes.HELLO_MALFORMED
    check_text_map(config, '"config" in HELLO', code)
    for name, kind in _CONFIG_TYPES.items():
        value = config.get(name)
        if name in config and (type(value) is not kind or (kind is str and not is_text(value))):
            found = short_repr(value)
            raise WireError(code, f'"config.{name}" in HELLO is {found}, expected {_TYPE_NAMES[kind]}.')
    for name, value in config.get("env", {}).items():
        if not is_text(name) or not (value is None or is_text(value)):
            # The value may be a secret, so only its type is shown.
            raise WireError(
                code,
                f'"config.env" in HELLO maps {short_repr(name)} to a {type(value).__name__}, '
                "expected texts mapped to texts or null.",
            )
    return config  # type: ignore[no-any-return]


def _check_range(value: Any, name: str, minimum: int, maximum: int) -> None:
    """Check an unsigned number in HELLO."""
    if not is_uint(value) or not minimum <= value <= maximum:
        raise WireError(
            codes.HELLO_MALFORMED,
            f'"{name}" in HELLO is {short_repr(value)}, expected a number from {minimum} to {maximum}.',
        )
