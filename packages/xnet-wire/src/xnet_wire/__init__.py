"""xnet-wire: frames, values and trace lines of the xnet protocol, and execnet's dump format.

This package knows bytes and nothing else: no clock, no thread, no socket. Its decoders are total:
any input gives a value or a documented error. Modules, from the bottom up:

* ``codes``, ``errors``, ``limits``: the numbers and the error tree.
* ``frames``: cut a byte stream into frames.
* ``values``: items to CBOR and back (``value_types``, ``value_encoding``, ``value_decoding``).
* ``messages``: payloads of the control frames.
* ``dump_format``: execnet's format 2, for data that is on disk.
* ``trace``: lines about what happens, when somebody asks for them.

The names below are loaded on first use, so that importing one module does not import all.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xnet_wire.dump_format import dump, dumps, load, loads
    from xnet_wire.errors import (
        DataFormatError,
        DumpError,
        FrameError,
        LoadError,
        ValueFormatError,
        WireError,
    )
    from xnet_wire.frames import FrameDecoder, encode_header
    from xnet_wire.limits import Limits
    from xnet_wire.messages import ExecRequest, Hello
    from xnet_wire.trace import Tracer, open_tracer
    from xnet_wire.values import ValueDecoder, count_batch, encode, encode_batch, encode_parts

_HOMES = {
    "DataFormatError": "errors",
    "DumpError": "errors",
    "ExecRequest": "messages",
    "FrameDecoder": "frames",
    "FrameError": "errors",
    "Hello": "messages",
    "Limits": "limits",
    "LoadError": "errors",
    "Tracer": "trace",
    "ValueDecoder": "values",
    "ValueFormatError": "errors",
    "WireError": "errors",
    "count_batch": "values",
    "dump": "dump_format",
    "dumps": "dump_format",
    "encode": "values",
    "encode_batch": "values",
    "encode_header": "frames",
    "encode_parts": "values",
    "load": "dump_format",
    "loads": "dump_format",
    "open_tracer": "trace",
}

__all__ = [
    "DataFormatError",
    "DumpError",
    "ExecRequest",
    "FrameDecoder",
    "FrameError",
    "Hello",
    "Limits",
    "LoadError",
    "Tracer",
    "ValueDecoder",
    "ValueFormatError",
    "WireError",
    "count_batch",
    "dump",
    "dumps",
    "encode",
    "encode_batch",
    "encode_header",
    "encode_parts",
    "load",
    "loads",
    "open_tracer",
]


def __getattr__(name: str) -> object:
    """Import the module that defines ``name`` (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = __import__(f"{__name__}.{home}", fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the lazy names too."""
    return sorted({*globals(), *__all__})
