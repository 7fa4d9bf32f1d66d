"""Values of Python in the notation of the suite (adapter-protocol/README.md), and back."""

import struct

_FLOAT = struct.Struct(">d")
SEQUENCES = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}


def to_tagged(value, channel_name=None):
    """Return a value in the notation; `channel_name` gives the name of what is no plain value."""
    if value is None or isinstance(value, bool):
        return value
    kind = type(value).__name__
    if kind == "str" and any("\ud800" <= character <= "\udfff" for character in value):
        return {"t": "surrogates", "v": value.encode("utf-8", "surrogatepass").hex()}
    if kind in ("int", "str"):
        return {"t": kind, "v": str(value)}
    if kind == "float":
        return {"t": kind, "v": _FLOAT.pack(value).hex()}
    if kind == "complex":
        return {"t": kind, "v": [_FLOAT.pack(part).hex() for part in (value.real, value.imag)]}
    if kind == "bytes":
        return {"t": kind, "v": value.hex()}
    if kind == "dict":
        pairs = [[to_tagged(key, channel_name), to_tagged(item, channel_name)] for key, item in value.items()]
        return {"t": kind, "v": pairs}
    if kind in SEQUENCES:
        return {"t": kind, "v": [to_tagged(item, channel_name) for item in value]}
    return {"t": "channel", "v": channel_name(value)}


def from_tagged(tagged, channel_named=None):
    """Return the value that the notation stands for."""
    if not isinstance(tagged, dict):
        return [from_tagged(item, channel_named) for item in tagged] if isinstance(tagged, list) else tagged
    kind, content = tagged["t"], tagged.get("v")
    if kind == "int":
        return int(content)
    if kind == "str":
        return content
    if kind == "float":
        return _float(content)
    if kind == "complex":
        return complex(*map(_float, content))
    if kind in ("bytes", "py2str"):
        return bytes.fromhex(content)
    if kind == "surrogates":
        return bytes.fromhex(content).decode("utf-8", "surrogatepass")
    if kind == "dict":
        return {from_tagged(key, channel_named): from_tagged(item, channel_named) for key, item in content}
    if kind == "channel":
        return channel_named(content)
    return SEQUENCES[kind](from_tagged(item, channel_named) for item in content)


def _float(text):
    return _FLOAT.unpack(bytes.fromhex(text))[0] if len(text) == 16 else float(text)
