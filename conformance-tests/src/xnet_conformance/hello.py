"""HELLO: what the runner announces, and what a testee announced. Spec: HS-010."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from xnet_conformance.cbor_reading import NotAValue, read_value
from xnet_conformance.cbor_writing import write_value
from xnet_conformance.errors import CheckFailed
from xnet_conformance.specification import VERSION, read_specification
from xnet_conformance.values import Value, parse_value

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Announced by peers that accept the strings of Python 2, and RECONFIGURE. Spec: PY-010.
PYTHON_STRINGS: Final = "python.strings"
IMPLEMENTATION: Final = "xnet-conformance"
#: What the runner takes, unless a case says otherwise. Spec: VA-013, PY-011.
FEATURES: Final = ("surrogates", PYTHON_STRINGS)


@attrs.frozen
class Announced:
    """What one peer announced."""

    major: int = 1
    minor: int = 0
    implementation: str = ""
    features: tuple[str, ...] = ()
    frame: int = 1_048_576
    item: int = 2_147_483_647
    depth: int = 512
    channels: int = 65_536
    memory: int = 2**64 - 1
    credit: int = 1_048_576
    config: Any = None

    def __str__(self) -> str:
        """Return it in the words of the specification."""
        limits = ", ".join(
            f"{name} {getattr(self, name):,}" for name in ("frame", "item", "depth", "channels")
        )
        memory = "" if self.memory == 2**64 - 1 else f", memory {self.memory:,}"
        return (
            f"version {self.major}.{self.minor}, implementation {self.implementation!r}, "
            f"features: {', '.join(self.features) or 'none'}, "
            f"limits: {limits}{memory}, credit {self.credit:,}"
        )

    @property
    def language(self) -> str:
        """What a worker executes. Spec: GW-004."""
        named = [feature.removeprefix("exec.") for feature in self.features if feature.startswith("exec.")]
        return named[0] if named else "python"


def write_hello(fields: Mapping[str, object]) -> bytes:
    """Return the payload of the runner's HELLO.

    Args:
        fields: Keys of the map as tagged values; ``version``, ``implementation`` and ``features`` have
            defaults. A key with the value ``{absent: true}`` is left out.
    """
    merged: dict[str, object] = {
        "version": [1, 0],
        "implementation": IMPLEMENTATION,
        "features": list(FEATURES),
        **fields,
    }
    pairs = [(Value("str", key), as_value(item)) for key, item in merged.items() if item != {"absent": True}]
    return write_value(Value("dict", tuple(pairs)))


def as_value(item: object) -> Value:
    """Return a tagged value; a map without the key t is a dict with text keys, as config has them."""
    if isinstance(item, dict) and "t" not in item:
        return Value("dict", tuple((Value("str", key), as_value(inner)) for key, inner in item.items()))
    if isinstance(item, list):
        return Value("list", tuple(as_value(inner) for inner in item))
    return parse_value(item)


def read_hello(payload: bytes) -> Announced:
    """Return what a testee announced.

    Raises:
        CheckFailed: Its HELLO breaks a rule.
    """
    if len(payload) > 65_536:
        raise CheckFailed(f"the HELLO has {len(payload)} bytes, at most 65,536 are allowed", req="HS-011")
    try:
        value = read_value(payload)
    except NotAValue as error:
        raise CheckFailed(f"the HELLO is not a value: {error}", req="HS-010") from None
    if value.kind != "dict" or any(key.kind != "str" for key, _ in value.content):
        raise CheckFailed(f"the HELLO is a {value.kind}, not a map with text keys", req="HS-010")
    fields = {key.content: item for key, item in value.content}
    version = fields.get("version")
    if version is None or version.kind != "list" or [v.kind for v in version.content] != ["int", "int"]:
        raise CheckFailed("the HELLO has no version of two integers", req="HS-014")
    if version.content[0].content != int(VERSION.partition(".")[0]):
        shown = ".".join(str(number.content) for number in version.content)
        raise CheckFailed(f"the testee speaks version {shown}, which is a different protocol", req="HS-014")
    features = fields.get("features", Value("list", ()))
    implementation = fields.get("implementation", Value("str", ""))
    if features.kind != "list" or any(name.kind != "str" for name in features.content):
        raise CheckFailed("the features in the HELLO are not an array of text", req="HS-010")
    if implementation.kind != "str":
        raise CheckFailed("the implementation in the HELLO is not text", req="HS-010")
    return Announced(
        version.content[0].content,
        version.content[1].content,
        implementation.content,
        tuple(name.content for name in features.content),
        config=fields.get("config"),
        **_limits(fields),
    )


def _limits(fields: dict[str, Value]) -> dict[str, int]:
    found: dict[str, Value] = {}
    limits = fields.get("limits")
    if limits is not None:
        if limits.kind != "dict":
            raise CheckFailed("the limits in the HELLO are not a map", req="HS-010")
        found = {key.content: item for key, item in limits.content}
    if "credit" in fields:
        found["credit"] = fields["credit"]
    result = {}
    for row in read_specification()["limits"]:
        name = row["name"]
        if name not in found:
            continue
        number = found[name]
        if number.kind != "int" or not row["minimum"] <= number.content <= row.get("maximum", 1 << 64):
            raise CheckFailed(
                f"the testee announces {row['key']} = {number.content!r}, which is out of bounds",
                expected=f"{row['minimum']} to {row.get('maximum', 'any')}",
                actual=repr(number.content),
                req="LI-001",
            )
        result[name] = number.content
    return result
