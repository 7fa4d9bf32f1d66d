"""Compressing what is sent: zlib everywhere, zstd where both have it, nothing where it gains nothing."""

from __future__ import annotations

import importlib
import threading
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

#: How bodies are compressed. Spec: RS-010.
STORED: Final = 0
ZLIB: Final = 1
ZSTD: Final = 2
#: Both are at their quickest here: a sync is as fast as its slowest part, and that must not be this one.
LEVEL: Final = 1
#: Less is not worth a call.
LEAST_BYTES: Final = 256
#: What saves less than this share of a body is not worth the time to undo it.
LEAST_GAIN: Final = 0.05

#: Of what is longer, samples are compressed first: this many, of so many bytes, evenly spread.
SAMPLED_BYTES: Final = 65536
SAMPLES: Final = 4
SAMPLE_BYTES: Final = 4096

_local = threading.local()


def compress(body: bytes, method: int) -> tuple[int, bytes]:
    """Return how the body is compressed, and it; not at all if that gains next to nothing."""
    if method != STORED and len(body) >= LEAST_BYTES and (len(body) < SAMPLED_BYTES or _looks_worth(body)):
        packed = zlib.compress(body, LEVEL) if method == ZLIB else _zstd()(body)
        if len(packed) < len(body) * (1 - LEAST_GAIN):
            return method, packed
    return STORED, body


def _looks_worth(body: bytes) -> bool:
    """Return whether any of some samples becomes smaller: most large files are compressed already."""
    step = (len(body) - SAMPLE_BYTES) // (SAMPLES - 1)
    samples = [body[at : at + SAMPLE_BYTES] for at in range(0, len(body) - SAMPLE_BYTES + 1, step)]
    return any(len(zlib.compress(one, LEVEL)) < SAMPLE_BYTES * (1 - LEAST_GAIN) for one in samples)


def available() -> list[str]:
    """Return the names of what can be used beyond zlib, for ``begin``."""
    return ["zstd"] if _maybe_module() is not None else []


def choose(understood: object) -> int:
    """Return the best method among those that a receiver said it understands."""
    if isinstance(understood, list) and "zstd" in understood and available():
        return ZSTD
    return ZLIB


def _maybe_module() -> tuple[str, object] | None:
    for name in ("compression.zstd", "zstandard"):
        try:
            return name, importlib.import_module(name)
        except ImportError:  # noqa: PERF203 - the one is new in Python 3.14, the other has to be installed
            continue
    return None


def _zstd() -> Callable[[bytes], bytes]:
    """Return a function that compresses; one for each thread, since they keep what they work with."""
    found: Callable[[bytes], bytes] | None = getattr(_local, "zstd", None)
    if found is None:
        named = _maybe_module()
        if named is None:
            raise AssertionError("zstd was chosen and is not there")
        name, module = named
        if name == "zstandard":
            found = module.ZstdCompressor(level=LEVEL).compress  # type: ignore[attr-defined]
        else:

            def found(body: bytes) -> bytes:
                packed: bytes = module.compress(body, LEVEL)  # type: ignore[attr-defined]
                return packed

        _local.zstd = found
    return found
