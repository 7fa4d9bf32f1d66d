"""xnet-wire: frames, values and trace lines of the xnet protocol, and execnet's dump format.

This package knows bytes and nothing else: no clock, no thread, no socket. Its decoders are total:
any input gives a value or a documented error. Modules, from the bottom up:

* ``codes``, ``errors``, ``limits``: the numbers and the error tree; ``lazy``: names on first use.
* ``frames``: cut a byte stream into frames.
* ``values``: items to CBOR and back (``value_types``, ``value_encoding``, ``value_decoding``).
* ``messages``, ``channel_errors``: payloads of the control frames.
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
    "DataFormatError": "xnet_wire.errors",
    "DumpError": "xnet_wire.errors",
    "ExecRequest": "xnet_wire.messages",
    "FrameDecoder": "xnet_wire.frames",
    "FrameError": "xnet_wire.errors",
    "Hello": "xnet_wire.messages",
    "Limits": "xnet_wire.limits",
    "LoadError": "xnet_wire.errors",
    "Tracer": "xnet_wire.trace",
    "ValueDecoder": "xnet_wire.values",
    "ValueFormatError": "xnet_wire.errors",
    "WireError": "xnet_wire.errors",
    "count_batch": "xnet_wire.values",
    "dump": "xnet_wire.dump_format",
    "dumps": "xnet_wire.dump_format",
    "encode": "xnet_wire.values",
    "encode_batch": "xnet_wire.values",
    "encode_header": "xnet_wire.frames",
    "encode_parts": "xnet_wire.values",
    "load": "xnet_wire.dump_format",
    "loads": "xnet_wire.dump_format",
    "open_tracer": "xnet_wire.trace",
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
    """Load a public name on first use."""
    from xnet_wire.lazy import load_name

    return load_name(globals(), _HOMES, name)


def __dir__() -> list[str]:
    """List the lazy names too."""
    from xnet_wire.lazy import list_names

    return list_names(globals(), __all__)
